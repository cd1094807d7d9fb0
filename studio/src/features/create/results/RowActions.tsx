import { ActionIcon, Group, Menu, Tooltip } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { Columns3, Copy, Ellipsis, RotateCcw, Shuffle, SlidersHorizontal } from "lucide-react";
import type { Generation } from "@/api/types";
import { useWords } from "@/words";
import { useDraft } from "../draft";
import { useSubmit } from "../useSubmit";
import { useToForm } from "../useToForm";
import { repeated } from "./repeated";

/** What can be done with a whole request: use its settings, vary it, compare it, run it again. */
export function RowActions({ generation }: { generation: Generation }) {
  const words = useWords();
  const navigate = useNavigate();
  const reuse = useDraft((draft) => draft.reuse);
  const { submit, busy } = useSubmit(true);
  const toForm = useToForm();
  function use() {
    reuse(generation);
    void toForm();
  }
  function compare() {
    reuse(generation);
    void navigate({ to: "/compare" });
  }
  const buttons = [
    { name: words.run.reuse, help: words.run.reuse, icon: SlidersHorizontal, act: use },
    {
      name: words.run.vary,
      help: words.run.varyHelp,
      icon: Shuffle,
      act: () => void submit(repeated(generation, { otherSeed: true })),
    },
    { name: words.run.compare, help: words.run.compareHelp, icon: Columns3, act: compare },
  ];
  return (
    <Group gap={4} wrap="nowrap">
      {buttons.map(({ name, help, icon: Icon, act }) => (
        <Tooltip key={name} label={help} multiline maw={260}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={32}
            aria-label={name}
            loading={busy && name === words.run.vary}
            onClick={act}
          >
            <Icon size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      ))}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={32} aria-label={words.shell.menu}>
            <Ellipsis size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<RotateCcw size={15} aria-hidden />}
            onClick={() => void submit(repeated(generation, { otherSeed: false }))}
          >
            {words.run.again}
          </Menu.Item>
          <Menu.Item
            leftSection={<Copy size={15} aria-hidden />}
            onClick={() => void navigator.clipboard?.writeText(generation.prompt)}
          >
            {words.run.copyPrompt}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
