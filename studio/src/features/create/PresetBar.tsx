import { Button, Group } from "@mantine/core";
import type { Mode } from "@/api/types";
import { same } from "@/form/clamp";
import { useLook } from "@/look";
import { inLanguage, useWords } from "@/words";
import { useDraft } from "./draft";

/** Balanced, Quality, Speed: several settings with one press, where the model has any that matter. */
export function PresetBar({ mode }: { mode: Mode }) {
  const words = useWords().create;
  const language = useLook((look) => look.language);
  const draft = useDraft();
  const presets = mode.presets ?? [];
  if (!presets.length) return null;
  const values = draft.values[draft.model] ?? {};
  const touched = [...new Set(presets.flatMap((one) => Object.keys(one.values)))];
  return (
    <Group gap={4} role="group" aria-label={words.presets} wrap="nowrap">
      {presets.map((preset) => {
        const on = touched.every((name) => same(values[name] ?? undefined, preset.values[name] ?? undefined));
        return (
          <Button
            key={preset.id}
            size="compact-xs"
            radius="xl"
            variant={on ? "light" : "default"}
            aria-pressed={on}
            onClick={() => {
              const rest = Object.fromEntries(
                Object.entries(values).filter(([name]) => !touched.includes(name)),
              );
              draft.setValues({ ...rest, ...preset.values });
            }}
          >
            {inLanguage(preset.title, language)}
          </Button>
        );
      })}
    </Group>
  );
}
