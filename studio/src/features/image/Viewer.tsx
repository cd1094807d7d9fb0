import { SegmentedControl } from "@mantine/core";
import type { LibraryImage } from "@/api/library";
import { useLook, type ViewerBackground } from "@/look";
import { BeforeAfter } from "@/ui/BeforeAfter";
import { useWords } from "@/words";
import classes from "./Image.module.css";

interface Props {
  image: LibraryImage;
  actual: boolean;
  onActual: (actual: boolean) => void;
  /** The picture it was made from, when both are to be seen; else empty. */
  before: string;
  /** The other way round. */
  swapped: boolean;
}

/** The picture on a grey that does not flatter it; fit, in its own pixels, or against what it was made from. */
export function Viewer({ image, actual, onActual, before, swapped }: Props) {
  const words = useWords();
  const background = useLook((look) => look.background);
  const set = useLook((look) => look.set);
  const alt = words.run.alt(image.prompt.slice(0, 120));
  const then = { src: before, alt: words.image.before, title: words.image.before };
  const now = { src: image.url, alt, title: words.image.after };
  return (
    <>
      <div
        className={classes.canvas}
        data-background={background}
        data-actual={(actual && !before) || undefined}
        data-over={before || undefined}
      >
        {before ? (
          <BeforeAfter
            before={swapped ? now : then}
            after={swapped ? then : now}
            ratio={`${image.width} / ${image.height}`}
          />
        ) : (
          <button
            type="button"
            className={classes.picture}
            onClick={() => onActual(!actual)}
            aria-label={actual ? words.image.fit : words.image.actual}
          >
            <img src={image.url} alt={alt} width={image.width} height={image.height} />
          </button>
        )}
      </div>
      <div className={classes.view}>
        <SegmentedControl
          size="xs"
          aria-label={words.keys.zoom}
          value={actual ? "actual" : "fit"}
          onChange={(next) => onActual(next === "actual")}
          data={[
            { value: "fit", label: words.image.fit },
            { value: "actual", label: words.image.actual },
          ]}
        />
        <SegmentedControl
          size="xs"
          aria-label={words.image.background}
          value={background}
          onChange={(next) => set({ background: next as ViewerBackground })}
          data={(["dark", "middle", "white"] as const).map((one) => ({
            value: one,
            label: words.image[one],
          }))}
        />
      </div>
    </>
  );
}
