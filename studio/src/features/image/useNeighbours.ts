import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import type { LibraryImage } from "@/api/library";

/** The pictures before and after this one, in the list that the gallery showed last. */
export function useNeighbours(id: string): { previous: string | undefined; next: string | undefined } {
  const client = useQueryClient();
  const lists = client.getQueriesData<InfiniteData<{ images: LibraryImage[] }>>({
    queryKey: ["images", "list"],
  });
  for (const [, found] of lists.reverse()) {
    const ids = found?.pages?.flatMap((page) => page.images.map((one) => one.id)) ?? [];
    const place = ids.indexOf(id);
    if (place >= 0) return { previous: ids[place - 1], next: ids[place + 1] };
  }
  return { previous: undefined, next: undefined };
}
