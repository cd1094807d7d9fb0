import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { mark, useImages } from "@/api/library";
import { tellTrouble } from "@/ui/tellTrouble";

/** Which of the newest pictures are favourites, and how one becomes or ceases to be one. */
export function useFavourites(): { known: ReadonlySet<string>; toggle: (id: string) => void } {
  const client = useQueryClient();
  const { data } = useImages({ favourite: true });
  const known = useMemo(
    () => new Set(data?.pages.flatMap((page) => page.images.map((one) => one.id)) ?? []),
    [data],
  );
  function toggle(id: string) {
    void mark(client, id, { favourite: !known.has(id) })
      .then(() => client.invalidateQueries({ queryKey: ["images", "list", { favourite: true }] }))
      .catch(tellTrouble);
  }
  return { known, toggle };
}
