import { ColorInput, Textarea, TextInput } from "@mantine/core";
import { useId } from "react";
import { isSet } from "@/form/fields";
import { useWords } from "@/words";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";

export function TextField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords().field;
  const id = useId();
  const text = typeof value === "string" ? value : "";
  const fallback = field.default ?? field.providerDefault;
  const shared = {
    id,
    value: text,
    placeholder: field.placeholder || (isSet(fallback) ? words.providerDefault(String(fallback)) : undefined),
    maxLength: typeof field.schema.maxLength === "number" ? field.schema.maxLength : undefined,
  };
  const change = (next: string) => onChange(next === "" ? undefined : next);
  return (
    <Labelled
      field={field}
      htmlFor={id}
      problem={problem}
      onReset={text ? () => onChange(undefined) : undefined}
    >
      {field.kind === "color" ? (
        <ColorInput {...shared} onChange={change} />
      ) : /prompt/.test(field.name) ? (
        <Textarea {...shared} autosize minRows={2} onChange={(event) => change(event.currentTarget.value)} />
      ) : (
        <TextInput {...shared} onChange={(event) => change(event.currentTarget.value)} />
      )}
    </Labelled>
  );
}
