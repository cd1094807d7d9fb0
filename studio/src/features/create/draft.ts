// What a person is about to ask for. Kept in this browser, per model, so that a reload loses nothing.

import { create } from "zustand";
import { persist } from "zustand/middleware";
import type { Generation, Json, ProviderName } from "@/api/types";
import type { Values } from "@/form/fields";
import { newId } from "@/identity";

export const MOST_RECENT = 15;

/** A picture to work from, in its slot. */
export interface Reference {
  /** Names the slot, not the picture: the same picture may stand twice. */
  slot: string;
  /** What is sent: the hash of an upload, the id of an image, or a public address. Empty while it is uploaded. */
  source: string;
  /** Where it can be seen; empty for a foreign address, which the page may not load. */
  preview: string;
  name: string;
  state: "ready" | "uploading" | "failed";
  problem?: string;
}

export type SeedMode = "random" | "fixed" | "next";

interface Kept {
  model: string;
  provider: ProviderName | "auto";
  mode: string | null;
  prompt: string;
  /** By model: what differs from its defaults. */
  values: Record<string, Values>;
  references: Reference[];
  mask: Reference | null;
  seedMode: SeedMode;
  recent: string[];
}

export interface Draft extends Kept {
  /** The name of a field that wants to be looked at; not kept. */
  attention: string;
  attend: (name: string) => void;
  change: (change: Partial<Kept>) => void;
  chooseModel: (model: string, provider?: ProviderName | "auto") => void;
  setValue: (name: string, value: Json | undefined) => void;
  setValues: (values: Values) => void;
  addReferences: (more: Reference[]) => void;
  changeReference: (slot: string, change: Partial<Reference>) => void;
  removeReference: (slot: string) => void;
  moveReference: (slot: string, by: number) => void;
  remember: (prompt: string) => void;
  reuse: (generation: Generation, change?: { seed?: boolean }) => void;
  reset: () => void;
}

const EMPTY: Kept = {
  model: "",
  provider: "auto",
  mode: null,
  prompt: "",
  values: {},
  references: [],
  mask: null,
  seedMode: "random",
  recent: [],
};

export const useDraft = create<Draft>()(
  persist(
    (set) => ({
      ...EMPTY,
      attention: "",
      attend: (name) => set({ attention: name }),
      change: (change) => set(change),
      chooseModel: (model, provider = "auto") => set((draft) => chosen(draft, model, provider)),
      setValue: (name, value) => set((draft) => ({ values: withValue(draft, name, value) })),
      setValues: (values) => set((draft) => ({ values: { ...draft.values, [draft.model]: values } })),
      addReferences: (more) => set((draft) => ({ references: [...draft.references, ...more] })),
      changeReference: (slot, change) => set((draft) => changed(draft, slot, change)),
      removeReference: (slot) =>
        set((draft) => ({ references: draft.references.filter((one) => one.slot !== slot) })),
      moveReference: (slot, by) => set((draft) => ({ references: moved(draft.references, slot, by) })),
      remember: (prompt) => set((draft) => ({ recent: remembered(draft.recent, prompt) })),
      reuse: (generation, change) => set((draft) => reused(draft, generation, change?.seed ?? true)),
      reset: () => set(EMPTY),
    }),
    {
      name: "fluxroom-draft",
      version: 1,
      partialize: ({ model, provider, mode, prompt, values, references, mask, seedMode, recent }) => ({
        model,
        provider,
        mode,
        prompt,
        values,
        references: references.filter((one) => one.state === "ready").map(lasting),
        mask: mask?.state === "ready" ? lasting(mask) : null,
        seedMode,
        recent,
      }),
      merge: (stored, current) => ({ ...current, ...sound(stored) }),
      migrate: (stored) => stored as Kept,
    },
  ),
);

/** A blob's address dies with the page; the gateway's does not. */
function lasting(reference: Reference): Reference {
  const own = reference.preview.startsWith("blob:");
  return own ? { ...reference, preview: `/v1/assets/${reference.source}/thumbnail` } : reference;
}

/** What can be used of a stored draft, whoever wrote it. */
export function sound(stored: unknown): Partial<Kept> {
  if (!stored || typeof stored !== "object") return {};
  const found = stored as Record<string, unknown>;
  const text = (value: unknown, other: string) => (typeof value === "string" ? value : other);
  return {
    model: text(found.model, ""),
    provider: found.provider === "bfl" || found.provider === "fal" ? found.provider : "auto",
    mode: typeof found.mode === "string" ? found.mode : null,
    prompt: text(found.prompt, ""),
    values: isObject(found.values)
      ? Object.fromEntries(Object.entries(found.values).filter(([, values]) => isObject(values)))
      : {},
    references: Array.isArray(found.references) ? found.references.filter(isReference) : [],
    mask: isReference(found.mask) ? found.mask : null,
    seedMode: found.seedMode === "fixed" || found.seedMode === "next" ? found.seedMode : "random",
    recent: Array.isArray(found.recent)
      ? found.recent.filter((one): one is string => typeof one === "string").slice(0, MOST_RECENT)
      : [],
  } as Partial<Kept>;
}

function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isReference(value: unknown): value is Reference {
  return (
    isObject(value) &&
    [value.slot, value.source, value.preview, value.name].every((one) => typeof one === "string")
  );
}

/** Another model: its own settings if it has any, else those of the model before, which its form then clamps. */
function chosen(draft: Draft, model: string, provider: ProviderName | "auto"): Partial<Kept> {
  if (model === draft.model) return { provider };
  const own = draft.values[model] ?? { ...(draft.values[draft.model] ?? {}) };
  return { model, provider, mode: null, values: { ...draft.values, [model]: own } };
}

function withValue(draft: Draft, name: string, value: Json | undefined): Record<string, Values> {
  const values = { ...(draft.values[draft.model] ?? {}) };
  if (value === undefined) delete values[name];
  else values[name] = value;
  return { ...draft.values, [draft.model]: values };
}

function changed(draft: Draft, slot: string, change: Partial<Reference>): Partial<Kept> {
  const mend = (one: Reference) => (one.slot === slot ? { ...one, ...change } : one);
  return { references: draft.references.map(mend), mask: draft.mask ? mend(draft.mask) : null };
}

function moved(references: Reference[], slot: string, by: number): Reference[] {
  const from = references.findIndex((one) => one.slot === slot);
  const to = from + by;
  if (from < 0 || to < 0 || to >= references.length) return references;
  const copy = [...references];
  copy.splice(to, 0, ...copy.splice(from, 1));
  return copy;
}

function remembered(recent: string[], prompt: string): string[] {
  const text = prompt.trim();
  return text ? [text, ...recent.filter((one) => one !== text)].slice(0, MOST_RECENT) : recent;
}

/** The draft that leads to the same request again. */
function reused(draft: Draft, generation: Generation, seed: boolean): Partial<Kept> {
  const { mask, seed: oldSeed, ...params } = generation.params as Values;
  const drawn = generation.jobs[0]?.seed;
  const values: Values = { ...params };
  const kept = oldSeed ?? drawn;
  if (seed && kept != null) values.seed = kept;
  return {
    model: generation.model,
    provider: generation.provider as ProviderName,
    mode: generation.mode === "generate" || generation.mode === "edit" ? null : generation.mode,
    prompt: generation.prompt,
    values: { ...draft.values, [generation.model]: values },
    references: generation.references.map(fromStored).filter((one) => one !== null),
    mask: null,
    seedMode: seed && kept != null ? "fixed" : "random",
  };
}

function fromStored(stored: Record<string, unknown>): Reference | null {
  const source = String(stored.sha256 ?? stored.url ?? stored.image ?? "");
  if (!source) return null;
  const hash = typeof stored.sha256 === "string" ? stored.sha256 : "";
  return {
    slot: newId(),
    source,
    preview: hash ? `/v1/assets/${hash}/thumbnail` : "",
    name: String(stored.name ?? ""),
    state: "ready",
  };
}
