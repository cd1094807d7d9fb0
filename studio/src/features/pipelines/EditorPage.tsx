import {
  Button,
  Group,
  SegmentedControl,
  Select,
  Skeleton,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Download } from "lucide-react";
import { useEffect } from "react";
import { Trouble } from "@/api/client";
import { type CheckedPipeline, useChecked } from "@/api/pipelines";
import { useModels } from "@/api/queries";
import type { Problem } from "@/api/types";
import { useLook } from "@/look";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { inputsOf, usePipelineDraft, type View } from "./draft";
import { InputsEditor } from "./InputsEditor";
import { InputsForm } from "./InputsForm";
import classes from "./Pipelines.module.css";
import { blank, type Pipeline, said } from "./pipeline";
import { RunBar } from "./RunBar";
import { StepList } from "./StepList";
import { fileText, TextView } from "./TextView";

const PAUSE = 350; // milliseconds without a change until the price is asked for

/** A pipeline before it runs: its inputs to fill in, its steps to write, its file. */
export function EditorPage() {
  const words = useWordsOf(pipelines);
  const { data: list } = useModels();
  const draft = usePipelineDraft();
  const { pipeline, view, begin, look } = draft;

  useEffect(() => {
    if (!pipeline && list) begin(blank(words.create, list.default), "steps");
  }, [pipeline, list, begin, words]);
  const text = JSON.stringify([pipeline, inputsOf(draft)]);
  const [asked] = useDebouncedValue(text, PAUSE);
  const [askedPipeline, askedInputs] = JSON.parse(asked);
  const { data, error, isFetching } = useChecked(askedPipeline, askedInputs);
  const problem = error instanceof Trouble ? error.problem : null;
  if (!pipeline) return null;
  const checked = problem ? undefined : data;
  const side = (
    <Stack gap="lg">
      <InputsForm pipeline={pipeline} />
      <RunBar pipeline={pipeline} checked={checked} stale={isFetching || asked !== text} problem={problem} />
    </Stack>
  );
  return (
    <div className={classes.page} data-narrow={view === "inputs" || undefined}>
      <Head pipeline={pipeline} view={view} onView={look} />
      {view === "inputs" ? (
        <section className={classes.block}>{side}</section>
      ) : (
        <div className={classes.columns}>
          <div>
            {view === "steps" && draft.reading ? (
              <Skeleton height={300} />
            ) : view === "steps" ? (
              <Steps pipeline={pipeline} checked={checked} problem={problem} />
            ) : (
              <TextView pipeline={pipeline} onChange={draft.change} />
            )}
          </div>
          <aside className={`${classes.block} ${classes.aside}`} aria-label={words.inputsView}>
            {side}
          </aside>
        </div>
      )}
    </div>
  );
}

function Head({ pipeline, view, onView }: { pipeline: Pipeline; view: View; onView: (view: View) => void }) {
  const words = useWordsOf(pipelines);
  const language = useLook((look) => look.language);
  return (
    <header className={classes.head}>
      <div>
        <Title order={1} size="h2">
          {said(pipeline.title, language) || pipeline.name}
        </Title>
        <Text className="quiet" maw={640}>
          {said(pipeline.description, language)}
        </Text>
      </div>
      <Group gap={8}>
        <SegmentedControl
          size="sm"
          aria-label={words.view}
          value={view}
          onChange={(next) => onView(next as View)}
          data={[
            { value: "inputs", label: words.inputsView },
            { value: "steps", label: words.stepsView },
            { value: "text", label: words.textView },
          ]}
        />
        {(["yaml", "json"] as const).map((kind) => (
          <Button
            key={kind}
            size="xs"
            variant="default"
            leftSection={<Download size={14} aria-hidden />}
            aria-label={kind === "yaml" ? words.exportYaml : words.exportJson}
            onClick={() => save(`${pipeline.name}.${kind}`, fileText(pipeline, kind))}
          >
            {kind.toUpperCase()}
          </Button>
        ))}
      </Group>
    </header>
  );
}

function save(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name.replaceAll(/[^\w.-]+/g, "-");
  link.click();
  URL.revokeObjectURL(link.href);
}

interface StepsProps {
  pipeline: Pipeline;
  checked: CheckedPipeline | undefined;
  problem: Problem | null;
}

function Steps({ pipeline, checked, problem }: StepsProps) {
  const words = useWordsOf(pipelines);
  const change = usePipelineDraft((draft) => draft.change);
  const mode = pipeline.mode ?? (pipeline.steps.some((one) => one.checkpoint) ? "checkpoint" : "auto");
  return (
    <Stack gap="lg">
      <section className={classes.block}>
        <Group align="end" gap="sm" mb="lg" wrap="wrap">
          <TextInput
            flex="1 1 220px"
            label={words.name}
            value={pipeline.name}
            maxLength={200}
            onChange={(event) => change({ ...pipeline, name: event.currentTarget.value })}
          />
          <Select
            w={190}
            label={words.mode}
            allowDeselect={false}
            value={mode}
            data={(["checkpoint", "manual", "auto"] as const).map((one) => ({
              value: one,
              label: words.modes[one] ?? one,
            }))}
            onChange={(next) => change({ ...pipeline, mode: (next ?? "auto") as Pipeline["mode"] })}
          />
        </Group>
        <InputsEditor pipeline={pipeline} onChange={change} />
      </section>
      <section>
        <Title order={2} size="h5" mb="sm">
          {words.steps}
        </Title>
        <StepList pipeline={pipeline} onChange={change} checked={checked} problem={problem} />
      </section>
    </Stack>
  );
}
