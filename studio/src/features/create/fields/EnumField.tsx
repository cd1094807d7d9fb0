import { SegmentedControl, Select } from "@mantine/core";
import type { Json } from "@/api/types";
import { isSet } from "@/form/fields";
import { useWords } from "@/words";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";

const MOST_SIDE_BY_SIDE = 4;

/** One of a few: side by side while they fit, else a list. */
export function EnumField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords().field;
  const options = field.options.map((one) => ({ value: String(one), label: String(one) }));
  const fallback = field.default ?? field.providerDefault;
  const now = String(value ?? fallback ?? "");
  const choose = (text: string | null) => {
    const found = field.options.find((one) => String(one) === text) as Json | undefined;
    onChange(found);
  };
  const reset = isSet(value) ? () => onChange(undefined) : undefined;
  const length = options.reduce((sum, one) => sum + one.label.length, 0);
  return (
    <Labelled field={field} problem={problem} onReset={reset} value={isSet(value) ? "" : words.default}>
      {options.length <= MOST_SIDE_BY_SIDE && length < 30 ? (
        <SegmentedControl
          fullWidth
          size="xs"
          data={options}
          value={now}
          onChange={choose}
          aria-label={field.title}
        />
      ) : (
        <Select
          data={options}
          value={now || null}
          onChange={choose}
          aria-label={field.title}
          allowDeselect={false}
        />
      )}
    </Labelled>
  );
}
