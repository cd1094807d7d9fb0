import { Button, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Pencil } from "lucide-react";
import { useState } from "react";
import { problemOf } from "@/api/client";
import { checkRedo, type Decision, decide } from "@/api/pipelines";
import { isUnderWay, useItems, useRun } from "@/api/runs";
import { previewOf } from "@/features/request/pictures";
import { RunHead } from "@/features/runs/RunHead";
import { newId } from "@/identity";
import { useLook } from "@/look";
import { Missing } from "@/shell/Broken";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { ChangeStep } from "./ChangeStep";
import { usePipelineDraft } from "./draft";
import classes from "./Pipelines.module.css";
import type { Step } from "./pipeline";
import { progressOf, type Spec, specOf } from "./progress";
import { RunStep } from "./RunStep";

/** A pipeline under way: what each step has made, and what a person is asked for. */
export function PipelineRunPage() {
  const words = useWordsOf(pipelines);
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id } = useParams({ from: "/pipelines/$id" });
  const { data: run, isError } = useRun(id);
  const { data } = useItems(id, run);
  const [changing, setChanging] = useState<Step | null>(null);
  const [busy, setBusy] = useState(false);
  const confirmAbove = useLook((look) => look.confirmAbove);
  // What is known stays while the gateway is away.
  if (!run) return isError ? <Missing /> : null;
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const open = isUnderWay(run);
  const spec = specOf(run);

  async function tell(step: string, decision: Decision) {
    setBusy(true);
    setChanging(null);
    await decide(client, id, step, decision).catch((error: unknown) =>
      notifications.show({ color: "red", message: problemOf(error).detail, autoClose: 9000 }),
    );
    setBusy(false);
  }
  /** Made again as it was; what is dear is looked at first, with its price. */
  async function again(step: Step) {
    setBusy(true);
    const price = await checkRedo(id, step.name, {}).catch(() => null);
    setBusy(false);
    if (Number(price?.high ?? price?.low ?? 0) > confirmAbove) setChanging(step);
    else await tell(step.name, { kind: "redo", fields: {} });
  }
  function edit() {
    usePipelineDraft.getState().begin(spec.pipeline, "steps");
    usePipelineDraft.setState(filledIn(spec));
    void navigate({ to: "/pipelines/new" });
  }

  return (
    <div className={classes.page}>
      <RunHead run={run}>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Pencil size={14} aria-hidden />}
          onClick={edit}
        >
          {words.inEditor}
        </Button>
      </RunHead>
      <ol style={{ margin: 0, padding: 0, listStyle: "none" }}>
        {progressOf(run, items).map((one, place) => (
          <RunStep
            key={one.step.name}
            place={place}
            progress={one}
            spec={spec}
            busy={busy}
            resting={!open}
            onDecide={(decision) => void tell(one.step.name, decision)}
            onChange={() => setChanging(one.step)}
            onAgain={() => void again(one.step)}
          />
        ))}
      </ol>
      {run.state === "review" && (
        <Text className="hidden" role="status">
          {words.waitsReview}
        </Text>
      )}
      {changing && (
        <ChangeStep
          run={id}
          spec={spec}
          step={changing}
          onClose={() => setChanging(null)}
          onGo={(fields) => void tell(changing.name, { kind: "redo", fields })}
        />
      )}
    </div>
  );
}

/** The inputs of a run, as somebody would have filled them in. */
function filledIn({ pipeline, inputs }: Spec) {
  const pictures = Object.entries(pipeline.inputs ?? {})
    .filter(([, { kind }]) => kind === "picture" || kind === "pictures")
    .map(([name]) => [
      name,
      [inputs[name] ?? []].flat().map((one) => {
        const source = String(one);
        return {
          slot: newId(),
          source,
          preview: previewOf(source),
          name: source.slice(0, 12),
          state: "ready" as const,
        };
      }),
    ]);
  return { values: { ...inputs }, pictures: Object.fromEntries(pictures) };
}
