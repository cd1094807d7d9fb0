import { ActionIcon, Group, NumberInput, SegmentedControl, Tooltip } from "@mantine/core";
import { Dices } from "lucide-react";
import { useLook } from "@/look";
import { useWords } from "@/words";
import { type SeedMode, useDraft } from "../draft";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";

/** Another picture each time, the same again, or one after the other. */
export function SeedField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords().seed;
  const language = useLook((look) => look.language);
  const mode = useDraft((draft) => draft.seedMode);
  const change = useDraft((draft) => draft.change);

  function choose(next: string) {
    change({ seedMode: next as SeedMode });
    if (next !== "random" && typeof value !== "number") onChange(drawn());
  }

  return (
    <Labelled field={field} problem={problem} value={words.help[mode]}>
      <div style={{ display: "grid", gridTemplateColumns: mode === "random" ? "1fr" : "1fr 148px", gap: 8 }}>
        <SegmentedControl
          size="xs"
          value={mode}
          onChange={choose}
          aria-label={field.title}
          data={[
            { value: "random", label: words.random },
            { value: "fixed", label: words.fixed },
            { value: "next", label: words.next },
          ]}
        />
        {mode !== "random" && (
          <Group gap={4} wrap="nowrap">
            <NumberInput
              size="xs"
              flex={1}
              hideControls
              allowDecimal={false}
              min={field.minimum ?? 0}
              max={field.maximum ?? undefined}
              value={typeof value === "number" ? value : ""}
              onChange={(next) => onChange(typeof next === "number" ? next : undefined)}
              aria-label={words.value}
              className="figures"
              lang={language}
            />
            <Tooltip label={words.random}>
              <ActionIcon
                variant="default"
                size={30}
                aria-label={words.random}
                onClick={() => onChange(drawn())}
              >
                <Dices size={15} aria-hidden />
              </ActionIcon>
            </Tooltip>
          </Group>
        )}
      </div>
    </Labelled>
  );
}

function drawn(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
