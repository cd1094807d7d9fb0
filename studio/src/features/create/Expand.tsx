import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { WandSparkles } from "lucide-react";
import { useState } from "react";
import { api, data, problemOf } from "@/api/client";
import type { components } from "@/api/schema";
import type { Problem } from "@/api/types";
import { IconPopover } from "@/ui/IconPopover";
import { ProblemText } from "@/ui/ProblemText";
import { useWords } from "@/words";
import { useDraft } from "./draft";

const COUNT = 3;

/** Other ways to say the prompt; one of them is used only when somebody says so, and the old one is kept. */
export function Expand() {
  const words = useWords().expand;
  const [opened, setOpened] = useState(false);
  const [way, setWay] = useState("");
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<components["schemas"]["ExpansionAnswer"] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const prompt = useDraft((draft) => draft.prompt);

  async function ask() {
    const { model } = useDraft.getState();
    setBusy(true);
    setProblem(null);
    setFound(null);
    try {
      const body = { prompt, model, count: COUNT, guidance: way.trim() };
      setFound(await data(api.POST("/v1/prompts/expansions", { body })));
    } catch (error) {
      setProblem(problemOf(error));
    }
    setBusy(false);
  }
  function use(text: string) {
    const draft = useDraft.getState();
    draft.remember(prompt);
    draft.change({ prompt: text });
    setOpened(false);
    setFound(null);
    document.getElementById("prompt")?.focus();
  }

  return (
    <IconPopover
      label={words.title}
      icon={WandSparkles}
      opened={opened}
      onChange={setOpened}
      width={360}
      position="bottom-end"
    >
      <Stack gap="xs">
        <Text size="sm">{prompt.trim() ? words.lead : words.needed}</Text>
        <TextInput
          size="xs"
          label={words.way}
          placeholder={words.wayHint}
          value={way}
          maxLength={2000}
          onChange={(event) => setWay(event.currentTarget.value)}
        />
        <Button size="xs" loading={busy} disabled={!prompt.trim()} onClick={() => void ask()}>
          {words.go}
        </Button>
        {problem && <ProblemText problem={problem} compact />}
        {found?.prompts.map((text) => (
          <Group key={text} gap={8} wrap="nowrap" align="flex-start">
            <Text size="sm" flex={1} style={{ overflowWrap: "anywhere" }}>
              {text}
            </Text>
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`${words.use}: ${text}`}
              onClick={() => use(text)}
            >
              {words.use}
            </Button>
          </Group>
        ))}
        {found && (
          <Text size="xs" className="quiet">
            {found.by === "template" ? words.template : words.by(found.by)} {words.before}
          </Text>
        )}
      </Stack>
    </IconPopover>
  );
}
