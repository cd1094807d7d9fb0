import { Button, Group, Rating, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Archive, Eye, EyeOff, RotateCcw, Star, Tag, Tags, Trash2, X } from "lucide-react";
import type { ReactNode } from "react";
import { act, trash, zip } from "@/api/library";
import { tellTrouble } from "@/ui/tellTrouble";
import { tellUndo } from "@/ui/tellUndo";
import { useWords } from "@/words";
import classes from "./Gallery.module.css";
import type { GallerySearch } from "./search";
import { TagForm } from "./TagForm";

interface Props {
  ids: string[];
  show: GallerySearch["show"];
  /** Pictures that are found in all. */
  total: number;
  onAll: () => void;
  onDone: () => void;
}

/** What can be done with all that is selected. */
export function SelectionBar({ ids, show, total, onAll, onDone }: Props) {
  const words = useWords();
  const client = useQueryClient();

  const run = (work: Promise<unknown>, done = true) =>
    void work.then(() => done && onDone()).catch(tellTrouble);
  const restore = () => act(client, ids, "restore");
  async function remove() {
    await trash(client, ids);
    tellUndo(words.gallery.deleted(ids.length), () => void restore().catch(tellTrouble));
  }
  const button = (label: string, icon: ReactNode, work: () => Promise<unknown>, done = true) => (
    <Button size="compact-sm" variant="default" leftSection={icon} onClick={() => run(work(), done)}>
      {label}
    </Button>
  );

  return (
    <div className={classes.selection} role="toolbar" aria-label={words.gallery.selected(ids.length)}>
      <Text size="sm" fw={600} className="figures" role="status">
        {words.gallery.selected(ids.length)}
      </Text>
      {ids.length < total && (
        <Button size="compact-sm" variant="subtle" onClick={onAll}>
          {words.gallery.selectAll(total)}
        </Button>
      )}
      <Group gap={6}>
        {show === "trash" ? (
          button(words.gallery.restore, <RotateCcw size={14} aria-hidden />, restore)
        ) : (
          <>
            {show === "favourites"
              ? button(words.gallery.unfavourite, <Star size={14} aria-hidden />, () =>
                  act(client, ids, "unfavourite"),
                )
              : button(words.gallery.favourite, <Star size={14} aria-hidden />, () =>
                  act(client, ids, "favourite"),
                )}
            <Rating
              aria-label={words.gallery.rate}
              value={0}
              onChange={(rating) => run(act(client, ids, "rate", { rating }), false)}
              getSymbolLabel={(stars) => words.gallery.stars(stars)}
            />
            <TagForm
              label={words.gallery.addTag}
              icon={<Tag size={14} aria-hidden />}
              onTag={(tag) => run(act(client, ids, "tag", { tags: [tag] }))}
            />
            <TagForm
              label={words.gallery.removeTag}
              icon={<Tags size={14} aria-hidden />}
              onTag={(tag) => run(act(client, ids, "untag", { tags: [tag] }))}
            />
            {show === "hidden"
              ? button(words.gallery.unhide, <Eye size={14} aria-hidden />, () => act(client, ids, "show"))
              : button(words.gallery.hide, <EyeOff size={14} aria-hidden />, () => act(client, ids, "hide"))}
            {button(words.gallery.zip, <Archive size={14} aria-hidden />, () => zip(ids), false)}
            {button(words.gallery.delete, <Trash2 size={14} aria-hidden />, remove)}
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
