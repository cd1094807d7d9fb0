import { ActionIcon, Button, Rating, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Download, Info, Pencil, SlidersHorizontal, SplitSquareHorizontal, Star, Trash2 } from "lucide-react";
import { problemOf } from "@/api/client";
import { act, type LibraryImage, type Marks, mark, trash } from "@/api/library";
import type { Generation } from "@/api/types";
import { useWords, type Words } from "@/words";
import { editImage, reuseSettings } from "./moves";

interface Props {
  image: LibraryImage;
  generation: Generation | undefined;
  canCompare: boolean;
  comparing: boolean;
  onCompare: () => void;
  details: boolean;
  onDetails: () => void;
}

export function Actions({ image, generation, canCompare, comparing, onCompare, details, onDetails }: Props) {
  const words = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const tell = (marks: Marks) =>
    void mark(client, image.id, marks).catch((error: unknown) =>
      notifications.show({ color: "red", message: problemOf(error).detail }),
    );
  return (
    <>
      <Button
        size="compact-sm"
        leftSection={<Pencil size={15} aria-hidden />}
        onClick={async () => {
          await editImage(image.id);
          void navigate({ to: "/create" });
        }}
      >
        {words.run.edit}
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<SlidersHorizontal size={15} aria-hidden />}
        disabled={!generation}
        onClick={() => {
          reuseSettings(generation, image);
          void navigate({ to: "/create" });
        }}
      >
        {words.run.reuse}
      </Button>
      {canCompare && (
        <Button
          size="compact-sm"
          variant={comparing ? "light" : "default"}
          aria-pressed={comparing}
          leftSection={<SplitSquareHorizontal size={15} aria-hidden />}
          onClick={onCompare}
        >
          {words.image.compare}
        </Button>
      )}
      <Tooltip label={image.favourite ? words.gallery.unfavourite : words.gallery.favourite}>
        <ActionIcon
          variant="default"
          size={28}
          aria-pressed={image.favourite}
          aria-label={words.gallery.favourite}
          onClick={() => tell({ favourite: !image.favourite })}
        >
          <Star size={15} fill={image.favourite ? "currentColor" : "none"} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Rating
        value={image.rating}
        onChange={(stars) => tell({ rating: stars === image.rating ? 0 : stars })}
        getSymbolLabel={(stars) => words.gallery.stars(stars)}
      />
      <Tooltip label={words.image.downloadMeta}>
        <ActionIcon
          component="a"
          href={`${image.download}&download=1`}
          download
          variant="default"
          size={28}
          aria-label={`${words.run.download}: ${words.image.downloadMeta}`}
        >
          <Download size={15} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={image.trashed_at ? words.gallery.restore : words.gallery.delete}>
        <ActionIcon
          variant="default"
          size={28}
          aria-label={image.trashed_at ? words.gallery.restore : words.gallery.delete}
          onClick={async () => {
            if (image.trashed_at) await act(client, [image.id], "restore");
            else {
              await trash(client, [image.id]);
              tellTrashed(words, () => void act(client, [image.id], "restore"), 1);
              void navigate({ to: "/gallery" });
            }
          }}
        >
          <Trash2 size={15} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={words.image.details}>
        <ActionIcon
          variant={details ? "light" : "default"}
          size={28}
          visibleFrom="md"
          aria-pressed={details}
          aria-label={words.keys.info}
          onClick={onDetails}
        >
          <Info size={15} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </>
  );
}

/** Says what went into the trash, with the way back. */
export function tellTrashed(words: Words, undo: () => void, count: number): void {
  const id = notifications.show({
    autoClose: 9000,
    message: (
      <span style={{ display: "flex", alignItems: "center", gap: 12 }}>
        {words.gallery.deleted(count)}
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            undo();
            notifications.hide(id);
          }}
        >
          {words.gallery.undo}
        </Button>
      </span>
    ),
  });
}
