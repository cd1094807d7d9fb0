import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { act, type LibraryImage, type Marks, mark, trash } from "@/api/library";
import { useLook } from "@/look";
import { tellTrouble } from "@/ui/tellTrouble";
import { tellUndo } from "@/ui/tellUndo";
import { useWords } from "@/words";
import { Cell } from "./Cell";
import classes from "./Gallery.module.css";

const GAP = 8;
const AHEAD = 3; // rows drawn outside of what is seen

interface Props {
  images: LibraryImage[];
  total: number;
  selected: ReadonlySet<string>;
  onSelect: (selected: ReadonlySet<string>) => void;
  onEnd: () => void;
  onAll: () => void;
}

/** Only the rows that are seen are in the page: a hundred thousand pictures cost no more than a hundred. */
export function Grid({ images, total, selected, onSelect, onEnd, onAll }: Props) {
  const words = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const tile = useLook((look) => look.tile);
  const frame = useRef<HTMLDivElement>(null);
  const { ref: sized, width } = useElementSize();
  const merged = useMergedRef(frame, sized);
  const columns = Math.max(2, Math.floor((width + GAP) / (tile + GAP)) || 2);
  const side = Math.max(80, (width - GAP * (columns - 1)) / columns);
  const rows = Math.ceil(images.length / columns);
  const [current, setCurrent] = useState(0);
  const [anchor, setAnchor] = useState(0);
  const grid = useVirtualizer({
    count: width ? rows : 0,
    getScrollElement: () => frame.current,
    estimateSize: () => side + GAP,
    overscan: AHEAD,
  });
  const visible = grid.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another width is another height of every row
  useEffect(() => grid.measure(), [side]);
  useEffect(() => {
    if (rows > 0 && last >= rows - AHEAD * 2) onEnd();
  }, [last, rows, onEnd]);

  function go(to: number, extend: boolean) {
    const place = Math.min(images.length - 1, Math.max(0, to));
    setCurrent(place);
    grid.scrollToIndex(Math.floor(place / columns));
    if (extend) onSelect(between(images, anchor, place));
    else setAnchor(place);
    // The row may be drawn only after the scroll.
    requestAnimationFrame(() =>
      frame.current?.querySelector<HTMLElement>(`[data-place="${place}"] a`)?.focus(),
    );
  }

  function press(event: KeyboardEvent) {
    const image = images[current];
    const page = Math.max(1, visible.length - AHEAD) * columns;
    const moves: Record<string, number> = {
      ArrowRight: current + 1,
      ArrowLeft: current - 1,
      ArrowDown: current + columns,
      ArrowUp: current - columns,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: images.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) go(to, event.shiftKey);
    else if (event.key === " ") toggle(current, event.shiftKey);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) onAll();
    else if (event.key === "Escape") onSelect(new Set());
    else if (event.key === "Delete" && image)
      void remove(selected.size ? [...selected] : [image.id]).catch(tellTrouble);
    else if (event.key === "." && image) tell(image, { favourite: !image.favourite });
    else if (/^[0-5]$/.test(event.key) && image) tell(image, { rating: Number(event.key) });
    else if (event.key === "Enter" && image) void navigate({ to: "/i/$id", params: { id: image.id } });
    else return;
    event.preventDefault();
  }

  function tell(image: LibraryImage, marks: Marks) {
    void mark(client, image.id, marks).catch(tellTrouble);
  }

  function toggle(place: number, extend: boolean) {
    const image = images[place];
    if (!image) return;
    if (extend) return onSelect(new Set([...selected, ...between(images, anchor, place)]));
    const next = new Set(selected);
    if (!next.delete(image.id)) next.add(image.id);
    setAnchor(place);
    setCurrent(place);
    onSelect(next);
  }

  async function remove(ids: string[]) {
    await trash(client, ids);
    onSelect(new Set());
    tellUndo(words.gallery.deleted(ids.length), () => void act(client, ids, "restore").catch(tellTrouble));
  }

  return (
    <div className={classes.frame} ref={merged}>
      {/* biome-ignore lint/a11y/useSemanticElements: a grid that is drawn in part cannot be a table */}
      <div
        role="grid"
        aria-label={words.gallery.grid}
        aria-description={words.gallery.help}
        aria-rowcount={Math.ceil(total / columns)}
        aria-multiselectable
        onKeyDown={press}
        tabIndex={-1}
        className={classes.grid}
        style={{ height: grid.getTotalSize() }}
      >
        {visible.map((row) => (
          // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: the cells of the grid have the focus
          <div
            key={row.key}
            role="row"
            aria-rowindex={row.index + 1}
            className={classes.row}
            style={{
              transform: `translateY(${row.start}px)`,
              gridTemplateColumns: `repeat(${columns}, ${side}px)`,
              height: side,
            }}
          >
            {images.slice(row.index * columns, (row.index + 1) * columns).map((image, column) => {
              const place = row.index * columns + column;
              return (
                <Cell
                  key={image.id}
                  image={image}
                  place={place}
                  focusable={place === Math.min(current, images.length - 1)}
                  selected={selected.has(image.id)}
                  selecting={selected.size > 0}
                  large={side > 260}
                  onToggle={(extend) => toggle(place, extend)}
                />
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

function between(images: LibraryImage[], one: number, other: number): ReadonlySet<string> {
  return new Set(images.slice(Math.min(one, other), Math.max(one, other) + 1).map((image) => image.id));
}
