// Pictures that a form of its own holds: uploads change the list when they arrive, whatever was done with it meanwhile.

import { notifications } from "@mantine/notifications";
import type { Reference } from "@/features/create/draft";
import { refusalOf, slotOf, upload } from "@/features/create/references/upload";
import { useLook } from "@/look";
import { wordsNow } from "@/words";

export type Change = (update: (before: Reference[]) => Reference[]) => void;

/** Take files, in their order; what cannot be used is told and left out. */
export async function takeFiles(files: File[], change: Change): Promise<void> {
  const { language } = useLook.getState();
  const taken = files.flatMap((file) => {
    const refusal = refusalOf(file, wordsNow(), language);
    if (refusal) notifications.show({ color: "red", message: refusal, autoClose: 9000 });
    return refusal ? [] : [{ file, slot: slotOf(file) }];
  });
  change((before) => [...before, ...taken.map((one) => one.slot)]);
  await Promise.all(
    taken.map(async ({ file, slot }) => {
      const found = await upload(file);
      // A blob's address dies with the page; the gateway's does not.
      const preview = found.source ? { preview: `/v1/assets/${found.source}/thumbnail` } : {};
      change((before) =>
        before.map((one) => (one.slot === slot.slot ? { ...one, ...found, ...preview } : one)),
      );
    }),
  );
}

/** Where a picture can be seen that is named by a hash; empty for a foreign address. */
export function previewOf(source: string): string {
  return /^[0-9a-f]{64}$/.test(source) ? `/v1/assets/${source}/thumbnail` : "";
}

export function isUploading(pictures: Reference[]): boolean {
  return pictures.some((one) => one.state === "uploading");
}

/** What is sent of pictures: those that have arrived. */
export function sourcesOf(pictures: Reference[]): string[] {
  return pictures.filter((one) => one.state === "ready").map((one) => one.source);
}
