// The request of a tool, and what it still lacks.

import type { Json, Mode } from "@/api/types";
import { sourcesOf } from "@/features/request/pictures";
import { isSet } from "@/form/fields";
import type { ToolDraft } from "./draft";
import { frameNames, frameValues, isFramed } from "./tools";

export interface PixelSize {
  width: number;
  height: number;
}

export type Missing = "picture" | "second" | "mask" | "frame" | "prompt" | null;

/** What is missing until the request can be sent; null when nothing is. */
export function missingIn(mode: Mode, draft: ToolDraft, picture: PixelSize | null): Missing {
  const of = (name: string) => mode.parameters.find((one) => one.name === name);
  const least = Number(of("references")?.schema.minItems ?? 1);
  const there = sourcesOf(draft.pictures).length;
  if (there === 0) return "picture";
  if (there < least) return "second";
  if (of("mask") && draft.mask?.state !== "ready") return "mask";
  if (frameNames(mode).length > 0 && (!picture || !isFramed(draft.sides))) return "frame";
  return of("prompt")?.required && !draft.prompt.trim() ? "prompt" : null;
}

export function requestOf(
  mode: Mode,
  modeName: string,
  place: string,
  draft: ToolDraft,
  picture: PixelSize | null,
): Record<string, Json> {
  const names = new Set(mode.parameters.map((one) => one.name));
  const values = Object.entries(draft.values).filter(([name, value]) => names.has(name) && isSet(value));
  const prompt = draft.prompt.trim();
  return {
    ...Object.fromEntries(values),
    ...(picture ? frameValues(mode, draft.sides, picture) : {}),
    ...(prompt && names.has("prompt") ? { prompt } : {}),
    ...(names.has("mask") && draft.mask?.state === "ready" ? { mask: draft.mask.source } : {}),
    model: place,
    mode: modeName,
    references: sourcesOf(draft.pictures),
    on_unsupported: "report",
  };
}
