// How a generation stands, in words.

import type { Generation, Receipt } from "@/api/types";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { type Language, useWords, type Words } from "@/words";

export function stateWord(words: Words, generation: Generation): string {
  const known = words.run as unknown as Record<string, string>;
  return known[generation.state] ?? generation.state;
}

/** What a generation cost, said truthfully while it is not known. */
function chargeText(words: Words, generation: Generation, language: Language): string {
  const { receipt } = generation;
  if (generation.jobs.length > 0 && generation.jobs.every((job) => job.cached_from))
    return words.run.fromCache;
  if (!generation.settled) return words.run.chargeOpen(money(receipt.reserved, language));
  return receiptText(words, receipt, language);
}

function receiptText(words: Words, receipt: Receipt, language: Language): string {
  if (receipt.state === "not_charged") return words.run.notCharged;
  if (receipt.state === "charged" && receipt.charged !== null) return money(receipt.charged, language);
  return words.run.chargeUnknown;
}

export function useCharge(generation: Generation): string {
  const language = useLook((look) => look.language);
  return chargeText(useWords(), generation, language);
}
