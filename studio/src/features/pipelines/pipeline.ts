// A pipeline file as the editor changes it. What is right in the end, the gateway says.

import type { Json, Texts } from "@/api/types";
import { inLanguage, type Language } from "@/words";

export const STEP_KINDS = ["prompt", "generate", "edit", "tool", "select", "webhook"] as const;
export const INPUT_KINDS = ["text", "number", "switch", "choice", "picture", "pictures"] as const;
export const TOOLS = ["fill", "expand", "outpaint", "erase", "deblur", "tryon", "upscale", "vary"] as const;

export type StepKind = (typeof STEP_KINDS)[number];
export type InputKind = (typeof INPUT_KINDS)[number];
type Said = string | Texts;

export interface Input {
  kind: InputKind;
  title?: Said;
  help?: Said;
  choices?: Json[];
  default?: Json;
}

/** Fields without a name here are parameters of the step's request. */
export interface Step {
  name: string;
  do: StepKind;
  title?: Said;
  checkpoint?: boolean;
  [field: string]: Json | undefined;
}

export interface Pipeline {
  version: 1;
  name: string;
  title?: Said;
  description?: Said;
  mode?: "auto" | "manual" | "checkpoint";
  inputs?: Record<string, Input>;
  steps: Step[];
}

/** What a step's field may refer to at its place. */
export interface Offer {
  path: string;
  kind: "text" | "texts" | "picture" | "pictures" | "value";
}

const PICTURES = new Set<StepKind>(["generate", "edit", "tool", "select", "webhook"]);

export function said(words: Said | undefined, language: Language): string {
  return typeof words === "string" ? words : inLanguage(words, language);
}

export function titleOf(step: Step, language: Language): string {
  return said(step.title, language) || step.name;
}

/** A pipeline to begin with: one picture from one text. */
export function blank(name: string, model: string): Pipeline {
  return {
    version: 1,
    name,
    inputs: { subject: { kind: "text" } },
    steps: [{ name: "shots", do: "generate", model, prompt: "{{inputs.subject}}" }],
  };
}

/** What steps before `place` and the inputs offer to the step there. */
export function offersAt(pipeline: Pipeline, place: number): Offer[] {
  const inputs = Object.entries(pipeline.inputs ?? {}).map(([name, { kind }]): Offer => {
    const path = `inputs.${name}`;
    if (kind === "text" || kind === "picture" || kind === "pictures") return { path, kind };
    return { path, kind: "value" };
  });
  const steps = pipeline.steps.slice(0, place).flatMap((step): Offer[] => {
    const at = `steps.${step.name}`;
    if (step.do === "prompt") return [{ path: `${at}.texts`, kind: "texts" }];
    return [
      { path: `${at}.images`, kind: "pictures" },
      { path: `${at}.image`, kind: "picture" },
    ];
  });
  return [...inputs, ...steps];
}

export const field = (path: string) => `{{${path}}}`;

/** The path that a text is nothing but a reference to. */
export function pathIn(text: Json | undefined): string | null {
  return typeof text === "string" ? (/^\s*\{\{\s*([\w.-]+)\s*\}\}\s*$/.exec(text)?.[1] ?? null) : null;
}

export function refersTo(value: Json | undefined): boolean {
  return typeof value === "string" && /\{\{.+?\}\}/.test(value);
}

/** A name that no step or input has yet: pictures, pictures_2 … */
export function freeName(wanted: string, taken: string[]): string {
  if (!taken.includes(wanted)) return wanted;
  let number = 2;
  while (taken.includes(`${wanted}_${number}`)) number += 1;
  return `${wanted}_${number}`;
}

const NAMES: Record<StepKind, string> = {
  prompt: "words",
  generate: "shots",
  edit: "changed",
  tool: "finished",
  select: "best",
  webhook: "sent",
};

/** A step for the end of a pipeline, already connected with what is before it. */
export function newStep(pipeline: Pipeline, kind: StepKind, model: string): Step {
  const name = freeName(
    NAMES[kind],
    pipeline.steps.map((one) => one.name),
  );
  const offers = offersAt(pipeline, pipeline.steps.length);
  const last = (kinds: Offer["kind"][]) => offers.filter((one) => kinds.includes(one.kind)).at(-1);
  const pictures = pipeline.steps.filter((one) => PICTURES.has(one.do)).at(-1);
  const from = pictures ? field(`steps.${pictures.name}.images`) : undefined;
  const picture = last(["picture"]);
  const text = last(["texts"]) ?? last(["text"]);
  const worksOn = from
    ? { each: from, references: [field("item")] }
    : { references: picture ? [field(picture.path)] : [] };
  switch (kind) {
    case "prompt":
      return { name, do: kind, template: text?.kind === "text" ? field(text.path) : "" };
    case "generate":
      return { name, do: kind, model, prompt: text ? field(text.path) : "" };
    case "edit":
      return { name, do: kind, model, ...worksOn, prompt: "" };
    case "tool":
      return { name, do: kind, tool: "upscale", model, ...worksOn };
    case "select":
      return { name, do: kind, from: from ?? "", by: "person" };
    case "webhook":
      return { name, do: kind, url: "", images: from ?? "" };
  }
}

export function withStep(pipeline: Pipeline, place: number, step: Step): Pipeline {
  return { ...pipeline, steps: pipeline.steps.map((one, number) => (number === place ? step : one)) };
}

/** Fields set to undefined are taken out. */
export function changedStep(step: Step, change: Partial<Step>): Step {
  const all = Object.entries({ ...step, ...change }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(all) as unknown as Step;
}

export function moved(pipeline: Pipeline, place: number, by: number): Pipeline {
  const to = place + by;
  if (to < 0 || to >= pipeline.steps.length) return pipeline;
  const steps = [...pipeline.steps];
  steps.splice(to, 0, ...steps.splice(place, 1));
  return { ...pipeline, steps };
}

/** Another name for a step or an input, also wherever the pipeline refers to it. */
export function renamed(pipeline: Pipeline, at: "steps" | "inputs", old: string, name: string): Pipeline {
  const pattern = new RegExp(`(\\{\\{\\s*${at}\\.)${old}(?=[.\\s}])`, "g");
  const steps = pipeline.steps.map((step) => ({
    ...(rewritten(step as Json, pattern, name) as unknown as Step),
    name: at === "steps" && step.name === old ? name : step.name,
  }));
  if (at === "steps") return { ...pipeline, steps };
  const inputs = Object.entries(pipeline.inputs ?? {}).map(([one, input]) => [
    one === old ? name : one,
    input,
  ]);
  return { ...pipeline, inputs: Object.fromEntries(inputs), steps };
}

function rewritten(value: Json, pattern: RegExp, name: string): Json {
  if (typeof value === "string") return value.replace(pattern, `$1${name}`);
  if (Array.isArray(value)) return value.map((one) => rewritten(one, pattern, name));
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, rewritten(one, pattern, name)]));
}

/** A pipeline in what was read from somewhere; null when it is none. Its details are for the gateway to check. */
export function asPipeline(found: unknown): Pipeline | null {
  const told = found as Partial<Pipeline> | null;
  if (!told || typeof told !== "object" || typeof told.name !== "string" || !Array.isArray(told.steps))
    return null;
  const steps = told.steps.every((one) => typeof one?.name === "string" && STEP_KINDS.includes(one.do));
  const inputs = told.inputs === undefined || (typeof told.inputs === "object" && told.inputs !== null);
  return steps && inputs ? ({ ...told, version: 1 } as Pipeline) : null;
}

/** What the inputs are before anybody has said something. */
export function defaultsOf(pipeline: Pipeline): Record<string, Json> {
  const given = Object.entries(pipeline.inputs ?? {}).filter(([, input]) => input.default !== undefined);
  return Object.fromEntries(given.map(([name, input]) => [name, input.default as Json]));
}

/** The inputs that still lack a value. */
export function missingIn(pipeline: Pipeline, values: Record<string, Json>): string[] {
  return Object.entries(pipeline.inputs ?? {})
    .filter(([name, input]) => {
      const value = values[name] ?? input.default;
      if (input.kind === "switch") return false;
      return value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);
    })
    .map(([name]) => name);
}
