import { notifications } from "@mantine/notifications";
import { useLook } from "@/look";
import { wordsNow } from "@/words";
import { type Reference, useDraft } from "../draft";
import { refusalOf, slotOf, upload } from "./upload";

/** Files by slot, so that a failed upload can be tried again while the page is open. */
const files = new Map<string, File>();

function accepted(chosen: File[]): { file: File; slot: Reference }[] {
  const words = wordsNow();
  const { language } = useLook.getState();
  return chosen.flatMap((file) => {
    const refusal = refusalOf(file, words, language);
    if (refusal) notifications.show({ color: "red", message: refusal, autoClose: 9000 });
    return refusal ? [] : [{ file, slot: slotOf(file) }];
  });
}

/** Take files as references, in their order. */
export async function addFiles(chosen: File[]): Promise<void> {
  const taken = accepted(chosen);
  useDraft.getState().addReferences(taken.map((one) => one.slot));
  await Promise.all(taken.map(({ file, slot }) => send(slot.slot, file)));
}

export async function setMask(chosen: File): Promise<void> {
  const [taken] = accepted([chosen]);
  if (!taken) return;
  useDraft.getState().change({ mask: taken.slot });
  await send(taken.slot.slot, taken.file);
}

export async function again(slot: string): Promise<void> {
  const file = files.get(slot);
  if (!file) return;
  useDraft.getState().changeReference(slot, { state: "uploading", problem: undefined });
  await send(slot, file);
}

async function send(slot: string, file: File): Promise<void> {
  files.set(slot, file);
  const change = await upload(file);
  useDraft.getState().changeReference(slot, change);
  if (change.state === "ready") files.delete(slot);
}
