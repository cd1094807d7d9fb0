// Values that were kept for a model, brought into what its form takes now: an old guidance of 20 never reaches a model
// that takes 10. What cannot be mended is dropped; both are told.

import type { Json } from "@/api/types";
import { type Field, isSet, type Values } from "./fields";

interface Change {
  field: Field;
  value: Json | undefined;
}

/** The values that this form can show and send, and what had to be changed in them. */
export function clampAll(fields: Field[], values: Values): { values: Values; changes: Change[] } {
  const fitting: Values = {};
  const changes: Change[] = [];
  for (const field of fields) {
    const given = values[field.name];
    if (!isSet(given)) continue;
    const value = clamp(field, given);
    if (value !== undefined) fitting[field.name] = value;
    if (!same(value, given)) changes.push({ field, value });
  }
  return { values: fitting, changes };
}

/** The nearest value that a field takes; undefined when there is none. */
export function clamp(field: Field, value: Json): Json | undefined {
  if (field.options.length) return option(field.options, value);
  switch (field.schema.type) {
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "integer":
    case "number":
      return clampNumber(field, value);
    case "string":
      return typeof value === "string" ? cut(field, value) : undefined;
    case "array":
      return Array.isArray(value) ? value.slice(0, Number(field.schema.maxItems ?? value.length)) : undefined;
    default:
      return field.kind === "size" ? clampSize(field, value) : value;
  }
}

/** The same choice, also when the other model writes 2 as "2". */
function option(options: Json[], value: Json): Json | undefined {
  const found = options.find((one) => one === value) ?? options.find((one) => String(one) === String(value));
  if (found !== undefined) return found;
  const numbers = options.map(Number);
  const wanted = Number(value);
  if (value === "" || Number.isNaN(wanted) || numbers.some(Number.isNaN)) return undefined;
  let nearest = 0;
  numbers.forEach((one, place) => {
    if (Math.abs(one - wanted) < Math.abs((numbers[nearest] ?? 0) - wanted)) nearest = place;
  });
  return options[nearest];
}

function clampNumber(field: Field, value: Json): number | undefined {
  const wanted = typeof value === "number" ? value : typeof value === "string" ? Number(value) : Number.NaN;
  if (!Number.isFinite(wanted)) return undefined;
  const low = field.minimum ?? Number.NEGATIVE_INFINITY;
  const high = field.maximum ?? Number.POSITIVE_INFINITY;
  const within = Math.min(high, Math.max(low, wanted));
  return field.schema.type === "integer" ? Math.round(within) : within;
}

function cut(field: Field, value: string): string {
  const most = Number(field.schema.maxLength ?? Number.POSITIVE_INFINITY);
  return value.length > most ? value.slice(0, most) : value;
}

export interface SizeRules {
  presets: string[];
  minimum: number;
  maximum: number;
  step: number;
}

/** What a size field takes: names, and sides in pixels. */
export function sizeRules(field: Field): SizeRules {
  const choices = (field.schema.anyOf ?? []) as Record<string, Json>[];
  const names = choices.find((one) => Array.isArray(one.enum))?.enum as string[] | undefined;
  const sides = choices.find((one) => one.type === "object")?.properties as
    | { width?: { minimum?: number; maximum?: number; multipleOf?: number } }
    | undefined;
  return {
    presets: names ?? [],
    minimum: sides?.width?.minimum ?? 64,
    maximum: sides?.width?.maximum ?? 4096,
    step: sides?.width?.multipleOf ?? 1,
  };
}

function clampSize(field: Field, value: Json): Json | undefined {
  const rules = sizeRules(field);
  if (typeof value === "string") {
    const pixels = /^(\d+)x(\d+)$/.exec(value);
    if (!pixels) return rules.presets.includes(value) ? value : undefined;
    return clampSize(field, { width: Number(pixels[1]), height: Number(pixels[2]) });
  }
  if (!value || typeof value !== "object" || Array.isArray(value)) return undefined;
  const width = side(rules, value.width);
  const height = side(rules, value.height);
  return width && height ? { width, height } : undefined;
}

function side(rules: SizeRules, value: Json | undefined): number | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  const within = Math.min(rules.maximum, Math.max(rules.minimum, Math.round(value)));
  return Math.max(rules.minimum, Math.floor(within / rules.step) * rules.step);
}

export function same(one: Json | undefined, other: Json | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
