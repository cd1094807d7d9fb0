import { NumberInput, Select, Stack, Switch, Text, Textarea } from "@mantine/core";
import type { Json } from "@/api/types";
import type { Reference } from "@/features/create/draft";
import { PictureSlots } from "@/features/request/PictureSlots";
import type { Change } from "@/features/request/pictures";
import { typed } from "@/form/typed";
import { useLook } from "@/look";
import { humanise } from "@/numbers";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { usePipelineDraft } from "./draft";
import { type Input, type Pipeline, said } from "./pipeline";

/** The inputs as a form, for whoever runs the pipeline without caring how it works. */
export function InputsForm({ pipeline }: { pipeline: Pipeline }) {
  const words = useWordsOf(pipelines);
  const { values, pictures, setValue, setPictures } = usePipelineDraft();
  const inputs = Object.entries(pipeline.inputs ?? {});
  if (!inputs.length)
    return (
      <Text size="sm" className="quiet">
        {words.noInputs}
      </Text>
    );
  return (
    <Stack gap="md">
      {inputs.map(([name, input]) => (
        <InputField
          key={name}
          name={name}
          input={input}
          value={values[name] ?? undefined}
          onChange={(value) => setValue(name, value)}
          pictures={pictures[name] ?? []}
          onPictures={setPictures(name)}
        />
      ))}
    </Stack>
  );
}

interface Props {
  name: string;
  input: Input;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  pictures: Reference[];
  onPictures: Change;
}

function InputField({ name, input, value, onChange, pictures, onPictures }: Props) {
  const language = useLook((look) => look.language);
  const label = said(input.title, language) || humanise(name);
  const help = said(input.help, language);
  const told = { label, description: help || undefined };
  switch (input.kind) {
    case "picture":
    case "pictures":
      return (
        <PictureSlots
          label={label}
          help={help}
          pictures={pictures}
          onChange={onPictures}
          limit={input.kind === "picture" ? 1 : undefined}
        />
      );
    case "number":
      return (
        <NumberInput
          {...told}
          value={typeof value === "number" ? value : ""}
          onChange={(next) => typed(next, onChange)}
        />
      );
    case "switch":
      return (
        <Switch
          {...told}
          checked={Boolean(value ?? input.default)}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "choice":
      return <ChoiceField told={told} choices={input.choices ?? []} value={value} onChange={onChange} />;
    default:
      return (
        <Textarea
          {...told}
          autosize
          minRows={1}
          maxRows={10}
          value={typeof value === "string" ? value : ""}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

interface ChoiceProps {
  told: { label: string; description: string | undefined };
  choices: Json[];
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
}

function ChoiceField({ told, choices, value, onChange }: ChoiceProps) {
  const text = (one: Json) => (typeof one === "string" ? one : JSON.stringify(one));
  return (
    <Select
      {...told}
      allowDeselect={false}
      value={value === undefined ? null : text(value)}
      data={choices.map(text)}
      onChange={(chosen) => onChange(choices.find((one) => text(one) === chosen))}
    />
  );
}
