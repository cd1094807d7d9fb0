import { NumberInput, SegmentedControl } from "@mantine/core";
import { isSet } from "@/form/fields";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";

const USUAL = ["1", "2", "3", "4"];

/** How many pictures: the usual few with one press, any number by typing. */
export function CountField({ field, value, onChange, problem }: FieldProps) {
  const now = typeof value === "number" ? value : 1;
  const most = field.maximum ?? 100;
  return (
    <Labelled
      field={field}
      problem={problem}
      onReset={isSet(value) && now !== 1 ? () => onChange(undefined) : undefined}
    >
      <div style={{ display: "grid", gridTemplateColumns: "1fr 84px", gap: 8 }}>
        <SegmentedControl
          size="xs"
          data={USUAL}
          value={USUAL.includes(String(now)) ? String(now) : ""}
          onChange={(text) => onChange(Number(text) === 1 ? undefined : Number(text))}
          aria-label={field.title}
        />
        <NumberInput
          size="xs"
          min={1}
          max={most}
          clampBehavior="blur"
          value={now}
          allowDecimal={false}
          onChange={(next) => typeof next === "number" && onChange(next === 1 ? undefined : next)}
          aria-label={field.title}
        />
      </div>
    </Labelled>
  );
}
