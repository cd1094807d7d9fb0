import { Button, Group, Text } from "@mantine/core";
import { Minus, Plus } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useLook } from "@/look";
import { decimal } from "@/numbers";
import { useWords } from "@/words";
import classes from "./Compare.module.css";
import { FIT, type Look, moved, pressed, styleOf, zoomed } from "./zoom";

export interface Framed {
  key: string;
  src: string;
  alt: string;
  caption: ReactNode;
}

/** Pictures beside each other that are enlarged and moved together. */
export function Frames({ pictures }: { pictures: Framed[] }) {
  const words = useWords().compare;
  const language = useLook((look) => look.language);
  const [look, setLook] = useState<Look>(FIT);
  const frames = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const area = frames.current;
    // React's own wheel handlers are passive: the page would scroll too.
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      setLook((before) => zoomed(before, event.deltaY < 0 ? 1.15 : 1 / 1.15));
    };
    area?.addEventListener("wheel", wheel, { passive: false });
    return () => area?.removeEventListener("wheel", wheel);
  }, []);

  function drag(event: React.PointerEvent<HTMLDivElement>) {
    if (!event.buttons) return;
    const { width, height } = event.currentTarget.getBoundingClientRect();
    setLook((before) => moved(before, event.movementX / width, event.movementY / height));
  }

  return (
    <>
      <Group gap={6} mb="xs">
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => setLook(zoomed(look, 1 / 1.5))}
          aria-label={words.zoomOut}
        >
          <Minus size={14} aria-hidden />
        </Button>
        <Text size="sm" className="figures" role="status" w={90} ta="center">
          {words.zoom(decimal(look.scale * 100, language, 0))}
        </Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => setLook(zoomed(look, 1.5))}
          aria-label={words.zoomIn}
        >
          <Plus size={14} aria-hidden />
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setLook(FIT)}>
          {words.fit}
        </Button>
        <Text size="xs" className="quiet" visibleFrom="sm">
          {words.zoomHelp}
        </Text>
      </Group>
      {/* biome-ignore lint/a11y/useSemanticElements: a group of pictures is no fieldset */}
      <div
        ref={frames}
        className={classes.frames}
        role="group"
        aria-label={words.sideAll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move what is seen
        tabIndex={0}
        onKeyDown={(event) => {
          const next = pressed(look, event.key);
          if (!next) return;
          event.preventDefault();
          setLook(next);
        }}
      >
        {pictures.map((one) => (
          <figure key={one.key} className={classes.one}>
            <div className={classes.window} onPointerMove={drag}>
              <img src={one.src} alt={one.alt} style={styleOf(look)} draggable={false} />
            </div>
            <figcaption>{one.caption}</figcaption>
          </figure>
        ))}
      </div>
    </>
  );
}
