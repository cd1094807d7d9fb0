import { ActionIcon, Menu, ScrollArea, Text, Tooltip } from "@mantine/core";
import { History } from "lucide-react";
import { useWords } from "@/words";
import { useDraft } from "./draft";

/** The prompts that were used last, each once. */
export function RecentPrompts() {
  const words = useWords().create;
  const recent = useDraft((draft) => draft.recent);
  const change = useDraft((draft) => draft.change);
  return (
    <Menu position="bottom-end" width={340}>
      <Menu.Target>
        <Tooltip label={words.recent}>
          <ActionIcon variant="subtle" color="gray" size={26} aria-label={words.recent}>
            <History size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{words.recent}</Menu.Label>
        <ScrollArea.Autosize mah={340}>
          {recent.map((text) => (
            <Menu.Item key={text} onClick={() => change({ prompt: text })}>
              <Text size="sm" className="clamp2">
                {text}
              </Text>
            </Menu.Item>
          ))}
          {!recent.length && (
            <Text size="sm" className="quiet" px="sm" pb="xs">
              {words.noRecent}
            </Text>
          )}
        </ScrollArea.Autosize>
      </Menu.Dropdown>
    </Menu>
  );
}
