import { useEffect, useState } from "react";
import { useLive } from "@/api/events";
import { useProviders } from "@/api/gateway";
import type { Generation, Job } from "@/api/types";
import { useLook } from "@/look";
import { decimal } from "@/numbers";
import { useWords, type Words } from "@/words";
import classes from "./Results.module.css";
import { ratioAsked } from "./ratio";

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
      {waits && <WaitNote provider={generation.provider} />}
      <span className={classes.track} aria-hidden>
        <span style={{ transform: `scaleX(${share})` }} />
      </span>
    </div>
  );
}

const SOON = 2000; // milliseconds; a hold may begin and end while somebody waits

/** Why nothing is sent to the provider at the moment, when it says so or a person did. */
function WaitNote({ provider }: { provider: string }) {
  const words = useWords().run;
  const language = useLook((look) => look.language);
  const { data: states } = useProviders(SOON);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const state = states?.find((one) => one.provider === provider);
  const seconds = state?.held_until ? (Date.parse(state.held_until) - now) / 1000 : 0;
  const said = state?.paused ? words.stopped : seconds > 0 ? words.held(decimal(seconds, language, 0)) : "";
  return said ? <span className="warn">{said}</span> : null;
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
