import { Modal, Text, TextInput } from "@mantine/core";
import { Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useState } from "react";
import { useWords } from "@/words";
import classes from "./Palette.module.css";
import { useCommands } from "./useCommands";

interface Props {
  onClose: () => void;
  onQueue: () => void;
  onShortcuts: () => void;
}

/** Everything by a few letters: screens, models, prompts, pictures. */
export default function Palette({ onClose, onQueue, onShortcuts }: Props) {
  const words = useWords();
  const [text, setText] = useState("");
  const [current, setCurrent] = useState(0);
  const commands = useCommands(text, { onQueue, onShortcuts });
  const chosen = commands[Math.min(current, commands.length - 1)];

  useEffect(() => {
    document.getElementById(`command-${chosen?.id}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  function run(command = chosen) {
    if (!command) return;
    onClose();
    command.run();
  }
  function press(event: KeyboardEvent) {
    const moves: Record<string, number> = { ArrowDown: current + 1, ArrowUp: current - 1 };
    const to = moves[event.key];
    if (to !== undefined) setCurrent((to + commands.length) % Math.max(1, commands.length));
    else if (event.key === "Enter") run();
    else return;
    event.preventDefault();
  }

  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      size={620}
      padding={0}
      yOffset="12vh"
      aria-label={words.palette.title}
    >
      <TextInput
        data-autofocus
        size="md"
        variant="unstyled"
        className={classes.box}
        leftSection={<Search size={17} aria-hidden />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setCurrent(0);
        }}
        onKeyDown={press}
        placeholder={words.palette.placeholder}
        role="combobox"
        aria-expanded
        aria-controls="commands"
        aria-activedescendant={chosen ? `command-${chosen.id}` : undefined}
        aria-label={words.palette.title}
      />
      <div id="commands" role="listbox" aria-label={words.palette.title} className={classes.list}>
        {commands.map((one, place) => {
          const Icon = one.icon;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the box above has the focus and the keys
            <div
              key={one.id}
              id={`command-${one.id}`}
              role="option"
              aria-selected={one === chosen}
              className={classes.command}
              onClick={() => run(one)}
              onMouseMove={() => setCurrent(place)}
            >
              <Icon size={16} aria-hidden />
              <span className="clamp1">{one.title}</span>
              <span className="quiet">{words.palette.groups[one.group]}</span>
            </div>
          );
        })}
        {!commands.length && <Text p="md">{words.palette.none}</Text>}
      </div>
    </Modal>
  );
}
