// The request that a draft stands for.

import type { Json } from "@/api/types";
import { type Field, isSet, isVisible, type Values } from "@/form/fields";
import { newId } from "@/identity";
import type { Draft, Reference } from "./draft";

export interface RequestBody {
  model: string;
  prompt?: string | Record<string, Json>;
  references?: string[];
  mask?: string;
  mode?: string;
  on_unsupported: "report";
  [parameter: string]: Json | undefined;
}

/** Names of a request that are no parameters of a model. */
const OWN = new Set([
  "model",
  "prompt",
  "references",
  "mask",
  "mode",
  "on_unsupported",
  "max_references",
  "cache",
]);

export function toRequest(draft: Draft, fields: Field[], values: Values): RequestBody {
  const shown = new Set(fields.filter((field) => isVisible(field, values)).map((field) => field.name));
  const known = new Set(fields.map((field) => field.name));
  const all = { ...(draft.values[draft.model] ?? {}), ...values };
  // A value whose field is hidden by another one is kept and not sent; one that the model lacks is sent to be reported.
  const sent = Object.entries(all).filter(
    ([name, value]) => isSet(value) && (shown.has(name) || !known.has(name)),
  );
  const body: RequestBody = {
    model: draft.provider === "auto" ? draft.model : `${draft.provider}/${draft.model}`,
    prompt: asPrompt(draft.prompt),
    ...Object.fromEntries(sent),
    on_unsupported: "report",
  };
  if (draft.seedMode === "random") delete body.seed;
  const references = ready(draft.references);
  if (references.length) body.references = references;
  if (draft.mask?.state === "ready" && known.has("mask")) body.mask = draft.mask.source;
  if (draft.mode) body.mode = draft.mode;
  return body;
}

function ready(references: Reference[]): string[] {
  return references.filter((one) => one.state === "ready").map((one) => one.source);
}

/** A prompt that is a JSON object goes as one; everything else is text. */
export function asPrompt(text: string): string | Record<string, Json> {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return trimmed;
  try {
    return JSON.parse(trimmed) as Record<string, Json>;
  } catch {
    return trimmed;
  }
}

/** What a request written as JSON changes in a draft. Raises SyntaxError or TypeError when it is none. */
export function fromRequest(text: string, draft: Draft): Partial<Draft> {
  const found = JSON.parse(text) as Record<string, Json>;
  if (!found || typeof found !== "object" || Array.isArray(found)) throw new TypeError("not an object");
  const [model, provider] = routeOf(String(found.model ?? draft.model));
  const values = Object.fromEntries(Object.entries(found).filter(([name]) => !OWN.has(name)));
  const references = (Array.isArray(found.references) ? found.references : []).map(String);
  return {
    model,
    provider,
    mode: typeof found.mode === "string" ? found.mode : null,
    prompt:
      typeof found.prompt === "string" ? found.prompt : found.prompt ? JSON.stringify(found.prompt) : "",
    values: { ...draft.values, [model]: values },
    references: references.map((source, place) => kept(draft.references, source, place)),
    seedMode: isSet(values.seed) ? (draft.seedMode === "random" ? "fixed" : draft.seedMode) : "random",
  };
}

function routeOf(text: string): [string, Draft["provider"]] {
  const [first, ...rest] = text.split("/");
  if (first === "bfl" || first === "fal") return [rest.join("/"), first];
  return [text, "auto"];
}

function kept(references: Reference[], source: string, place: number): Reference {
  const same = references.filter((one) => one.source === source);
  const found = same.find((one) => references.indexOf(one) === place) ?? same[0];
  if (found) return { ...found, slot: newId() };
  const hash = /^[0-9a-f]{64}$/.test(source);
  const preview = hash ? `/v1/assets/${source}/thumbnail` : "";
  return { slot: newId(), source, preview, name: source.slice(0, 40), state: "ready" };
}
