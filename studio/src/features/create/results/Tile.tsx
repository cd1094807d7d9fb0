import { ActionIcon, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Download, Pencil, Star } from "lucide-react";
import { useEffect, useState } from "react";
import { useLive } from "@/api/events";
import type { Generation, Job, Picture } from "@/api/types";
import { useLook } from "@/look";
import { decimal } from "@/numbers";
import { useWords, type Words } from "@/words";
import { useDraft } from "../draft";
import { slotOfImage } from "../references/upload";
import classes from "./Results.module.css";
import { ratioAsked } from "./ratio";
import { useFavourites } from "./useFavourites";

/** A finished picture; what can be done with it shows when it is looked at. */
export function PictureTile({ picture, generation }: { picture: Picture; generation: Generation }) {
  const words = useWords().run;
  const { known, toggle } = useFavourites();
  const favourite = known.has(picture.id);
  async function edit() {
    const slot = await slotOfImage(picture.id);
    if (!slot) return;
    useDraft.getState().change({ references: [slot], prompt: "" });
    document.getElementById("content")?.scrollTo({ top: 0 });
    document.getElementById("prompt")?.focus();
  }
  return (
    <figure className={classes.tile} style={{ aspectRatio: `${picture.width} / ${picture.height}` }}>
      <Link
        to="/i/$id"
        params={{ id: picture.id }}
        aria-label={`${words.open}: ${words.alt(generation.prompt.slice(0, 120))}`}
      >
        <img
          src={`${picture.thumbnail}?size=512`}
          srcSet={`${picture.thumbnail}?size=512 1x, ${picture.thumbnail}?size=1024 2x`}
          alt={words.alt(generation.prompt.slice(0, 120))}
          width={picture.width}
          height={picture.height}
          draggable
          onDragStart={(event) => event.dataTransfer.setData("application/x-fluxroom-image", picture.id)}
        />
      </Link>
      <figcaption className={classes.strip}>
        <span className="figures">{picture.seed !== null ? words.seed(picture.seed) : ""}</span>
        <Tooltip label={words.favourite}>
          <ActionIcon
            variant="subtle"
            size={30}
            c="white"
            aria-pressed={favourite}
            aria-label={words.favourite}
            onClick={() => toggle(picture.id)}
          >
            <Star size={15} fill={favourite ? "currentColor" : "none"} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={words.edit}>
          <ActionIcon
            variant="subtle"
            size={30}
            c="white"
            aria-label={words.edit}
            onClick={() => void edit()}
          >
            <Pencil size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={words.download}>
          <ActionIcon
            component="a"
            href={`${picture.download}&download=1`}
            download
            variant="subtle"
            size={30}
            c="white"
            aria-label={words.download}
          >
            <Download size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </figcaption>
    </figure>
  );
}

/** A picture that is on its way, in its own shape from the start. */
export function OpenTile({ job, generation }: { job: Job; generation: Generation }) {
  const words = useWords().run;
  const language = useLook((look) => look.language);
  const progress = useLive((live) => live.progress[job.id]);
  const elapsed = useElapsed(job.submitted_at ?? generation.created_at);
  const expected = progress?.expected ?? job.seconds;
  const share =
    progress?.progress ?? (job.state === "queued" ? 0 : Math.min(0.95, elapsed / Math.max(expected, 1)));
  const waits = job.state === "queued";
  return (
    <div className={classes.open} style={{ aspectRatio: ratioAsked(generation, job) }}>
      <span className={classes.phase}>
        {phaseWord(words, waits && progress?.position ? "position" : job.state, progress?.position)}
      </span>
      <span className="quiet figures">
        {!waits && `${words.elapsed(decimal(elapsed, language, 0))} · `}
        {words.usually(decimal(expected, language, 0))}
      </span>
      <span className={classes.track} aria-hidden>
        <span style={{ transform: `scaleX(${share})` }} />
      </span>
    </div>
  );
}

function phaseWord(words: Words["run"], state: string, position?: number | null): string {
  if (state === "position") return words.position(position ?? 0);
  return (words as unknown as Record<string, string>)[state] ?? state;
}

/** Seconds since then, once a second. */
function useElapsed(since: string): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, (now - Date.parse(since)) / 1000);
}
