// From a picture back to the form.

import type { LibraryImage } from "@/api/library";
import type { Generation } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { slotOfPicture } from "@/features/create/references/upload";

/** The picture becomes the only reference of an empty prompt. */
export function editImage(image: LibraryImage): void {
  useDraft.getState().change({ references: [slotOfPicture(image)], prompt: "" });
}

/** Everything that made the picture; with its own seed, or for another one. */
export function reuseSettings(generation: Generation, image: LibraryImage, seed: boolean): void {
  useDraft.getState().reuse(generation, { seed });
  if (seed && image.seed !== null) {
    useDraft.getState().setValue("seed", image.seed);
    useDraft.getState().change({ seedMode: "fixed" });
  }
}
