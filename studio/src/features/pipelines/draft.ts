// The pipeline that is being written and what was filled in, kept in this browser until it runs.

import { create } from "zustand";
import { persist } from "zustand/middleware";
import type { Json } from "@/api/types";
import type { Reference } from "@/features/create/draft";
import type { Change } from "@/features/request/pictures";
import { sourcesOf } from "@/features/request/pictures";
import { asPipeline, defaultsOf, type Pipeline } from "./pipeline";

export type View = "inputs" | "steps" | "text";

interface Kept {
  pipeline: Pipeline | null;
  values: Record<string, Json>;
  pictures: Record<string, Reference[]>;
  view: View;
}

interface PipelineDraft extends Kept {
  /** A text that was changed is on its way to become the pipeline; not kept. */
  reading: boolean;
  begin: (pipeline: Pipeline, view: View) => void;
  change: (pipeline: Pipeline) => void;
  look: (view: View) => void;
  setValue: (name: string, value: Json | undefined) => void;
  setPictures: (name: string) => Change;
}

const EMPTY: Kept = { pipeline: null, values: {}, pictures: {}, view: "inputs" };

export const usePipelineDraft = create<PipelineDraft>()(
  persist(
    (set) => ({
      ...EMPTY,
      reading: false,
      begin: (pipeline, view) => set({ pipeline, view, values: defaultsOf(pipeline), pictures: {} }),
      change: (pipeline) => set({ pipeline }),
      look: (view) => set({ view }),
      setValue: (name, value) => set(({ values }) => ({ values: { ...values, [name]: value ?? null } })),
      setPictures: (name) => (update) =>
        set(({ pictures }) => ({ pictures: { ...pictures, [name]: update(pictures[name] ?? []) } })),
    }),
    {
      name: "fluxroom-pipeline",
      version: 1,
      partialize: ({ pipeline, values, pictures, view }) => ({
        pipeline,
        values,
        view,
        pictures: Object.fromEntries(
          Object.entries(pictures).map(([name, list]) => [name, list.filter((one) => one.state === "ready")]),
        ),
      }),
      migrate: (stored) => stored as Kept,
      merge: (stored, current) => ({ ...current, ...sound(stored) }),
    },
  ),
);

/** What can be used of a stored draft, whoever wrote it. */
export function sound(stored: unknown): Partial<Kept> {
  const found = stored as Partial<Kept> | null;
  const pipeline = asPipeline(found?.pipeline);
  if (!found || !pipeline) return {};
  const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  const pictures = isObject(found.pictures) ? Object.entries(found.pictures ?? {}) : [];
  return {
    pipeline,
    values: isObject(found.values) ? (found.values ?? {}) : {},
    pictures: Object.fromEntries(
      pictures.map(([name, list]) => [
        name,
        Array.isArray(list) ? list.filter((one) => typeof one?.source === "string" && one.slot) : [],
      ]),
    ),
    view: found.view === "steps" || found.view === "text" ? found.view : "inputs",
  };
}

/** The inputs as they are sent: what is declared, pictures by what the gateway knows them by. */
export function inputsOf({ pipeline, values, pictures }: Kept): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const [name, input] of Object.entries(pipeline?.inputs ?? {})) {
    const sources = sourcesOf(pictures[name] ?? []);
    const value =
      input.kind === "pictures"
        ? sources.length > 0
          ? sources
          : undefined
        : input.kind === "picture"
          ? sources[0]
          : (values[name] ?? (input.kind === "switch" ? (input.default ?? false) : undefined));
    if (value !== undefined && value !== null && value !== "") found[name] = value;
  }
  return found;
}
