import { Button, Group, Popover, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { Archive, EyeOff, RotateCcw, Star, Tag, Trash2, X } from "lucide-react";
import { useState } from "react";
import { problemOf } from "@/api/client";
import { act, trash, zip } from "@/api/library";
import { tellTrashed } from "@/features/image/Actions";
import { useWords } from "@/words";
import classes from "./Gallery.module.css";

interface Props {
  ids: string[];
  trashed: boolean;
  onDone: () => void;
}

/** What can be done with all that is selected. */
export function SelectionBar({ ids, trashed, onDone }: Props) {
  const words = useWords();
  const client = useQueryClient();
  const [tag, setTag] = useState("");

  async function run(work: Promise<unknown>, done = true) {
    try {
      await work;
      if (done) onDone();
    } catch (error) {
      notifications.show({ color: "red", message: problemOf(error).detail });
    }
  }

  return (
    <div className={classes.selection} role="toolbar" aria-label={words.gallery.selected(ids.length)}>
      <Text size="sm" fw={600} className="figures">
        {words.gallery.selected(ids.length)}
      </Text>
      <Group gap={6}>
        {trashed ? (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<RotateCcw size={14} aria-hidden />}
            onClick={() => run(act(client, ids, "restore"))}
          >
            {words.gallery.restore}
          </Button>
        ) : (
          <>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<Star size={14} aria-hidden />}
              onClick={() => run(act(client, ids, "favourite"))}
            >
              {words.gallery.favourite}
            </Button>
            <Popover trapFocus position="bottom">
              <Popover.Target>
                <Button size="compact-sm" variant="default" leftSection={<Tag size={14} aria-hidden />}>
                  {words.gallery.addTag}
                </Button>
              </Popover.Target>
              <Popover.Dropdown>
                <form
                  onSubmit={(event) => {
                    event.preventDefault();
                    if (tag.trim()) void run(act(client, ids, "tag", { tags: [tag.trim()] }));
                  }}
                >
                  <TextInput
                    value={tag}
                    onChange={(event) => setTag(event.currentTarget.value)}
                    aria-label={words.gallery.tag}
                    placeholder={words.gallery.tag}
                    maxLength={60}
                  />
                </form>
              </Popover.Dropdown>
            </Popover>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<EyeOff size={14} aria-hidden />}
              onClick={() => run(act(client, ids, "hide"))}
            >
              {words.gallery.hide}
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<Archive size={14} aria-hidden />}
              onClick={() => run(zip(ids), false)}
            >
              {words.gallery.zip}
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<Trash2 size={14} aria-hidden />}
              onClick={() =>
                run(
                  trash(client, ids).then(() =>
                    tellTrashed(words, () => void act(client, ids, "restore"), ids.length),
                  ),
                )
              }
            >
              {words.gallery.delete}
            </Button>
          </>
        )}
      </Group>
      <Button
        size="compact-sm"
        variant="subtle"
        color="gray"
        leftSection={<X size={14} aria-hidden />}
        onClick={onDone}
        ml="auto"
      >
        {words.gallery.deselect}
      </Button>
    </div>
  );
}
