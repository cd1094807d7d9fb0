// LoRAs that a person has kept, in this browser.

import { create } from "zustand";
import { persist } from "zustand/middleware";
import type { Json } from "@/api/types";
import { newId } from "@/identity";

export interface Lora {
  id: string;
  name: string;
  /** Where the weights are: an address, or owner/name at Hugging Face. */
  path: string;
  scale: number;
  /** Words of the prompt that wake it. */
  trigger: string;
  /** The model that it was made for; empty when nobody said. */
  base: string;
}

interface Shelf {
  loras: Lora[];
  keep: (lora: Omit<Lora, "id">) => void;
  forget: (id: string) => void;
}

export const useLoras = create<Shelf>()(
  persist(
    (set) => ({
      loras: [],
      keep: (lora) => set(({ loras }) => ({ loras: [{ ...lora, id: newId() }, ...loras] })),
      forget: (id) => set(({ loras }) => ({ loras: loras.filter((one) => one.id !== id) })),
    }),
    {
      name: "fluxroom-loras",
      version: 1,
      merge: (stored, current) => ({ ...current, loras: sound(stored) }),
    },
  ),
);

/** What can be used of what was stored, whoever wrote it. */
function sound(stored: unknown): Lora[] {
  const found = (stored as { loras?: unknown } | null)?.loras;
  return (Array.isArray(found) ? found : []).filter(
    (one): one is Lora =>
      typeof one?.scale === "number" &&
      ["id", "name", "path", "trigger", "base"].every((name) => typeof one[name] === "string"),
  );
}

export function isPath(text: string): boolean {
  return /^https:\/\/[^\s/]+\.[^\s/]+\/\S+$/.test(text) || /^[\w.-]+\/[\w.-]+$/.test(text);
}

/** The form's own LoRAs with this one among them, once. */
export function withLora(before: Json | undefined, lora: Lora): Json[] {
  const others = (Array.isArray(before) ? before : []).filter(
    (one) => (one as { path?: string } | null)?.path !== lora.path,
  );
  return [...others, { path: lora.path, scale: lora.scale }];
}

/** The prompt with the words that wake it, which it may have already. */
export function withTrigger(prompt: string, trigger: string): string {
  if (!trigger || prompt.toLowerCase().includes(trigger.toLowerCase())) return prompt;
  return prompt ? `${trigger}, ${prompt}` : `${trigger}, `;
}
