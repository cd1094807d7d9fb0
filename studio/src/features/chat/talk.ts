// What the next message is about, as the page shows it before it is sent.

import type { Message, Settings } from "@/api/conversations";
import type { Json } from "@/api/types";

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

/** Model and parameters of a conversation. */
export function settingsOf(found: Record<string, unknown> | undefined, model: string): Settings {
  return { model, ...(found as Record<string, Json> | undefined) };
}

/** What stands in a conversation's settings besides the model, for people. */
export function told(settings: Settings, titleOf: (name: string) => string): string {
  const { model: _, ...rest } = settings;
  return Object.entries(rest)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${titleOf(name)} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}
