import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useWords } from "@/words";
import classes from "./Image.module.css";

interface Props {
  id: string;
  pictures: { id: string; thumbnail: string; prompt?: string }[];
}

/** The pictures around this one, as the gallery showed them; else those of the same request. */
export function Film({ id, pictures }: Props) {
  const words = useWords();
  const strip = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another picture is another place of the strip
  useEffect(() => {
    const now = strip.current?.querySelector<HTMLElement>("[data-now]");
    if (now && strip.current)
      strip.current.scrollLeft = now.offsetLeft - strip.current.clientWidth / 2 + now.clientWidth / 2;
  }, [id]);
  if (pictures.length < 2) return null;
  return (
    <nav ref={strip} className={classes.film} aria-label={words.image.neighbours}>
      {pictures.map((one, place) => (
        <Link
          key={one.id}
          to="/i/$id"
          params={{ id: one.id }}
          data-now={one.id === id || undefined}
          aria-current={one.id === id ? "true" : undefined}
          replace
        >
          <img
            src={`${one.thumbnail}?size=256`}
            alt={one.prompt ? words.run.alt(one.prompt.slice(0, 80)) : words.gallery.position(place + 1)}
            loading="lazy"
          />
        </Link>
      ))}
    </nav>
  );
}
