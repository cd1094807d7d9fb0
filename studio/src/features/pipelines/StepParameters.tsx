import { ActionIcon, Menu, Text, Tooltip } from "@mantine/core";
import { Braces, X } from "lucide-react";
import type { ReactNode } from "react";
import type { Mode } from "@/api/types";
import { ParameterList } from "@/features/request/ParameterList";
import type { Field, Values } from "@/form/fields";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import classes from "./Pipelines.module.css";
import { changedStep, field as fieldOf, type Offer, refersTo, type Step } from "./pipeline";
import { useOfferNames } from "./useOfferNames";

interface Props {
  step: Step;
  mode: Mode;
  offers: Offer[];
  onChange: (step: Step) => void;
}

/** The parameters of a step's request; each has a value of its own, or takes that of an input. */
export function StepParameters({ step, mode, offers, onChange }: Props) {
  const words = useWordsOf(pipelines);
  const nameOf = useOfferNames();
  const values = step as unknown as Values;
  const inputs = offers.filter((one) => one.kind === "value" || one.kind === "text");
  const set = (name: string, value: Step[string]) => onChange(changedStep(step, { [name]: value }));

  function draw(field: Field, drawn: ReactNode) {
    const value = values[field.name];
    if (refersTo(value))
      return (
        <div key={field.name}>
          <Text size="sm" fw={550} mb={4}>
            {field.title}
          </Text>
          <span className={classes.token} data-used>
            {String(value)}
            <button
              type="button"
              aria-label={words.ownValue(field.title)}
              onClick={() => set(field.name, undefined)}
            >
              <X size={13} aria-hidden />
            </button>
          </span>
        </div>
      );
    if (!inputs.length) return drawn;
    return (
      <div key={field.name} className={classes.parameter}>
        {drawn}
        <Menu position="bottom-end">
          <Menu.Target>
            <Tooltip label={words.takeFrom(field.title)}>
              <ActionIcon variant="subtle" color="gray" size={26} aria-label={words.takeFrom(field.title)}>
                <Braces size={14} aria-hidden />
              </ActionIcon>
            </Tooltip>
          </Menu.Target>
          <Menu.Dropdown>
            {inputs.map(({ path }) => (
              <Menu.Item key={path} onClick={() => set(field.name, fieldOf(path))}>
                {nameOf(path)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
    );
  }

  return <ParameterList mode={mode} values={values} onChange={set} draw={draw} />;
}
