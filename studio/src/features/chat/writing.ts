// What is being written, by conversation; "" is the one that is about to begin. It stays while one looks elsewhere.

import { create } from "zustand";
import type { Reference } from "@/features/create/draft";

interface Written {
  text: string;
  pictures: Reference[];
  /** The id of the picture that goes along in the place of the last one. */
  picked: string;
}

interface Writing {
  by: Record<string, Written>;
  write: (conversation: string, change: (now: Written) => Partial<Written>) => void;
  /** What was written for one goes on in another. */
  move: (from: string, to: string) => void;
}

export const EMPTY: Written = { text: "", pictures: [], picked: "" };

export const useWriting = create<Writing>()((set) => ({
  by: {},
  write: (conversation, change) =>
    set(({ by }) => {
      const now = by[conversation] ?? EMPTY;
      return { by: { ...by, [conversation]: { ...now, ...change(now) } } };
    }),
  move: (from, to) =>
    set(({ by }) => {
      const { [from]: moved = EMPTY, ...rest } = by;
      return { by: { ...rest, [to]: moved } };
    }),
}));
