import { NumberInput } from "@mantine/core";
import { useId } from "react";
import { isSet } from "@/form/fields";
import { typed } from "@/form/typed";
import { useLook } from "@/look";
import { useWords } from "@/words";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";

export function NumberField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords().field;
  const language = useLook((look) => look.language);
  const id = useId();
  const fallback = field.default ?? field.providerDefault;
  return (
    <Labelled
      field={field}
      htmlFor={id}
      problem={problem}
      onReset={isSet(value) ? () => onChange(undefined) : undefined}
    >
      <NumberInput
        id={id}
        value={typeof value === "number" ? value : ""}
        min={field.minimum ?? undefined}
        max={field.maximum ?? undefined}
        step={field.step ?? 1}
        allowDecimal={field.schema.type !== "integer"}
        decimalSeparator={language === "de" ? "," : "."}
        placeholder={isSet(fallback) ? words.providerDefault(String(fallback)) : words.providerDecides}
        onChange={(next) => typed(next, onChange)}
        suffix={field.unit ? ` ${field.unit}` : undefined}
      />
    </Labelled>
  );
}
