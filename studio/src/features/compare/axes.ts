// What can stand on an axis, and its values as people write them.

import type { Json } from "@/api/types";
import type { Field } from "@/form/fields";

export interface AxisDraft {
  name: string;
  values: Json[];
}

/** Fields of which several values make sense beside each other. */
export function axisFields(fields: Field[]): Field[] {
  const kinds = new Set([
    "slider",
    "number",
    "enum",
    "format",
    "switch",
    "seed",
    "aspect",
    "size",
    "safety",
    "text",
  ]);
  return fields.filter((field) => kinds.has(field.kind));
}

/** The strengths of the LoRAs that the form has, as fields of their own. */
export function loraAxes(loras: Json | undefined, title: (n: number) => string): Field[] {
  return (Array.isArray(loras) ? loras : []).map((_, place) => ({
    name: `loras.${place}.scale`,
    kind: "number",
    title: title(place + 1),
    help: "",
    group: "",
    order: 0,
    advanced: false,
    required: false,
    schema: { type: "number" },
    default: 1,
    providerDefault: 1,
    minimum: 0.4,
    maximum: 1.2,
    step: 0.1,
    options: [],
    placeholder: "",
    unit: "",
    mostPixels: null,
    visibleIf: null,
  }));
}

/** Values to begin with: a few over the range, all choices, both ways of a switch. */
export function suggested(field: Field): Json[] {
  if (field.options.length) return field.options.slice(0, 4);
  if (field.kind === "switch") return [false, true];
  if (field.kind === "seed") return [1, 2, 3];
  if (field.minimum !== null && field.maximum !== null) {
    const middle = (field.minimum + field.maximum) / 2;
    const round = (value: number) =>
      field.schema.type === "integer" ? Math.round(value) : Math.round(value * 100) / 100;
    return [field.minimum, round(middle), field.maximum];
  }
  return [];
}

/** "2, 4, 6" as numbers where the field takes numbers, else one text a line or comma. */
export function parsed(text: string, field: Field | undefined): Json[] {
  const lines = field?.kind === "text" || !field ? text.split("\n") : text.split(/[,;\n]/);
  const values = lines.map((one) => one.trim()).filter(Boolean);
  const numeric = field && (field.schema.type === "integer" || field.schema.type === "number");
  if (!numeric) return [...new Set(values)];
  return [...new Set(values.map(Number).filter((one) => Number.isFinite(one)))];
}

export function written(value: Json): string {
  if (value && typeof value === "object" && !Array.isArray(value) && "width" in value)
    return `${value.width}×${value.height}`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
