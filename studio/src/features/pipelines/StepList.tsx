import { Button, Menu, Text } from "@mantine/core";
import { Plus } from "lucide-react";
import { useState } from "react";
import type { CheckedPipeline } from "@/api/pipelines";
import { useModels } from "@/api/queries";
import type { Problem } from "@/api/types";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import {
  freeName,
  moved,
  newStep,
  type Pipeline,
  renamed,
  STEP_KINDS,
  type Step,
  type StepKind,
  withStep,
} from "./pipeline";
import { StepCard } from "./StepCard";
import { modelsFor } from "./useStepMode";

interface Props {
  pipeline: Pipeline;
  onChange: (pipeline: Pipeline) => void;
  checked: CheckedPipeline | undefined;
  problem: Problem | null;
}

/** The steps in their order. */
export function StepList({ pipeline, onChange, checked, problem }: Props) {
  const words = useWordsOf(pipelines);
  const { data: list } = useModels();
  const [open, setOpen] = useState<string | null>(pipeline.steps[0]?.name ?? null);
  const checkedOf = (step: Step) => checked?.steps.find((one) => one.name === step.name);

  function add(kind: StepKind) {
    const step = newStep(pipeline, kind, list?.default ?? "");
    const models = modelsFor(list?.models ?? [], step);
    if (step.model !== undefined && !models.some((one) => one.id === step.model)) step.model = models[0]?.id;
    onChange({ ...pipeline, steps: [...pipeline.steps, step] });
    setOpen(step.name);
  }
  function rename(step: Step, wanted: string) {
    const others = pipeline.steps.filter((one) => one !== step).map((one) => one.name);
    const name = freeName(wanted, others);
    onChange(renamed(pipeline, "steps", step.name, name));
    setOpen(name);
  }
  /** What the gateway says about a step: of its file, else of its request. */
  function wrongIn(step: Step, place: number): string {
    const at = problem?.field ?? "";
    if (at.startsWith(`steps.${step.name}`) || at.startsWith(`steps.${place}`)) return problem?.detail ?? "";
    const found = checkedOf(step);
    return found?.state === "invalid" ? found.why : "";
  }

  return (
    <div>
      {pipeline.steps.map((step, place) => (
        <StepCard
          key={step.name}
          pipeline={pipeline}
          place={place}
          open={open === step.name}
          checked={checkedOf(step)}
          wrong={wrongIn(step, place)}
          onOpen={() => setOpen(open === step.name ? null : step.name)}
          onChange={(next) => onChange(withStep(pipeline, place, next))}
          onRename={(name) => rename(step, name)}
          onMove={(by) => onChange(moved(pipeline, place, by))}
          onRemove={() => onChange({ ...pipeline, steps: pipeline.steps.filter((one) => one !== step) })}
        />
      ))}
      <Menu position="bottom-start" width={300}>
        <Menu.Target>
          <Button variant="default" leftSection={<Plus size={16} aria-hidden />}>
            {words.addStep}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {STEP_KINDS.map((kind) => (
            <Menu.Item key={kind} onClick={() => add(kind)}>
              {words.stepKinds[kind]}
              <Text size="xs" className="quiet">
                {words.stepHelp[kind]}
              </Text>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
