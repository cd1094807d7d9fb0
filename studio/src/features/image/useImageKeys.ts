import { type HotkeyItem, useHotkeys } from "@mantine/hooks";
import type { LibraryImage } from "@/api/library";
import { useLook } from "@/look";
import type { ImageActs } from "./useImageActs";

interface Keys {
  image: LibraryImage | undefined;
  acts: ImageActs;
  onInfo: () => void;
  onZoom: () => void;
  onBefore: () => void;
  onSwap: () => void;
  onTag: () => void;
}

/** The keys of the image page. Letters only while they are wanted at all. */
export function useImageKeys({ image, acts, onInfo, onZoom, onBefore, onSwap, onTag }: Keys): void {
  const singleKeys = useLook((look) => look.singleKeys);
  const stars = [1, 2, 3, 4, 5].map((one): HotkeyItem => [String(one), () => acts.mark({ rating: one })]);
  useHotkeys([
    ["ArrowLeft", acts.previous],
    ["ArrowRight", acts.next],
    ["Escape", acts.back],
    ["Delete", acts.remove],
  ]);
  useHotkeys(
    singleKeys && image
      ? [
          ["a", acts.reuse],
          ["r", acts.remix],
          ["s", acts.takeSeed],
          ["e", acts.edit],
          ["m", acts.compare],
          ["b", onBefore],
          ["c", onSwap],
          ["i", onInfo],
          ["t", onTag],
          ["z", onZoom],
          [".", acts.favourite],
          ["d", () => location.assign(`${image.download}&download=1`)],
          ...stars,
        ]
      : [],
  );
}
