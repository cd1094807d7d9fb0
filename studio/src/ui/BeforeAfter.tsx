import { Button, Slider } from "@mantine/core";
import { useState } from "react";
import { useWords } from "@/words";
import classes from "./BeforeAfter.module.css";

interface Side {
  src: string;
  alt: string;
  title: string;
}

/** Two pictures over each other, with an edge between them that can be moved by mouse, keys or buttons. */
export function BeforeAfter({ before, after, ratio }: { before: Side; after: Side; ratio: string }) {
  const words = useWords();
  const [share, setShare] = useState(50);
  return (
    <div className={classes.whole}>
      <div className={classes.frame}>
        <div className={classes.both} style={{ aspectRatio: ratio }}>
          <img src={after.src} alt={after.alt} />
          <img src={before.src} alt={before.alt} style={{ clipPath: `inset(0 ${100 - share}% 0 0)` }} />
          <span className={classes.edge} style={{ left: `${share}%` }} aria-hidden />
        </div>
      </div>
      <div className={classes.bar}>
        <span>{before.title}</span>
        <Slider
          flex={1}
          value={share}
          onChange={setShare}
          label={null}
          thumbLabel={words.image.compare}
          aria-valuetext={words.shell.share(share)}
        />
        <span>{after.title}</span>
        {[0, 50, 100].map((one) => (
          <Button key={one} size="compact-xs" variant="default" onClick={() => setShare(one)}>
            {words.shell.share(one)}
          </Button>
        ))}
      </div>
    </div>
  );
}
