import { Link } from "@tanstack/react-router";
import { Check, Star } from "lucide-react";
import { memo } from "react";
import type { LibraryImage } from "@/api/library";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { PROVIDERS } from "@/shell/TopBar";
import { useWords } from "@/words";
import classes from "./Gallery.module.css";

interface Props {
  image: LibraryImage;
  place: number;
  focusable: boolean;
  selected: boolean;
  selecting: boolean;
  large: boolean;
  onToggle: (extend: boolean) => void;
}

/** A picture of the grid: the picture first, its line when it is looked at. */
export const Cell = memo(function Cell({
  image,
  place,
  focusable,
  selected,
  selecting,
  large,
  onToggle,
}: Props) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const said = [
    words.run.alt(image.prompt.slice(0, 120)),
    image.rating ? words.gallery.stars(image.rating) : "",
  ]
    .filter(Boolean)
    .join(", ");
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: the link inside has the focus
    <div
      role="gridcell"
      aria-selected={selected}
      className={classes.cell}
      data-selected={selected || undefined}
      data-place={place}
    >
      <Link
        to="/i/$id"
        params={{ id: image.id }}
        tabIndex={focusable ? 0 : -1}
        aria-label={said}
        onClick={(event) => {
          if (!selecting && !event.ctrlKey && !event.metaKey && !event.shiftKey) return;
          event.preventDefault();
          onToggle(event.shiftKey);
        }}
      >
        <img src={`${image.thumbnail}?size=${large ? 512 : 256}`} alt="" decoding="async" />
      </Link>
      <button
        type="button"
        className={classes.check}
        tabIndex={-1}
        aria-pressed={selected}
        aria-label={`${words.gallery.select}: ${words.gallery.position(place + 1)}`}
        onClick={(event) => onToggle(event.shiftKey)}
      >
        {selected && <Check size={14} aria-hidden />}
      </button>
      {image.favourite && (
        <Star size={15} fill="currentColor" className={classes.star} aria-label={words.gallery.favourite} />
      )}
      <span className={classes.line} aria-hidden>
        {image.model} · {PROVIDERS[image.provider as "bfl" | "fal"]}
        {image.charged !== null && ` · ${money(image.charged, language)}`}
        {image.rating > 0 && ` · ${"★".repeat(image.rating)}`}
      </span>
    </div>
  );
});
