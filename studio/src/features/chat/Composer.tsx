import { ActionIcon, FileButton, Group, Loader, Text, Textarea, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { ImagePlus, SendHorizontal, X } from "lucide-react";
import { type DragEvent, useState } from "react";
import type { Reference } from "@/features/create/draft";
import { ACCEPTED, filesOf, refusalOf, slotOf, upload } from "@/features/create/references/upload";
import { useLook } from "@/look";
import { useWords } from "@/words";
import classes from "./Chat.module.css";

interface Props {
  onSend: (text: string, references: Reference[]) => Promise<void>;
  /** The last picture goes along. */
  continues: boolean;
  disabled: boolean;
}

/** Where a message is written, with pictures of its own if there are any. */
export function Composer({ onSend, continues, disabled }: Props) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const [text, setText] = useState("");
  const [references, setReferences] = useState<Reference[]>([]);
  const uploading = references.some((one) => one.state === "uploading");
  const ready = text.trim() !== "" && !uploading && !disabled;

  async function add(files: File[]) {
    for (const file of files) {
      const refusal = refusalOf(file, words, language);
      if (refusal) {
        notifications.show({ color: "red", message: refusal, autoClose: 9000 });
        continue;
      }
      const slot = slotOf(file);
      setReferences((before) => [...before, slot]);
      const change = await upload(file);
      // The blob's address dies with the page; the message stays.
      const preview = change.source ? { preview: `/v1/assets/${change.source}/thumbnail` } : {};
      setReferences((before) =>
        before.map((one) => (one.slot === slot.slot ? { ...one, ...change, ...preview } : one)),
      );
    }
  }
  function send() {
    if (!ready) return;
    void onSend(
      text.trim(),
      references.filter((one) => one.state === "ready"),
    );
    setText("");
    setReferences([]);
  }
  function drop(event: DragEvent) {
    event.preventDefault();
    void add(filesOf(event.dataTransfer));
  }

  return (
    <form
      className={classes.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
      {references.length > 0 && (
        <Group gap={8} mb={8}>
          {references.map((one, place) => (
            <span key={one.slot} className={classes.attached}>
              {one.state === "uploading" ? <Loader size="xs" /> : <img src={one.preview} alt={one.name} />}
              <button
                type="button"
                aria-label={words.refs.remove(place + 1)}
                onClick={() => setReferences(references.filter((other) => other.slot !== one.slot))}
              >
                <X size={12} aria-hidden />
              </button>
            </span>
          ))}
        </Group>
      )}
      <Group gap={8} wrap="nowrap" align="flex-end">
        <FileButton accept={ACCEPTED} multiple onChange={(files) => void add(files)}>
          {(props) => (
            <Tooltip label={words.chat.attach}>
              <ActionIcon {...props} variant="default" size={38} aria-label={words.chat.attach}>
                <ImagePlus size={18} aria-hidden />
              </ActionIcon>
            </Tooltip>
          )}
        </FileButton>
        <Textarea
          flex={1}
          autosize
          minRows={1}
          maxRows={8}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            send();
          }}
          onPaste={(event) => {
            const files = filesOf(event.clipboardData);
            if (!files.length) return;
            event.preventDefault();
            event.stopPropagation();
            void add(files);
          }}
          placeholder={continues ? words.chat.change : words.chat.describe}
          aria-label={words.chat.message}
        />
        <ActionIcon type="submit" size={38} aria-label={words.chat.send} disabled={!ready}>
          <SendHorizontal size={18} aria-hidden />
        </ActionIcon>
      </Group>
      {continues && (
        <Text size="xs" className="quiet" mt={6}>
          {words.chat.goesOn}
        </Text>
      )}
    </form>
  );
}
