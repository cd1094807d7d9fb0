// Why something was not sent, in the page's language.

import { useModel } from "@/api/queries";
import { useLook } from "@/look";
import { inLanguage, useWords, type Words } from "@/words";

/** The gateway's sentences that no model's own row has, by how they end or begin. */
const SENTENCES: [RegExp, (words: Words["create"], found: RegExpExecArray) => string][] = [
  [/has no such parameter$/, (words) => words.whyNone],
  [/takes up to (\d+)/, (words, found) => words.whyMost(found[1] ?? "")],
  [/has none of the ratios/, (words) => words.whyRatio],
];

/** The reason for a parameter: the model's own in this language, else the gateway's sentence. */
export function useWhy(model: string): (name: string, said: string) => string {
  const words = useWords().create;
  const language = useLook((look) => look.language);
  const { data } = useModel(model);
  return (name, said) => {
    const own = inLanguage(data?.why_not[name], language);
    return own || (language === "en" ? said : inOtherWords(words, said));
  };
}

export function inOtherWords(words: Words["create"], said: string): string {
  for (const [pattern, write] of SENTENCES) {
    const found = pattern.exec(said);
    if (found) return write(words, found);
  }
  return words.whyOther;
}
