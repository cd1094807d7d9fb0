import { Alert, Button, Group, Modal, NumberInput, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { problemOf } from "@/api/client";
import { beginPipeline, type CheckedPipeline, checkPipeline } from "@/api/pipelines";
import { placeRun } from "@/api/runs";
import type { Problem } from "@/api/types";
import { typed } from "@/form/typed";
import { newId } from "@/identity";
import { useLook } from "@/look";
import { humanise, money } from "@/numbers";
import { ProblemText } from "@/ui/ProblemText";
import { useWords, useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { inputsOf, usePipelineDraft } from "./draft";
import { missingIn, type Pipeline, said, titleOf } from "./pipeline";
import { usePriceText } from "./usePriceText";

interface Props {
  pipeline: Pipeline;
  checked: CheckedPipeline | undefined;
  stale: boolean;
  problem: Problem | null;
}

/** The button, with what the whole run costs on it, and how that is made. */
export function RunBar({ pipeline, checked, stale, problem }: Props) {
  const words = useWordsOf(pipelines);
  const shell = useWords().shell;
  const language = useLook((look) => look.language);
  const confirmAbove = useLook((look) => look.confirmAbove);
  const client = useQueryClient();
  const navigate = useNavigate();
  const draft = usePipelineDraft();
  const inputs = inputsOf(draft);
  const [busy, setBusy] = useState(false);
  const [budget, setBudget] = useState<number>();
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<Problem | null>(null);
  const missing = missingIn(pipeline, inputs).map(
    (name) => said(pipeline.inputs?.[name]?.title, language) || humanise(name),
  );
  const invalid = (checked?.steps ?? []).filter((one) => one.state === "invalid").map((one) => one.name);
  const price = usePriceText(missing.length ? undefined : checked);
  const wrong = refused ?? problem;

  /** What is dear is asked about first, also while the price on the button is that of a moment ago. */
  async function go() {
    let now = checked;
    if (stale) {
      setBusy(true);
      now = await checkPipeline(pipeline as unknown as Record<string, unknown>, inputs).catch(() => checked);
      setBusy(false);
    }
    if (Number(now?.high ?? now?.low ?? 0) > confirmAbove) setAsking(true);
    else await run();
  }
  async function run() {
    setAsking(false);
    setBusy(true);
    setRefused(null);
    try {
      const name = said(pipeline.title, language) || pipeline.name;
      const whole = pipeline as unknown as Record<string, unknown>;
      const begun = await beginPipeline(whole, inputs, {
        name,
        budget: budget === undefined ? null : String(budget),
        key: newId(),
      });
      placeRun(client, begun);
      await navigate({ to: "/pipelines/$id", params: { id: begun.id } });
    } catch (error) {
      setRefused(problemOf(error));
    }
    setBusy(false);
  }

  return (
    <Stack gap="sm">
      {wrong && (
        <Alert color="red" variant="light" p="xs" role="alert">
          <ProblemText problem={wrong} compact />
        </Alert>
      )}
      <Button
        size="md"
        fullWidth
        data-testid="run"
        loading={busy || draft.reading}
        disabled={missing.length > 0 || invalid.length > 0 || Boolean(problem)}
        onClick={() => void go()}
      >
        {words.run}
        <span className="figures" style={{ marginLeft: 10, fontWeight: 450, opacity: stale ? 0.6 : 1 }}>
          {price}
        </span>
      </Button>
      <Text size="xs" className="quiet" role="status">
        {missing.length > 0 && words.missing(missing.join(", "))}{" "}
        {invalid.length > 0 && words.invalid(invalid.join(", "))}
      </Text>
      {checked && !problem && <StepPrices pipeline={pipeline} checked={checked} />}
      <NumberInput
        size="xs"
        label={words.budget}
        description={words.budgetHelp}
        inputWrapperOrder={["label", "input", "description"]}
        min={0}
        decimalScale={2}
        decimalSeparator={language === "de" ? "," : "."}
        value={budget ?? ""}
        onChange={(next) => typed(next, setBudget)}
      />
      <Modal opened={asking} onClose={() => setAsking(false)} title={words.confirmTitle} centered>
        <Text>{words.confirmText(price)}</Text>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={() => setAsking(false)}>
            {shell.cancel}
          </Button>
          <Button data-autofocus onClick={() => void run()}>
            {words.run} {price}
          </Button>
        </Group>
      </Modal>
    </Stack>
  );
}

function StepPrices({ pipeline, checked }: { pipeline: Pipeline; checked: CheckedPipeline }) {
  const words = useWordsOf(pipelines);
  const language = useLook((look) => look.language);
  const asking = checked.steps.filter((one) => one.requests > 0);
  return (
    <table aria-label={words.priceOf} style={{ width: "100%", fontSize: 13, borderSpacing: "0 3px" }}>
      <tbody>
        {asking.map((one) => {
          const step = pipeline.steps.find((other) => other.name === one.name);
          return (
            <tr key={one.name}>
              <th scope="row" style={{ fontWeight: 450, textAlign: "left" }}>
                {step ? titleOf(step, language) : one.name}
              </th>
              <td className="quiet figures">
                {one.most !== null && one.most > one.requests
                  ? words.between(one.images, Math.round((one.images / one.requests) * one.most))
                  : words.pictures(one.images)}
              </td>
              <td className="figures" style={{ textAlign: "right" }}>
                {one.high === null ? `≥ ${money(one.low, language)}` : money(one.high, language)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
