import { type RefObject, useEffect, useRef } from "react";
import classes from "./Create.module.css";
import { pieces } from "./promptHints";

interface Props {
  prompt: string;
  box: RefObject<HTMLTextAreaElement | null>;
  /** References that there are. */
  count: number;
}

/** Behind the prompt: a ground under the words that name a reference, red under those that name none. */
export function Named({ prompt, box, count }: Props) {
  const layer = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    const follow = () => {
      if (layer.current) layer.current.scrollTop = area.scrollTop;
    };
    follow();
    area.addEventListener("scroll", follow);
    return () => area.removeEventListener("scroll", follow);
  }, [box]);
  return (
    <div ref={layer} className={classes.named} aria-hidden>
      {pieces(prompt).map((one, place) =>
        one.image === null ? (
          one.text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: a piece is what stands at its place
          <mark key={place} data-missing={one.image > count || undefined}>
            {one.text}
          </mark>
        ),
      )}
    </div>
  );
}
