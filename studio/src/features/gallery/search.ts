// What the gallery shows, as it stands in the address.

import type { Wanted } from "@/api/library";
import { readQuery } from "./query";

export const SHOWS = ["favourites", "hidden", "trash"] as const;
type Show = (typeof SHOWS)[number];

export interface GallerySearch {
  q?: string;
  model?: string;
  provider?: "bfl" | "fal";
  mode?: Wanted["mode"];
  tag?: string;
  rating?: number;
  /** The first day that is shown. */
  since?: string;
  show?: Show;
}

const MODES = ["generate", "edit", "vary", "fill", "expand", "erase", "deblur", "tryon", "upscale"];

/** What can be used of an address, whoever wrote it. */
export function searchOf(given: Record<string, unknown>): GallerySearch {
  return {
    ...(typeof given.q === "string" && given.q ? { q: given.q } : {}),
    ...(typeof given.model === "string" ? { model: given.model } : {}),
    ...(given.provider === "bfl" || given.provider === "fal" ? { provider: given.provider } : {}),
    ...(MODES.includes(String(given.mode)) ? { mode: given.mode as Wanted["mode"] } : {}),
    ...(typeof given.tag === "string" && given.tag ? { tag: given.tag } : {}),
    ...(typeof given.rating === "number" && given.rating > 0 ? { rating: given.rating } : {}),
    ...(typeof given.since === "string" && /^\d{4}-\d\d-\d\d$/.test(given.since)
      ? { since: given.since }
      : {}),
    ...(SHOWS.includes(given.show as Show) ? { show: given.show as Show } : {}),
  };
}

/** The same as the gateway is asked for it; what was chosen goes before what was typed. */
export function wantedOf(search: GallerySearch): Wanted {
  const { words, wanted } = readQuery(search.q ?? "");
  return {
    ...wanted,
    ...(words ? { q: words } : {}),
    ...(search.model ? { model: search.model } : {}),
    ...(search.provider ? { provider: search.provider } : {}),
    ...(search.mode ? { mode: search.mode } : {}),
    ...(search.tag ? { tag: [...(wanted.tag ?? []), search.tag] } : {}),
    ...(search.rating ? { rating: search.rating } : {}),
    ...(search.since ? { since: search.since } : {}),
    ...(search.show === "favourites" ? { favourite: true } : {}),
    ...(search.show === "hidden" ? { hidden: "only" as const } : {}),
    ...(search.show === "trash" ? { trashed: true, hidden: "yes" as const } : {}),
  };
}
