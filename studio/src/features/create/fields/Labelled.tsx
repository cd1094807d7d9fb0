import { Text, Tooltip } from "@mantine/core";
import { CircleHelp, RotateCcw } from "lucide-react";
import { type ReactNode, useId } from "react";
import type { Field } from "@/form/fields";
import { useWords } from "@/words";
import classes from "../Create.module.css";

interface Props {
  field: Field;
  /** What is said on the right of the name. */
  value?: string;
  /** The name is the label of one input with this id; without it, of a group. */
  htmlFor?: string;
  onReset?: () => void;
  problem?: string;
  children: ReactNode;
}

/** A field with its name, its help, its value and its trouble. */
export function Labelled({ field, value, htmlFor, onReset, problem, children }: Props) {
  const words = useWords().field;
  const id = useId();
  const name = htmlFor ? <label htmlFor={htmlFor}>{field.title}</label> : <span id={id}>{field.title}</span>;
  return (
    <div data-field={field.name} {...(htmlFor ? {} : { role: "group", "aria-labelledby": id })}>
      <div className={classes.label}>
        {name}
        {field.help && (
          <Tooltip label={field.help} events={{ hover: true, focus: true, touch: true }}>
            <button
              type="button"
              className={classes.help}
              aria-label={`${words.help(field.title)}: ${field.help}`}
            >
              <CircleHelp size={13} aria-hidden />
            </button>
          </Tooltip>
        )}
        <span className={`${classes.value} quiet figures`}>{value}</span>
        {onReset && (
          <Tooltip label={words.reset(field.title)}>
            <button
              type="button"
              className={classes.help}
              aria-label={words.reset(field.title)}
              onClick={onReset}
            >
              <RotateCcw size={13} aria-hidden />
            </button>
          </Tooltip>
        )}
      </div>
      {children}
      {problem && (
        <Text size="xs" className="bad" role="alert" mt={4}>
          {problem}
        </Text>
      )}
    </div>
  );
}
