import { useDebouncedValue } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Trouble } from "@/api/client";
import { quoteNow, useQuote } from "@/api/queries";
import type { Problem, Quote } from "@/api/types";
import type { Field } from "@/form/fields";
import type { Draft } from "./draft";
import type { RequestBody } from "./request";

export interface Price {
  quote: Quote | undefined;
  problem: Problem | null;
  /** The figures belong to what the form said a moment ago. */
  stale: boolean;
  /** The figures of what the form says now; undefined when there are none. */
  ask: () => Promise<Quote | undefined>;
}

const PAUSE = 250; // milliseconds without a key pressed

/** What the request costs now. A prompt or a picture that is still missing does not keep the price away. */
export function usePriceOf(body: RequestBody, fields: Field[], draft: Draft): Price {
  const client = useQueryClient();
  const priced = { ...body };
  // No price depends on the words; one text for all spares a question per letter typed.
  if (typeof priced.prompt === "string") priced.prompt = "a picture";
  const text = JSON.stringify(priced);
  const [asked] = useDebouncedValue(text, PAUSE);
  const incomplete = isIncomplete(fields, draft);
  const query = useQuote(incomplete ? null : (JSON.parse(asked) as Record<string, unknown>));
  const problem = query.error instanceof Trouble ? query.error.problem : null;
  return {
    quote: incomplete || problem ? undefined : query.data,
    problem: incomplete ? null : problem,
    stale: asked !== text || query.isPlaceholderData || query.isFetching,
    ask: () => quoteNow(client, priced).catch(() => undefined),
  };
}

/** A picture that the model cannot work without is not there yet. */
export function isIncomplete(fields: Field[], draft: Draft): boolean {
  return fields.some((field) => {
    if (field.kind === "refs") {
      const least = Number(field.schema.minItems ?? 0);
      return draft.references.filter((one) => one.state === "ready").length < least;
    }
    return field.kind === "mask" && field.required && draft.mask?.state !== "ready";
  });
}
