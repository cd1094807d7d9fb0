import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import type { LibraryImage } from "@/api/library";

const AROUND = 12;

interface Neighbours {
  previous: string | undefined;
  next: string | undefined;
  /** This picture with some on both sides; empty when no list has it. */
  around: LibraryImage[];
}

/** The pictures before and after this one, in the list that the gallery showed last. */
export function useNeighbours(id: string): Neighbours {
  const client = useQueryClient();
  const lists = client.getQueriesData<InfiniteData<{ images: LibraryImage[] }>>({
    queryKey: ["images", "list"],
  });
  for (const [, found] of lists.reverse()) {
    const images = found?.pages?.flatMap((page) => page.images) ?? [];
    const place = images.findIndex((one) => one.id === id);
    if (place < 0) continue;
    return {
      previous: images[place - 1]?.id,
      next: images[place + 1]?.id,
      around: images.slice(Math.max(0, place - AROUND), place + AROUND + 1),
    };
  }
  return { previous: undefined, next: undefined, around: [] };
}
