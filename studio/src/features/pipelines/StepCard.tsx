import { ActionIcon, SimpleGrid, Stack, Switch, Text, TextInput, Tooltip } from "@mantine/core";
import { ArrowDown, ArrowUp, ChevronDown, CirclePause, Trash2 } from "lucide-react";
import { useState } from "react";
import type { CheckedStep } from "@/api/pipelines";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import classes from "./Pipelines.module.css";
import { changedStep, offersAt, type Pipeline, type Step, titleOf } from "./pipeline";
import { StepForm } from "./StepForm";

interface Props {
  pipeline: Pipeline;
  place: number;
  open: boolean;
  checked: CheckedStep | undefined;
  wrong: string;
  onOpen: () => void;
  onChange: (step: Step) => void;
  onRename: (name: string) => void;
  onMove: (by: number) => void;
  onRemove: () => void;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** One step of the list: what it does in a line, its form when it is opened. */
export function StepCard({ pipeline, place, open, checked, wrong, onOpen, onChange, ...act }: Props) {
  const words = useWordsOf(pipelines);
  const language = useLook((look) => look.language);
  const step = pipeline.steps[place] as Step;
  const name = titleOf(step, language);
  const last = pipeline.steps.length - 1;
  return (
    <section
      className={classes.step}
      data-wrong={Boolean(wrong) || undefined}
      aria-label={words.step(place + 1, name)}
    >
      <div className={classes.stepHead}>
        <button type="button" className={classes.stepOpen} aria-expanded={open} onClick={onOpen}>
          <span className={classes.number} aria-hidden>
            {place + 1}
          </span>
          <span>
            <Text component="span" fw={550}>
              {name}
            </Text>{" "}
            <Text component="span" size="sm" className="quiet">
              {words.stepKinds[step.do]}
              {step.do === "tool" && `: ${words.tools[String(step.tool)] ?? step.tool}`}
              {step.model !== undefined && ` · ${step.model}`}
            </Text>
          </span>
          {step.checkpoint && <CirclePause size={15} aria-label={words.checkpoint} />}
          <ChevronDown
            size={15}
            aria-hidden
            style={{ rotate: open ? "180deg" : "0deg", marginLeft: "auto" }}
          />
        </button>
        {checked?.high != null && Number(checked.high) > 0 && (
          <Text size="sm" className="quiet figures">
            {money(checked.high, language)}
          </Text>
        )}
        <Move label={words.up(name)} off={place === 0} onClick={() => act.onMove(-1)} icon={ArrowUp} />
        <Move label={words.down(name)} off={place === last} onClick={() => act.onMove(1)} icon={ArrowDown} />
        <Move label={words.remove(name)} off={last === 0} onClick={act.onRemove} icon={Trash2} />
      </div>
      {wrong && (
        <Text size="sm" className="bad" px={16} pb={10} role="alert" lang="en">
          {wrong}
        </Text>
      )}
      {open && (
        <Stack gap="md" className={classes.stepBody} pt="md">
          <StepForm step={step} offers={offersAt(pipeline, place)} onChange={onChange} />
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" style={{ alignItems: "end" }}>
            <NameField key={step.name} value={step.name} onChange={act.onRename} />
            {step.do !== "select" && step.do !== "webhook" && (
              <Switch
                label={words.checkpoint}
                checked={Boolean(step.checkpoint)}
                onChange={(event) =>
                  onChange(changedStep(step, { checkpoint: event.currentTarget.checked || undefined }))
                }
              />
            )}
          </SimpleGrid>
        </Stack>
      )}
    </section>
  );
}

function Move({
  label,
  off,
  onClick,
  icon: Icon,
}: {
  label: string;
  off: boolean;
  onClick: () => void;
  icon: typeof ArrowUp;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={30} aria-label={label} disabled={off} onClick={onClick}>
        <Icon size={15} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

/** A name takes effect when it is one, and when the field is left: others refer to it. */
function NameField({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const words = useWordsOf(pipelines);
  const [text, setText] = useState(value);
  return (
    <TextInput
      label={words.stepName}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => (NAME.test(text) ? text !== value && onChange(text) : setText(value))}
      error={!NAME.test(text)}
    />
  );
}
