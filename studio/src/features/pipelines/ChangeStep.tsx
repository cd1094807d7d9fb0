import { Button, Group, Modal, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { Trouble } from "@/api/client";
import { useCheckedRedo } from "@/api/pipelines";
import type { Json } from "@/api/types";
import { useLook } from "@/look";
import { ProblemText } from "@/ui/ProblemText";
import { useWords, useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { offersAt, type Step, titleOf, withStep } from "./pipeline";
import { againWith, difference, type Spec } from "./progress";
import { StepForm } from "./StepForm";
import { usePriceText } from "./usePriceText";

interface Props {
  run: string;
  spec: Spec;
  step: Step;
  onClose: () => void;
  onGo: (fields: Record<string, Json>) => void;
}

/** A step of a run, changed and made again, with what that makes anew and costs. */
export function ChangeStep({ run, spec, step, onClose, onGo }: Props) {
  const words = useWordsOf(pipelines);
  const shell = useWords().shell;
  const language = useLook((look) => look.language);
  const [now, setNow] = useState(step);
  const place = spec.pipeline.steps.findIndex((one) => one.name === step.name);
  const changed = withStep(spec.pipeline, place, now);
  const again = againWith(changed, step.name);
  const [asked] = useDebouncedValue(JSON.stringify(difference(step, now)), 350);
  const { data, error } = useCheckedRedo(run, step.name, JSON.parse(asked));
  const problem = error instanceof Trouble ? error.problem : null;
  const price = usePriceText(problem ? undefined : data);
  const wrong = data?.steps.find((one) => one.state === "invalid");
  const names = again.map((name) => {
    const found = spec.pipeline.steps.find((one) => one.name === name);
    return found ? titleOf(found, language) : name;
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={words.changeTitle(titleOf(step, language))}
      closeButtonProps={{ "aria-label": shell.close }}
    >
      <StepForm step={now} offers={offersAt(spec.pipeline, place)} onChange={setNow} />
      {problem && <ProblemText problem={problem} compact />}
      {wrong && (
        <Text size="sm" className="bad" role="alert" lang="en" mt="sm">
          {wrong.why}
        </Text>
      )}
      <Text size="sm" className="quiet" mt="lg">
        {words.redoWhat(names.join(", "))}
      </Text>
      <Group justify="flex-end" mt="sm">
        <Button variant="default" onClick={onClose}>
          {shell.cancel}
        </Button>
        <Button disabled={Boolean(problem ?? wrong)} onClick={() => onGo(difference(step, now))}>
          {words.changeGo}
          <span className="figures" style={{ marginLeft: 10, fontWeight: 450 }}>
            {price}
          </span>
        </Button>
      </Group>
    </Modal>
  );
}
