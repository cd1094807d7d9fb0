import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  Select,
  Text,
  TextInput,
  Title,
  Tooltip,
} from "@mantine/core";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { typed } from "@/form/typed";
import { useLook } from "@/look";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import classes from "./Pipelines.module.css";
import { freeName, INPUT_KINDS, type Input, type InputKind, type Pipeline, renamed, said } from "./pipeline";

interface Props {
  pipeline: Pipeline;
  onChange: (pipeline: Pipeline) => void;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** What a pipeline asks for. */
export function InputsEditor({ pipeline, onChange }: Props) {
  const words = useWordsOf(pipelines);
  const inputs = Object.entries(pipeline.inputs ?? {});
  const names = inputs.map(([name]) => name);
  const put = (name: string, input: Input) =>
    onChange({ ...pipeline, inputs: { ...pipeline.inputs, [name]: input } });
  return (
    <section>
      <Title order={2} size="h5">
        {words.inputs}
      </Title>
      <Text size="sm" className="quiet" mb="sm">
        {words.inputsText}
      </Text>
      {inputs.map(([name, input]) => (
        <Row
          key={name}
          name={name}
          input={input}
          onChange={(next) => put(name, next)}
          onRename={(next) => {
            const free = freeName(
              next,
              names.filter((one) => one !== name),
            );
            onChange(renamed(pipeline, "inputs", name, free));
          }}
          onRemove={() => {
            const { [name]: _, ...rest } = pipeline.inputs ?? {};
            onChange({ ...pipeline, inputs: rest });
          }}
        />
      ))}
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<Plus size={14} aria-hidden />}
        onClick={() => put(freeName("text", names), { kind: "text" })}
      >
        {words.addInput}
      </Button>
    </section>
  );
}

interface RowProps {
  name: string;
  input: Input;
  onChange: (input: Input) => void;
  onRename: (name: string) => void;
  onRemove: () => void;
}

function Row({ name, input, onChange, onRename, onRemove }: RowProps) {
  const words = useWordsOf(pipelines);
  const language = useLook((look) => look.language);
  const [text, setText] = useState(name);
  const choice = input.kind === "choice";
  return (
    <Group role="group" aria-label={name} className={classes.inputRow}>
      <TextInput
        size="xs"
        label={words.inputName}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={() => (NAME.test(text) ? text !== name && onRename(text) : setText(name))}
        error={!NAME.test(text)}
      />
      <TextInput
        size="xs"
        label={words.inputTitle}
        value={said(input.title, language)}
        onChange={(event) => {
          const title = event.currentTarget.value;
          onChange({
            ...input,
            title: typeof input.title === "object" ? { ...input.title, [language]: title } : title,
          });
        }}
      />
      <Select
        size="xs"
        label={words.inputKind}
        allowDeselect={false}
        value={input.kind}
        data={INPUT_KINDS.map((one) => ({ value: one, label: words.kinds[one] ?? one }))}
        onChange={(kind) => onChange(ofKind(input, (kind ?? "text") as InputKind))}
      />
      {choice ? (
        <TextInput
          size="xs"
          label={words.inputChoices}
          defaultValue={(input.choices ?? []).join(", ")}
          onBlur={(event) =>
            onChange({ ...input, choices: listed(event.currentTarget.value), default: undefined })
          }
        />
      ) : (
        <DefaultField input={input} onChange={onChange} />
      )}
      <Tooltip label={words.removeInput(name)}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={30}
          aria-label={words.removeInput(name)}
          onClick={onRemove}
        >
          <Trash2 size={15} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}

/** The same question of another kind: a default of the old kind would not fit. */
function ofKind(input: Input, kind: InputKind): Input {
  const { default: _, choices: __, ...rest } = input;
  return kind === "choice" ? { ...rest, kind, choices: ["a", "b"] } : { ...rest, kind };
}

function DefaultField({ input, onChange }: Pick<RowProps, "input" | "onChange">) {
  const words = useWordsOf(pipelines);
  const language = useLook((look) => look.language);
  const { default: value, ...rest } = input;
  const told = { size: "xs", label: words.inputDefault } as const;
  if (input.kind === "number")
    return (
      <NumberInput
        {...told}
        hideControls
        decimalSeparator={language === "de" ? "," : "."}
        value={typeof value === "number" ? value : ""}
        onChange={(next) =>
          typed(next, (found) => onChange(found === undefined ? rest : { ...rest, default: found }))
        }
      />
    );
  return (
    <TextInput
      {...told}
      disabled={input.kind !== "text"}
      value={typeof value === "string" ? value : ""}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(text ? { ...rest, default: text } : rest);
      }}
    />
  );
}

function listed(text: string): string[] {
  const found = text
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
  return found.length ? [...new Set(found)] : ["a"];
}
