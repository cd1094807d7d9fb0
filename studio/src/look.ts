// What a person chose about the page itself; kept in this browser.

import { create } from "zustand";
import { persist } from "zustand/middleware";

type Language = "en" | "de";
export type ViewerBackground = "dark" | "middle" | "white";

interface Look {
  language: Language;
  /** US dollars from which a request is confirmed first. */
  confirmAbove: number;
  singleKeys: boolean;
  tile: number;
  background: ViewerBackground;
  welcomed: boolean;
  set: (change: Partial<Omit<Look, "set">>) => void;
}

function preferred(): Language {
  return navigator.language?.toLowerCase().startsWith("de") ? "de" : "en";
}

export const useLook = create<Look>()(
  persist(
    (set) => ({
      language: preferred(),
      confirmAbove: 1,
      singleKeys: true,
      tile: 220,
      background: "middle",
      welcomed: false,
      set: (change) => set(change),
    }),
    { name: "fluxroom-look", version: 1 },
  ),
);
