import { Button, Popover, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useWords } from "@/words";

interface Props {
  label: string;
  icon: ReactNode;
  onTag: (tag: string) => void;
}

/** A button that asks for one tag. */
export function TagForm({ label, icon, onTag }: Props) {
  const words = useWords().gallery;
  const [tag, setTag] = useState("");
  const [opened, setOpened] = useState(false);
  return (
    <Popover trapFocus position="bottom" opened={opened} onChange={setOpened}>
      <Popover.Target>
        <Button size="compact-sm" variant="default" leftSection={icon} onClick={() => setOpened(!opened)}>
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (!tag.trim()) return;
            onTag(tag.trim());
            setTag("");
            setOpened(false);
          }}
        >
          <TextInput
            value={tag}
            onChange={(event) => setTag(event.currentTarget.value)}
            aria-label={words.tag}
            placeholder={words.tag}
            maxLength={60}
          />
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
