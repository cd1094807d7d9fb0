import { ActionIcon, Button, Group, NumberInput, Slider, Stack, Text, TextInput } from "@mantine/core";
import { Plus, Trash2 } from "lucide-react";
import type { Json } from "@/api/types";
import { useLook } from "@/look";
import { useWords } from "@/words";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";

type Lora = { path: string; scale?: number; [more: string]: Json | undefined };

/** LoRA weights: where they are and how strongly they work. */
export function LoraField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords().field;
  const language = useLook((look) => look.language);
  const list = (Array.isArray(value) ? value : []) as Lora[];
  const most = Number(field.schema.maxItems ?? Number.POSITIVE_INFINITY);
  const limits = (
    field.schema.items as { properties?: { scale?: { minimum?: number; maximum?: number } } } | undefined
  )?.properties?.scale;
  const low = limits?.minimum ?? 0;
  const high = limits?.maximum ?? 4;
  const set = (next: Lora[]) => onChange(next.length ? (next as unknown as Json) : undefined);
  const change = (place: number, part: Partial<Lora>) =>
    set(list.map((one, number) => (number === place ? ({ ...one, ...part } as Lora) : one)));

  return (
    <Labelled field={field} problem={problem} value={Number.isFinite(most) ? words.loraLimit(most) : ""}>
      <Stack gap="xs">
        {list.map((one, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two of the list may be the same, and their order is their identity
          <div key={place}>
            <Group gap={6} wrap="nowrap">
              <TextInput
                flex={1}
                size="xs"
                value={one.path}
                placeholder="https://… / owner/name"
                aria-label={`${words.loraPath} ${place + 1}`}
                onChange={(event) => change(place, { path: event.currentTarget.value })}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                size={30}
                aria-label={words.loraRemove(place + 1)}
                onClick={() => set(list.filter((_, number) => number !== place))}
              >
                <Trash2 size={15} aria-hidden />
              </ActionIcon>
            </Group>
            <Group gap="sm" wrap="nowrap" mt={6}>
              <Slider
                flex={1}
                min={low}
                max={high}
                step={0.05}
                value={one.scale ?? 1}
                label={null}
                thumbLabel={`${words.loraScale} ${place + 1}`}
                size={5}
                thumbSize={16}
                onChange={(scale) => change(place, { scale })}
              />
              <NumberInput
                w={84}
                size="xs"
                min={low}
                max={high}
                step={0.05}
                value={one.scale ?? 1}
                aria-label={`${words.loraScale} ${place + 1}`}
                decimalSeparator={language === "de" ? "," : "."}
                onChange={(scale) => typeof scale === "number" && change(place, { scale })}
              />
            </Group>
          </div>
        ))}
        {list.length < most && (
          <Button
            variant="default"
            size="compact-sm"
            leftSection={<Plus size={14} aria-hidden />}
            onClick={() => set([...list, { path: "", scale: 1 }])}
            style={{ alignSelf: "flex-start" }}
          >
            {words.loraAdd}
          </Button>
        )}
        {list.some((one) => !one.path) && (
          <Text size="xs" className="quiet">
            {words.loraPath}
          </Text>
        )}
      </Stack>
    </Labelled>
  );
}
