import { Button, Group, Modal, ScrollArea, Text, TextInput } from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { Search } from "lucide-react";
import { useState } from "react";
import { type LibraryImage, useImages } from "@/api/library";
import { newId } from "@/identity";
import { useWords } from "@/words";
import type { Reference } from "../draft";
import own from "./References.module.css";

interface Props {
  onTake: (pictures: Reference[]) => void;
  onClose: () => void;
}

/** Pictures that were made here, to be taken as references in the order in which they are pressed. */
export default function GalleryPicker({ onTake, onClose }: Props) {
  const words = useWords();
  const phone = useMediaQuery("(max-width: 48em)", false);
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 200);
  const { data, hasNextPage, fetchNextPage, isPending } = useImages(q ? { q } : {});
  const [chosen, setChosen] = useState<LibraryImage[]>([]);
  const images = data?.pages.flatMap((page) => page.images) ?? [];

  function toggle(image: LibraryImage) {
    const rest = chosen.filter((one) => one.id !== image.id);
    setChosen(rest.length < chosen.length ? rest : [...chosen, image]);
  }
  function take() {
    onTake(
      chosen.map((one) => ({
        slot: newId(),
        source: one.id,
        preview: `${one.thumbnail}?size=256`,
        name: one.prompt.slice(0, 60) || one.id,
        state: "ready",
      })),
    );
    onClose();
  }

  return (
    <Modal
      opened
      onClose={onClose}
      title={words.refs.pick}
      size={820}
      fullScreen={phone}
      scrollAreaComponent={ScrollArea.Autosize}
      closeButtonProps={{ "aria-label": words.shell.close }}
    >
      <TextInput
        data-autofocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        placeholder={words.gallery.search}
        aria-label={words.gallery.search}
        leftSection={<Search size={16} aria-hidden />}
        mb="sm"
      />
      <div className={own.picker}>
        {images.map((image) => {
          const place = chosen.findIndex((one) => one.id === image.id);
          return (
            <button
              key={image.id}
              type="button"
              className={own.pick}
              aria-pressed={place >= 0}
              aria-label={words.run.alt(image.prompt.slice(0, 120))}
              onClick={() => toggle(image)}
            >
              <img src={`${image.thumbnail}?size=256`} alt="" loading="lazy" />
              {place >= 0 && <span className={own.number}>{place + 1}</span>}
            </button>
          );
        })}
      </div>
      {!isPending && !images.length && <Text py="lg">{words.gallery.noMatch}</Text>}
      <Group justify="space-between" className={own.foot}>
        <Button variant="default" disabled={!hasNextPage} onClick={() => void fetchNextPage()}>
          {words.create.older}
        </Button>
        <Button disabled={!chosen.length} onClick={take}>
          {words.refs.take(Math.max(1, chosen.length))}
        </Button>
      </Group>
    </Modal>
  );
}
