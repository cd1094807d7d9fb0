// The fields of a form, from what a model takes in one mode at one provider.

import type { Json, Mode, Model, Parameter, ProviderName } from "@/api/types";
import { humanise } from "@/numbers";
import { inLanguage, type Language } from "@/words";

export type Kind =
  | "prompt"
  | "text"
  | "refs"
  | "ref"
  | "mask"
  | "size"
  | "aspect"
  | "seed"
  | "count"
  | "slider"
  | "number"
  | "switch"
  | "enum"
  | "color"
  | "lora"
  | "safety"
  | "format"
  | "json";

const KINDS = new Set<string>(
  "prompt text refs ref mask size aspect seed count slider number switch enum color lora safety format json".split(
    " ",
  ),
);

export interface Field {
  name: string;
  kind: Kind;
  title: string;
  help: string;
  group: string;
  order: number;
  advanced: boolean;
  required: boolean;
  schema: Record<string, Json>;
  /** What is sent when nothing is said: ours; null leaves it to the provider. */
  default: Json;
  /** What the provider then takes. */
  providerDefault: Json;
  minimum: number | null;
  maximum: number | null;
  step: number | null;
  options: Json[];
  placeholder: string;
  unit: string;
  /** Of a size: pixels that width times height may have. */
  mostPixels: number | null;
  visibleIf: Record<string, Json> | null;
}

export type Values = Record<string, Json>;

export function fieldsOf(mode: Mode, language: Language): Field[] {
  return mode.parameters
    .map((one, place) => ({ ...toField(one, place, language), mostPixels: mode.size?.max_pixels ?? null }))
    .sort((one, other) => one.order - other.order);
}

function toField(parameter: Parameter, place: number, language: Language): Omit<Field, "mostPixels"> {
  const hints = parameter["x-ui"];
  const schema = parameter.schema;
  return {
    name: parameter.name,
    kind: kindOf(parameter),
    title: inLanguage(hints?.title, language) || humanise(parameter.name),
    help: inLanguage(hints?.help, language) || parameter.help,
    group: hints?.group ?? "",
    order: hints?.order ?? place,
    advanced: hints?.advanced ?? place > 5,
    required: parameter.required,
    schema,
    default: parameter.default,
    providerDefault: parameter.provider_default,
    minimum: numberOf(schema.minimum ?? schema.exclusiveMinimum),
    maximum: numberOf(schema.maximum ?? schema.exclusiveMaximum),
    step: hints?.step ?? numberOf(schema.multipleOf) ?? (schema.type === "integer" ? 1 : null),
    options: Array.isArray(schema.enum) ? schema.enum : [],
    placeholder: inLanguage(hints?.placeholder ?? undefined, language),
    unit: hints?.unit ?? "",
    visibleIf: (hints?.visible_if as Record<string, Json> | null | undefined) ?? null,
  };
}

const BY_NAME: Record<string, Kind> = {
  prompt: "prompt",
  references: "refs",
  mask: "mask",
  image_size: "size",
  aspect_ratio: "aspect",
  seed: "seed",
  num_images: "count",
  loras: "lora",
  output_format: "format",
  safety_tolerance: "safety",
};

/** How a parameter is drawn: as the gateway says, else by its name, else by its schema; what nobody knows is JSON. */
export function kindOf(parameter: Parameter): Kind {
  const told = parameter["x-ui"]?.kind ?? "";
  if (parameter.name === "num_images") return "count";
  if (KINDS.has(told)) return told as Kind;
  const named = BY_NAME[parameter.name];
  if (named) return named;
  const { type, format, minimum, maximum } = parameter.schema;
  if (Array.isArray(parameter.schema.enum)) return "enum";
  if (type === "boolean") return "switch";
  if (type === "integer" || type === "number")
    return minimum != null && maximum != null ? "slider" : "number";
  if (type === "string") return format === "image" ? "ref" : "text";
  return "json";
}

/** Whether a field is to be seen, given the values of the others; "*" asks for any value. */
export function isVisible(field: Field, values: Values): boolean {
  if (!field.visibleIf) return true;
  return Object.entries(field.visibleIf).every(([name, wanted]) => {
    const given = values[name];
    return wanted === "*" ? isSet(given) : given === wanted;
  });
}

export function isSet(value: Json | undefined): value is Json {
  return (
    value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)
  );
}

function numberOf(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}

/** The provider that a bare model name goes to now. */
export function automaticProvider(model: Model): ProviderName {
  const names = Object.keys(model.routes) as ProviderName[];
  return names.find((name) => model.routes[name]?.available) ?? names[0] ?? "bfl";
}

/** The mode of a request: what the person chose when the route offers it, else what the references ask for. */
export function modeOf(modes: string[], wished: string | null, references: number): string {
  if (wished && modes.includes(wished)) return wished;
  if (references > 0 && modes.includes("edit")) return "edit";
  if (modes.includes("generate")) return "generate";
  return modes.includes("edit") ? "edit" : (modes[0] ?? "generate");
}
