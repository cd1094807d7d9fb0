import { Group, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useLook } from "@/look";
import { useWords } from "@/words";

/** Language and theme, for the whole page. */
export function LookControls() {
  const words = useWords();
  const language = useLook((look) => look.language);
  const set = useLook((look) => look.set);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Group>
      <SegmentedControl
        aria-label={words.shell.language}
        value={language}
        onChange={(next) => set({ language: next as "en" | "de" })}
        data={[
          { value: "en", label: "English" },
          { value: "de", label: "Deutsch" },
        ]}
      />
      <SegmentedControl
        aria-label={words.shell.theme}
        value={colorScheme}
        onChange={(next) => setColorScheme(next as "light" | "dark" | "auto")}
        data={[
          { value: "light", label: words.shell.light },
          { value: "dark", label: words.shell.dark },
          { value: "auto", label: words.shell.auto },
        ]}
      />
    </Group>
  );
}
