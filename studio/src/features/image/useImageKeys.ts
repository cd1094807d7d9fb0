import { useHotkeys } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { act, type LibraryImage, mark, trash } from "@/api/library";
import type { Generation } from "@/api/types";
import { useLook } from "@/look";
import { useWords } from "@/words";
import { tellTrashed } from "./Actions";
import { editImage, reuseSettings } from "./moves";
import { useNeighbours } from "./useNeighbours";

interface Keys {
  image: LibraryImage | undefined;
  generation: Generation | undefined;
  onInfo: () => void;
  onZoom: () => void;
  onBefore: () => void;
}

/** The keys of the image page. Letters only while they are wanted at all. */
export function useImageKeys({ image, generation, onInfo, onZoom, onBefore }: Keys): void {
  const words = useWords();
  const navigate = useNavigate();
  const client = useQueryClient();
  const singleKeys = useLook((look) => look.singleKeys);
  const { previous, next } = useNeighbours(image?.id ?? "");
  const open = (id: string | undefined) =>
    id && void navigate({ to: "/i/$id", params: { id }, replace: true });
  const rate = (rating: number) => () =>
    image && void mark(client, image.id, { rating }).catch(() => undefined);

  function reuse() {
    if (!generation || !image) return;
    reuseSettings(generation, image);
    void navigate({ to: "/create" });
  }

  useHotkeys([
    ["ArrowLeft", () => open(previous)],
    ["ArrowRight", () => open(next)],
    ["Escape", () => void navigate({ to: "/gallery" })],
  ]);
  useHotkeys(
    singleKeys && image
      ? [
          ["a", reuse],
          ["e", () => void editImage(image.id).then(() => navigate({ to: "/create" }))],
          ["b", onBefore],
          ["i", onInfo],
          ["z", onZoom],
          [".", () => void mark(client, image.id, { favourite: !image.favourite }).catch(() => undefined)],
          ["d", () => location.assign(`${image.download}&download=1`)],
          [
            "Delete",
            () =>
              void trash(client, [image.id]).then(() => {
                tellTrashed(words, () => void act(client, [image.id], "restore"), 1);
                if (next ?? previous) open(next ?? previous);
                else void navigate({ to: "/gallery" });
              }),
          ],
          ...[1, 2, 3, 4, 5].map((stars): [string, () => void] => [String(stars), rate(stars)]),
        ]
      : [],
  );
}
