// What the next message is about, as the page shows it before it is sent.

import type { Message, Settings } from "@/api/conversations";
import type { Json } from "@/api/types";
import type { Draft } from "@/features/create/draft";

export interface Base {
  /** The id of an image. */
  image: string;
  thumbnail: string;
}

/** The picture that goes on by itself: the last one that was made. */
export function lastPicture(messages: Message[]): Base | null {
  const image = messages.flatMap((one) => one.images).at(-1);
  return image ? baseOf(String(image.id)) : null;
}

/** Where the pictures that a message names can be seen: those made here by their id, uploads by their hash. */
export function addressesOf(messages: Message[]): Map<string, string> {
  const made = messages.flatMap((one) => one.images);
  return new Map(made.map((one) => [String(one.sha256), baseOf(String(one.id)).thumbnail]));
}

export function baseOf(image: string): Base {
  return { image, thumbnail: `/v1/images/${image}/thumbnail?size=256` };
}

/**
 * The pictures of a message. Without any of its own it is about the last one, which the gateway knows; with others, or
 * with an earlier one, all are named.
 */
export function picturesOf(own: string[], picked: Base | null, last: Base | null): string[] {
  if (!picked && !own.length) return [];
  const base = (picked ?? last)?.image;
  return base && !own.includes(base) ? [base, ...own] : own;
}

/** What is set in a conversation: what is null is left to others. */
export function settingsOf(found: Record<string, unknown>): Record<string, Json> {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null)) as Record<
    string,
    Json
  >;
}

/** The form's model and parameters as those of the messages to come; a seed only when it is to stay the same. */
export function settingsOfDraft(
  draft: Pick<Draft, "model" | "provider" | "values" | "seedMode">,
): Record<string, Json> {
  const { seed, ...rest } = draft.values[draft.model] ?? {};
  return {
    ...settingsOf(rest),
    ...(draft.seedMode !== "random" && seed != null ? { seed } : {}),
    model: draft.provider === "auto" ? draft.model : `${draft.provider}/${draft.model}`,
  };
}

/** What stands in a conversation's settings besides the model, for people. */
export function told(settings: Settings, titleOf: (name: string) => string): string {
  const { model: _, ...rest } = settings;
  return Object.entries(rest)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${titleOf(name)} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}
