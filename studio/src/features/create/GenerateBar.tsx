import { Alert, Button, Group, Text, Tooltip } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useState } from "react";
import type { Mode, ProviderName } from "@/api/types";
import type { Field } from "@/form/fields";
import { useLook } from "@/look";
import { decimal, money, pricesIn } from "@/numbers";
import { Confirm, useIsDear } from "@/ui/Confirm";
import { mod } from "@/ui/keys";
import { ProblemText } from "@/ui/ProblemText";
import { useWords } from "@/words";
import { BudgetStop } from "./BudgetStop";
import classes from "./Create.module.css";
import { useDraft } from "./draft";
import type { RequestBody } from "./request";
import { isIncomplete, type Price } from "./usePriceOf";
import { useSubmit } from "./useSubmit";

interface Figures {
  low: string;
  high: string;
  images: number;
  formula: string;
  source: string;
  approximate: boolean;
}

interface Props {
  body: RequestBody;
  price: Price;
  mode: Mode;
  fields: Field[];
  provider: ProviderName;
}

/** The button, with what it will cost on it. */
export function GenerateBar({ body, price, mode, fields, provider }: Props) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const isDear = useIsDear();
  const draft = useDraft();
  const { submit, busy, problem } = useSubmit();
  const [asking, setAsking] = useState(false);
  const [pricing, setPricing] = useState(false);

  const quote = price.quote?.quote as Figures | undefined;
  const uploading = draft.references.some((one) => one.state === "uploading");
  const needsPrompt =
    fields.some((field) => field.kind === "prompt" && field.required) && !draft.prompt.trim();
  const refused = price.problem?.code === "invalid_params" && !price.stale;
  const disabled = needsPrompt || uploading || refused || isIncomplete(fields, draft);
  const text = quote ? priceText(quote, language, words.create.atLeast) : "";

  // The budget's figures stand below in the page's language.
  const shown = problem?.code === "budget_exceeded" ? { ...problem, detail: "" } : (problem ?? price.problem);

  async function go() {
    if (disabled || busy || pricing) return;
    let now = quote;
    if (price.stale) {
      // The figures on the button are those of a moment ago; what is dear is asked about first all the same.
      setPricing(true);
      now = (await price.ask())?.quote as Figures | undefined;
      setPricing(false);
    }
    if (now && isDear(Number(now.high), now.images)) setAsking(true);
    else await submit(body);
  }
  useHotkeys([["mod+Enter", () => void go()]], []);

  return (
    <div className={classes.bar}>
      {shown && (
        <Alert color="red" variant="light" mb="sm" p="xs" role="alert">
          <ProblemText problem={shown} compact />
          {problem?.code === "budget_exceeded" && (
            <BudgetStop
              problem={problem}
              cost={Number(quote?.high ?? 0)}
              images={quote?.images ?? 1}
              onFewer={(images) => void submit({ ...body, num_images: images })}
            />
          )}
        </Alert>
      )}
      <Button
        fullWidth
        size="md"
        onClick={() => void go()}
        disabled={disabled}
        loading={busy || pricing}
        data-testid="generate"
      >
        {words.create.generate}
        <span className="figures" style={{ marginLeft: 10, opacity: price.stale ? 0.6 : 1, fontWeight: 450 }}>
          {text}
        </span>
      </Button>
      <Group justify="space-between" mt={6} gap="xs" wrap="nowrap">
        <Tooltip label={quote ? `${quote.formula} · ${quote.source}` : ""} disabled={!quote} maw={360}>
          <Text
            size="xs"
            className="quiet figures clamp1"
            tabIndex={quote ? 0 : -1}
            aria-label={quote ? `${words.create.quoteHelp}: ${quote.formula}` : undefined}
          >
            {quote && language === "en"
              ? pricesIn(quote.formula, language)
              : pricesIn(mode.price.texts[language] ?? "", language)}
          </Text>
        </Tooltip>
        <Text size="xs" className="quiet figures" style={{ whiteSpace: "nowrap" }}>
          {words.create.about(decimal(mode.measured?.seconds ?? mode.seconds, language, 0))} · {mod()} ↵
        </Text>
      </Group>
      <Confirm
        opened={asking}
        text={words.create.confirmText(quote?.images ?? 1, text)}
        detail={`${draft.model} · ${provider} · ${quote?.formula}`}
        yes={words.create.confirmYes(text)}
        onNo={() => setAsking(false)}
        onYes={() => void submit(body)}
      />
    </div>
  );
}

function priceText(
  quote: { low: string; high: string; approximate: boolean },
  language: "en" | "de",
  atLeast: string,
): string {
  const low = money(quote.low, language);
  if (quote.low === quote.high) return quote.approximate ? `≈ ${low}` : low;
  return Number(quote.high) > 0 ? `${low} – ${money(quote.high, language)}` : `${atLeast}${low}`;
}
