// Pictures that a person brings: looked at here first, then sent to the gateway, which keeps them by their hash.

import { api, problemOf, troubleOf } from "@/api/client";
import type { Asset } from "@/api/types";
import { newId } from "@/identity";
import { decimal } from "@/numbers";
import type { Language, Words } from "@/words";
import type { Reference } from "../draft";

export const ACCEPTED = "image/png,image/jpeg,image/webp";
const MOST_BYTES = 20 * 1024 * 1024;

/** Why a file cannot be used, as far as its name, type and size tell; empty when it may be. */
export function refusalOf(file: File, words: Words, language: Language): string {
  if (/hei[cf]/i.test(file.type) || /\.hei[cf]$/i.test(file.name)) return words.refs.heic;
  if (!ACCEPTED.split(",").includes(file.type)) return words.refs.type(file.name);
  if (file.size > MOST_BYTES)
    return words.refs.tooBig(file.name, decimal(file.size / 1_048_576, language, 1));
  return "";
}

export function slotOf(file: File): Reference {
  return {
    slot: newId(),
    source: "",
    preview: URL.createObjectURL(file),
    name: file.name,
    state: "uploading",
  };
}

/** Send a file; what becomes of its slot. */
export async function upload(file: File): Promise<Partial<Reference>> {
  try {
    const answer = await fetch("/v1/assets", {
      method: "POST",
      headers: { "content-type": file.type },
      body: file,
    });
    if (!answer.ok) throw await troubleOf(answer);
    const asset = (await answer.json()) as Asset;
    return { source: asset.sha256, state: "ready", problem: undefined };
  } catch (error) {
    return { state: "failed", problem: problemOf(error).detail };
  }
}

/** A picture of our own as a reference; null when the gateway has none. */
export async function slotOfImage(id: string): Promise<Reference | null> {
  const found = await api
    .GET("/v1/images/{image_id}", { params: { path: { image_id: id } } })
    .catch(() => null);
  if (!found?.data) return null;
  return slotOfPicture(found.data);
}

/** A picture that is known already: at once, so that nothing that is typed meanwhile is lost or sent without it. */
export function slotOfPicture({ id, thumbnail }: { id: string; thumbnail: string }): Reference {
  return { slot: newId(), source: id, preview: `${thumbnail}?size=256`, name: id, state: "ready" };
}

export function slotOfUrl(address: string): Reference {
  return { slot: newId(), source: address, preview: "", name: address, state: "ready" };
}

/** Pictures among what was pasted or dropped. */
export function filesOf(transfer: DataTransfer | null): File[] {
  return [...(transfer?.files ?? [])];
}
