// What the gallery shows, as it stands in the address.

import type { Wanted } from "@/api/library";

export interface GallerySearch {
  q?: string;
  model?: string;
  provider?: "bfl" | "fal";
  tag?: string;
  rating?: number;
  show?: "favourites" | "trash";
}

/** What can be used of an address, whoever wrote it. */
export function searchOf(given: Record<string, unknown>): GallerySearch {
  return {
    ...(typeof given.q === "string" && given.q ? { q: given.q } : {}),
    ...(typeof given.model === "string" ? { model: given.model } : {}),
    ...(given.provider === "bfl" || given.provider === "fal" ? { provider: given.provider } : {}),
    ...(typeof given.tag === "string" && given.tag ? { tag: given.tag } : {}),
    ...(typeof given.rating === "number" && given.rating > 0 ? { rating: given.rating } : {}),
    ...(given.show === "favourites" || given.show === "trash" ? { show: given.show } : {}),
  };
}

/** The same as the gateway is asked for it. */
export function wantedOf(search: GallerySearch): Wanted {
  return {
    ...(search.q ? { q: search.q } : {}),
    ...(search.model ? { model: search.model } : {}),
    ...(search.provider ? { provider: search.provider } : {}),
    ...(search.tag ? { tag: [search.tag] } : {}),
    ...(search.rating ? { rating: search.rating } : {}),
    ...(search.show === "favourites" ? { favourite: true } : {}),
    ...(search.show === "trash" ? { trashed: true, hidden: "yes" as const } : {}),
  };
}
