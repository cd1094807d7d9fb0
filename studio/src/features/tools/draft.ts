// What a person is about to do with each tool, kept in this browser.

import { create } from "zustand";
import { persist } from "zustand/middleware";
import type { Json } from "@/api/types";
import type { Reference } from "@/features/create/draft";
import type { Values } from "@/form/fields";
import { isTool, NO_SIDES, type Sides, type ToolName } from "./tools";

export interface ToolDraft {
  /** "bfl/flux-pro-fill"; empty for the first that there is. */
  place: string;
  prompt: string;
  values: Values;
  pictures: Reference[];
  mask: Reference | null;
  sides: Sides;
}

interface Drafts {
  drafts: Partial<Record<ToolName, ToolDraft>>;
  change: (tool: ToolName, change: (before: ToolDraft) => Partial<ToolDraft>) => void;
}

export const EMPTY: ToolDraft = {
  place: "",
  prompt: "",
  values: {},
  pictures: [],
  mask: null,
  sides: NO_SIDES,
};

export const useToolDrafts = create<Drafts>()(
  persist(
    (set) => ({
      drafts: {},
      change: (tool, change) =>
        set(({ drafts }) => {
          const before = drafts[tool] ?? EMPTY;
          return { drafts: { ...drafts, [tool]: { ...before, ...change(before) } } };
        }),
    }),
    {
      name: "fluxroom-tools",
      version: 1,
      partialize: ({ drafts }) => ({
        drafts: Object.fromEntries(Object.entries(drafts).map(([tool, one]) => [tool, lasting(one)])),
      }),
      migrate: (stored) => stored as Drafts,
      merge: (stored, current) => ({ ...current, drafts: sound(stored) }),
    },
  ),
);

function lasting(draft: ToolDraft): ToolDraft {
  return {
    ...draft,
    pictures: draft.pictures.filter((one) => one.state === "ready"),
    mask: draft.mask?.state === "ready" ? draft.mask : null,
  };
}

/** What can be used of stored drafts, whoever wrote them. */
export function sound(stored: unknown): Drafts["drafts"] {
  const found = (stored as { drafts?: unknown } | null)?.drafts;
  if (!isObject(found)) return {};
  const drafts = Object.entries(found).filter(([tool, one]) => isTool(tool) && isObject(one));
  return Object.fromEntries(drafts.map(([tool, one]) => [tool, soundDraft(one as Record<string, unknown>)]));
}

function soundDraft(one: Record<string, unknown>): ToolDraft {
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const sides = isObject(one.sides) ? one.sides : {};
  const side = (value: unknown) => (typeof value === "number" && value >= 0 ? Math.round(value) : 0);
  return {
    place: text(one.place),
    prompt: text(one.prompt),
    values: isObject(one.values) ? (one.values as Record<string, Json>) : {},
    pictures: Array.isArray(one.pictures) ? one.pictures.filter(isReference) : [],
    mask: isReference(one.mask) ? one.mask : null,
    sides: {
      top: side(sides.top),
      right: side(sides.right),
      bottom: side(sides.bottom),
      left: side(sides.left),
    },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isReference(value: unknown): value is Reference {
  return isObject(value) && [value.slot, value.source, value.preview].every((one) => typeof one === "string");
}
