import { ActionIcon, FileButton, Group, Loader, Text, Textarea, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ImagePlus, Images, SendHorizontal, X } from "lucide-react";
import { type DragEvent, lazy, Suspense, useState } from "react";
import type { Reference } from "@/features/create/draft";
import { ACCEPTED, filesOf, slotOfImage } from "@/features/create/references/upload";
import { isUploading, sourcesOf, takeFiles } from "@/features/request/pictures";
import { useWords, useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import classes from "./Chat.module.css";
import type { Base } from "./talk";
import { BOX } from "./useNextMessage";

const GalleryPicker = lazy(() => import("@/features/create/references/GalleryPicker"));

interface Props {
  text: string;
  onText: (text: string) => void;
  pictures: Reference[];
  onPictures: (update: (before: Reference[]) => Reference[]) => void;
  /** What goes along as image 1. */
  base: Base | null;
  picked: boolean;
  onUnpick: () => void;
  price: string;
  busy: boolean;
  onSend: (text: string, pictures: string[]) => void;
}

/** Where a message is written, with the pictures that go along. */
export function Composer({ text, onText, pictures, onPictures, base, picked, busy, ...more }: Props) {
  const own = useWordsOf(chat);
  const words = useWords();
  const [over, setOver] = useState(false);
  const [picking, { open, close }] = useDisclosure(false);
  const ready = text.trim() !== "" && !isUploading(pictures) && !busy;

  function send() {
    if (ready) more.onSend(text.trim(), sourcesOf(pictures));
  }
  async function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    const image = event.dataTransfer.getData("application/x-fluxroom-image");
    if (!image) return takeFiles(filesOf(event.dataTransfer), onPictures);
    const slot = await slotOfImage(image);
    if (slot) onPictures((before) => [...before, slot]);
  }

  return (
    <form
      className={classes.composer}
      data-over={over || undefined}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {(base || pictures.length > 0) && (
        <Group gap={8} mb={8}>
          {base && (
            <span className={classes.attached} data-base>
              <img src={base.thumbnail} alt={own.goingOn} />
              {picked && (
                <button type="button" aria-label={own.useLast} onClick={more.onUnpick}>
                  <X size={12} aria-hidden />
                </button>
              )}
            </span>
          )}
          {pictures.map((one, place) => (
            <span
              key={one.slot}
              className={classes.attached}
              data-failed={one.state === "failed" || undefined}
            >
              {one.state === "uploading" ? <Loader size="xs" /> : <img src={one.preview} alt={one.name} />}
              <button
                type="button"
                aria-label={words.refs.remove(place + (base ? 2 : 1))}
                onClick={() => onPictures((before) => before.filter((other) => other.slot !== one.slot))}
              >
                <X size={12} aria-hidden />
              </button>
            </span>
          ))}
        </Group>
      )}
      <Group gap={8} wrap="nowrap" align="flex-end">
        <FileButton accept={ACCEPTED} multiple onChange={(files) => void takeFiles(files, onPictures)}>
          {(props) => (
            <Tooltip label={own.attach}>
              <ActionIcon {...props} variant="default" size={38} aria-label={own.attach}>
                <ImagePlus size={18} aria-hidden />
              </ActionIcon>
            </Tooltip>
          )}
        </FileButton>
        <Tooltip label={words.refs.fromGallery}>
          <ActionIcon variant="default" size={38} aria-label={words.refs.fromGallery} onClick={open}>
            <Images size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Textarea
          id={BOX}
          flex={1}
          autosize
          minRows={1}
          maxRows={8}
          value={text}
          onChange={(event) => onText(event.currentTarget.value)}
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
            void takeFiles(files, onPictures);
          }}
          placeholder={base ? own.change : own.describe}
          aria-label={own.message}
        />
        <ActionIcon type="submit" size={38} aria-label={own.send} disabled={!ready} loading={busy}>
          <SendHorizontal size={18} aria-hidden />
        </ActionIcon>
      </Group>
      {picking && (
        <Suspense>
          <GalleryPicker onTake={(taken) => onPictures((before) => [...before, ...taken])} onClose={close} />
        </Suspense>
      )}
      <Group justify="space-between" gap={8} mt={6} mih={18}>
        <Text size="xs" className="quiet">
          {base && (picked ? own.pickedGoesOn : own.goesOn)}
        </Text>
        <Text size="xs" className="quiet figures">
          {more.price}
        </Text>
      </Group>
    </form>
  );
}
