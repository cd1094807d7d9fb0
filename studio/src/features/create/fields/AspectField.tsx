import { Wand } from "lucide-react";
import { isSet } from "@/form/fields";
import { useWords } from "@/words";
import { Choices } from "./Choices";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";
import { ratioOf } from "./sizes";

/** Where a ratio is free text, these are offered. */
const USUAL = ["1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "21:9", "9:21"];

export function AspectField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords();
  const offered = field.options.length ? field.options.map(String) : USUAL;
  const fallback = String(field.default ?? field.providerDefault ?? "");
  const now = isSet(value) ? String(value) : fallback;
  const all = now && !offered.includes(now) ? [...offered, now] : offered;
  return (
    <Labelled
      field={field}
      problem={problem}
      value={isSet(value) ? "" : words.field.default}
      onReset={isSet(value) ? () => onChange(undefined) : undefined}
    >
      <Choices
        label={field.title}
        value={now}
        onChange={onChange}
        choices={all.map((one) => ({
          value: one,
          label: words.size.names[one] ?? one,
          ratio: ratioOf(one),
          icon: <Wand size={18} aria-hidden />,
        }))}
      />
    </Labelled>
  );
}
