import { ActionIcon, Group, NumberInput, Text, Tooltip } from "@mantine/core";
import { ArrowLeftRight, Lock, LockOpen, Ruler, Wand } from "lucide-react";
import { useState } from "react";
import type { Json } from "@/api/types";
import { type SizeRules, sizeRules } from "@/form/clamp";
import { isSet } from "@/form/fields";
import { useLook } from "@/look";
import { decimal, megapixels } from "@/numbers";
import { useWords } from "@/words";
import { Choices } from "./Choices";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";
import { PRESETS } from "./sizes";

interface Sides {
  width: number;
  height: number;
}

/** A size by name, or in pixels with what the model allows. */
export function SizeField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const rules = sizeRules(field);
  const fallback = field.default ?? field.providerDefault;
  const now = value ?? fallback;
  const sides = sidesOf(now);
  const custom = isSides(value);
  const start = sides ?? { width: 1024, height: 768 };
  const choices = [
    ...rules.presets.map((name) => ({
      value: name,
      label: words.size.names[name] ?? name,
      ratio: PRESETS[name] ? PRESETS[name].width / PRESETS[name].height : null,
      icon: <Wand size={17} aria-hidden />,
      hint: PRESETS[name] ? `${PRESETS[name].width} × ${PRESETS[name].height}` : undefined,
    })),
    { value: "custom", label: words.size.custom, icon: <Ruler size={17} aria-hidden /> },
  ];
  const said = sides
    ? `${sides.width} × ${sides.height} · ${words.size.megapixels(decimal(megapixels(sides.width, sides.height), language, 2))}`
    : now === "auto"
      ? words.size.automatic
      : words.size.providerDefault;

  return (
    <Labelled
      field={field}
      problem={problem}
      value={said}
      onReset={isSet(value) ? () => onChange(undefined) : undefined}
    >
      <Choices
        label={field.title}
        value={custom ? "custom" : typeof now === "string" ? now : ""}
        choices={choices}
        onChange={(name) => onChange(name === "custom" ? { ...start } : name)}
      />
      {custom && (
        <Pixels
          sides={start}
          rules={rules}
          most={field.mostPixels}
          onChange={(next) => onChange(next as unknown as Json)}
        />
      )}
    </Labelled>
  );
}

function Pixels({
  sides,
  rules,
  most,
  onChange,
}: {
  sides: Sides;
  rules: SizeRules;
  most: number | null;
  onChange: (sides: Sides) => void;
}) {
  const words = useWords().size;
  const language = useLook((look) => look.language);
  const [locked, setLocked] = useState(false);
  const ratio = sides.width / sides.height;
  const step = rules.step > 1 ? rules.step : 16;
  const change = (name: keyof Sides, next: number | string) => {
    if (typeof next !== "number" || next <= 0) return;
    const other: keyof Sides = name === "width" ? "height" : "width";
    const follows = Math.round((name === "width" ? next / ratio : next * ratio) / step) * step;
    onChange({ ...sides, [name]: next, ...(locked ? { [other]: Math.max(rules.minimum, follows) } : {}) });
  };
  const side = (name: keyof Sides) => (
    <NumberInput
      size="xs"
      flex={1}
      aria-label={words[name]}
      value={sides[name]}
      min={rules.minimum}
      max={rules.maximum}
      step={step}
      clampBehavior="blur"
      allowDecimal={false}
      onChange={(next) => change(name, next)}
      suffix=" px"
    />
  );
  return (
    <>
      <Group gap={6} mt={8} wrap="nowrap">
        {side("width")}
        <Tooltip label={words.swap}>
          <ActionIcon
            variant="default"
            size={30}
            aria-label={words.swap}
            onClick={() => onChange({ width: sides.height, height: sides.width })}
          >
            <ArrowLeftRight size={14} aria-hidden />
          </ActionIcon>
        </Tooltip>
        {side("height")}
        <Tooltip label={words.lock}>
          <ActionIcon
            variant={locked ? "light" : "default"}
            size={30}
            aria-label={words.lock}
            aria-pressed={locked}
            onClick={() => setLocked(!locked)}
          >
            {locked ? <Lock size={14} aria-hidden /> : <LockOpen size={14} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      </Group>
      <Text size="xs" className="quiet figures" mt={4}>
        {words.rule(
          decimal(rules.minimum, language),
          decimal(Math.min(rules.maximum, (most ?? Number.MAX_SAFE_INTEGER) / rules.minimum), language, 0),
        )}
        {rules.step > 1 && `, ${words.step(rules.step)}`}
        {most !== null && `, ${words.inAll(decimal(most / 1_048_576, language, 1))}`}
      </Text>
    </>
  );
}

function isSides(value: Json | undefined): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sidesOf(value: Json | undefined): Sides | null {
  if (typeof value === "string") return PRESETS[value] ?? null;
  const found = value as unknown as Sides | undefined;
  return found?.width && found.height ? { width: found.width, height: found.height } : null;
}
