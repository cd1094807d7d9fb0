// From a picture back to the form.

import type { LibraryImage } from "@/api/library";
import type { Generation } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { slotOfImage } from "@/features/create/references/upload";

/** The picture becomes the only reference of an empty prompt. */
export async function editImage(id: string): Promise<void> {
  const slot = await slotOfImage(id);
  if (slot) useDraft.getState().change({ references: [slot], prompt: "" });
}

/** Everything that made the picture; with its own seed, or for another one. */
export function reuseSettings(generation: Generation, image: LibraryImage, seed: boolean): void {
  useDraft.getState().reuse(generation, { seed });
  if (seed && image.seed !== null) {
    useDraft.getState().setValue("seed", image.seed);
    useDraft.getState().change({ seedMode: "fixed" });
  }
}
