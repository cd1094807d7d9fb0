import { Group, NumberInput, Slider } from "@mantine/core";
import type { Json } from "@/api/types";
import { isSet } from "@/form/fields";
import { useLook } from "@/look";
import { decimal } from "@/numbers";
import { useWords } from "@/words";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";

/** A number between two others. Choices that are written as texts ("1" … "5") are numbers here and texts when sent. */
export function SliderField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords().field;
  const language = useLook((look) => look.language);
  const texts = field.options.length > 0;
  const numbers = texts ? field.options.map(Number) : [];
  const low = texts ? Math.min(...numbers) : (field.minimum ?? 0);
  const high = texts ? Math.max(...numbers) : (field.maximum ?? 100);
  const step = texts ? 1 : (field.step ?? fine(high - low));
  const fallback = field.default ?? field.providerDefault;
  const now = Number(value ?? fallback ?? low);
  const change = (next: number) => {
    const typed: Json = texts && typeof field.options[0] === "string" ? String(next) : next;
    onChange(typed);
  };
  const said = isSet(value) ? "" : isSet(fallback) ? words.default : words.providerDecides;
  const safety = field.kind === "safety";
  return (
    <Labelled
      field={field}
      problem={problem}
      value={said}
      onReset={isSet(value) ? () => onChange(undefined) : undefined}
    >
      <Group gap="sm" wrap="nowrap" align="center">
        <Slider
          flex={1}
          min={low}
          max={high}
          step={step}
          value={now}
          onChange={change}
          label={null}
          thumbLabel={field.title}
          size={5}
          thumbSize={16}
        />
        <NumberInput
          w={84}
          size="xs"
          min={low}
          max={high}
          step={step}
          clampBehavior="blur"
          value={isSet(value) || isSet(fallback) ? now : ""}
          placeholder="–"
          onChange={(next) => typeof next === "number" && change(next)}
          aria-label={field.title}
          className="figures"
          decimalSeparator={language === "de" ? "," : "."}
        />
      </Group>
      <Group justify="space-between" className="quiet figures" fz={11} mt={3} pr={96}>
        <span>
          {decimal(low, language, 2)} {safety && words.strict}
        </span>
        <span>
          {safety && words.permissive} {decimal(high, language, 2)}
        </span>
      </Group>
    </Labelled>
  );
}

/** A hundred steps or so, round ones. */
function fine(span: number): number {
  if (span <= 2) return 0.01;
  return span <= 10 ? 0.1 : span <= 50 ? 0.5 : 1;
}
