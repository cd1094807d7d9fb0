// The language of the page: English and German as typed dictionaries.

import { useLook } from "@/look";
import { de } from "./de";
import { en, type Words } from "./en";

export type Language = "en" | "de";
export type { Words };

const dictionaries: Record<Language, Words> = { en, de };

/** The sentences of the chosen language. */
export function useWords(): Words {
  return dictionaries[useLook((look) => look.language)];
}

/** The sentences of a screen that is loaded when it is opened, which bring themselves along. */
export interface Both<W> {
  en: W;
  de: W;
}

export function useWordsOf<W>(both: Both<W>): W {
  return both[useLook((look) => look.language)];
}

/** The sentences outside of components. */
export function wordsNow(): Words {
  return dictionaries[useLook.getState().language];
}

/** A text that the gateway gives in both languages; English where German is missing. */
export function inLanguage(texts: Partial<Record<string, string>> | undefined, language: Language): string {
  return texts?.[language] ?? texts?.en ?? "";
}
