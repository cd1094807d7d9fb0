import { Button, Group, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { CircleAlert, ShieldAlert } from "lucide-react";
import type { ReactNode } from "react";
import { api, data } from "@/api/client";
import { place, readGeneration, useModels } from "@/api/queries";
import type { Generation, Problem, ProviderName } from "@/api/types";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { PROVIDERS } from "@/shell/TopBar";
import { ProblemText } from "@/ui/ProblemText";
import { tellTrouble } from "@/ui/tellTrouble";
import { inLanguage, useWords } from "@/words";
import { useDraft } from "../draft";
import { useSubmit } from "../useSubmit";
import { useToForm } from "../useToForm";
import { fallbackOf, otherProvider } from "./fallback";
import classes from "./Results.module.css";
import { repeated } from "./repeated";
import { SafetyButton } from "./SafetyButton";

interface Props {
  generation: Generation;
  /** What can be done now, where that is something else than in Create. */
  next?: ReactNode;
}

/** No picture, or not all: what happened, whether it was charged, and what can be done now. */
export function Failure({ generation, next }: Props) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const problem = generation.error as Problem;
  const moderated = problem.code.startsWith("moderated");
  const Icon = moderated ? ShieldAlert : CircleAlert;
  const { receipt } = generation;
  const charge =
    receipt.state === "charged" && receipt.charged !== null
      ? words.problem.chargedAmount(money(receipt.charged, language))
      : (words.problem.charge[receipt.state] ?? "");
  return (
    <section
      className={classes.failure}
      data-moderated={moderated || undefined}
      aria-label={words.problem.what[problem.code] ?? problem.detail}
    >
      <Icon size={20} aria-hidden className={moderated ? "warn" : "bad"} />
      <div>
        {generation.images.length > 0 && (
          <Text size="sm">{words.run.made(generation.images.length, generation.jobs.length)}</Text>
        )}
        <ProblemText problem={problem} compact />
        <Text size="sm" className="figures" mt={2}>
          {charge}
        </Text>
        {next ?? <Next generation={generation} problem={problem} />}
      </div>
    </section>
  );
}

function Next({ generation, problem }: { generation: Generation; problem: Problem }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const { data: list } = useModels();
  const client = useQueryClient();
  const { submit, busy } = useSubmit(true);
  const toForm = useToForm();
  const reuse = useDraft((draft) => draft.reuse);
  const chooseModel = useDraft((draft) => draft.chooseModel);
  const models = list?.models ?? [];
  const other = otherProvider(models, generation);
  const fallback = fallbackOf(models, generation);

  async function decide(choice: "retry" | "abandon") {
    for (const job of generation.jobs.filter((one) => one.state === "unknown")) {
      await data(
        api.POST("/v1/jobs/{job_id}/resolve", { params: { path: { job_id: job.id } }, body: { choice } }),
      );
    }
    place(client, await readGeneration(generation.id));
  }
  if (generation.state === "unknown") {
    return (
      <Group gap={6} mt={8}>
        <Button size="compact-sm" variant="default" onClick={() => void decide("retry").catch(tellTrouble)}>
          {words.run.resend}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => void decide("abandon").catch(tellTrouble)}>
          {words.run.giveUp}
        </Button>
      </Group>
    );
  }
  if (generation.state === "cancelled") return null;
  const last = generation.references.length;
  return (
    <Group gap={6} mt={8}>
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => {
          reuse(generation);
          void toForm();
        }}
      >
        {words.problem.editPrompt}
      </Button>
      {problem.code === "moderated_input" && last > 0 && (
        <Button
          size="compact-sm"
          variant="default"
          loading={busy}
          onClick={() => void submit(repeated(generation, { otherSeed: false, without: last }))}
        >
          {words.problem.withoutImage(last)}
        </Button>
      )}
      {problem.code.startsWith("moderated") && <SafetyButton generation={generation} />}
      {problem.code !== "moderated_input" && (
        <Button
          size="compact-sm"
          variant="default"
          loading={busy}
          onClick={() => void submit(repeated(generation, { otherSeed: true }))}
        >
          {problem.code === "moderated_output" ? words.problem.anotherSeed : words.shell.retry}
        </Button>
      )}
      {other && (
        <Button
          size="compact-sm"
          variant="default"
          loading={busy}
          onClick={() => void submit(repeated(generation, { otherSeed: false, provider: other }))}
        >
          {words.problem.otherProvider(PROVIDERS[other as ProviderName])}
        </Button>
      )}
      {fallback && (
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => {
            reuse(generation);
            chooseModel(fallback.id);
            void toForm();
          }}
        >
          {words.problem.tryOther(inLanguage(fallback.titles, language))}
        </Button>
      )}
    </Group>
  );
}
