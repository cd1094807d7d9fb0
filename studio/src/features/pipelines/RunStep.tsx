import { Button, Loader, Text } from "@mantine/core";
import { Check, Pencil, RotateCcw } from "lucide-react";
import { useState } from "react";
import type { Decision } from "@/api/pipelines";
import { useLook } from "@/look";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { ItemTiles, MadeTile } from "./Pictures";
import classes from "./Pipelines.module.css";
import { pathIn, titleOf } from "./pipeline";
import { offeredTo, type Spec, type StepProgress, summaryOf } from "./progress";

interface Props {
  place: number;
  progress: StepProgress;
  spec: Spec;
  busy: boolean;
  /** Nothing of the run is under way. */
  resting: boolean;
  onDecide: (decision: Decision) => void;
  onChange: () => void;
  onAgain: () => void;
}

/** One step of a run: what it has made, and what a person can say about it. */
export function RunStep({ place, progress, spec, busy, resting, onDecide, onChange, onAgain }: Props) {
  const words = useWordsOf(pipelines);
  const language = useLook((look) => look.language);
  const { step, state, made, items, asks } = progress;
  const name = titleOf(step, language);
  const missing = made?.missing ?? 0;
  const prompts = new Set(items.map((one) => String(one.asked.prompt ?? "")));
  const written = pathIn(step.prompt) ? "" : summaryOf(step);
  const summary = prompts.size === 1 ? [...prompts].join("") : written;
  return (
    <li
      className={classes.step}
      aria-label={words.step(place + 1, name)}
      data-step={step.name}
      data-state={state}
    >
      <div className={classes.stepHead}>
        <span className={classes.number} data-state={state} aria-hidden>
          {state === "done" ? <Check size={15} /> : place + 1}
        </span>
        <Text fw={550}>{name}</Text>
        <Text size="sm" className={state === "failed" ? "bad" : "quiet"}>
          {words.state[state]}
        </Text>
        {state === "working" && <Loader size={14} aria-hidden />}
        {missing > 0 && (
          <Text size="sm" className="warn">
            {words.lost(missing)}
          </Text>
        )}
      </div>
      {(state !== "waiting" || items.length > 0) && (
        <div className={classes.stepBody}>
          {!made?.texts && summary && (
            <Text size="sm" className="quiet clamp2" my={8}>
              {summary}
            </Text>
          )}
          {made?.texts && (
            <ol className={classes.texts}>
              {made.texts.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ol>
          )}
          {asks === "choose" ? (
            <Choose spec={spec} progress={progress} busy={busy} onDecide={onDecide} />
          ) : (
            <div className={classes.tiles}>
              {items.length > 0 ? (
                <ItemTiles items={items} />
              ) : (
                made?.images?.map((one, number) => (
                  <MadeTile key={one.id} picture={one} number={number + 1} />
                ))
              )}
            </div>
          )}
          {asks === "approve" && <Text mt="md">{words.waitsReview}</Text>}
          {resting && asks !== "choose" && state !== "waiting" && (
            <div className={classes.decide}>
              {asks === "approve" && (
                <Button
                  leftSection={<Check size={16} aria-hidden />}
                  loading={busy}
                  onClick={() => onDecide({ kind: "approve" })}
                >
                  {words.approve}
                </Button>
              )}
              <Button
                variant="default"
                size={asks ? "sm" : "compact-sm"}
                leftSection={<Pencil size={14} aria-hidden />}
                disabled={busy}
                onClick={onChange}
                aria-label={`${words.change}: ${name}`}
              >
                {words.change}
              </Button>
              <Button
                variant="default"
                size={asks ? "sm" : "compact-sm"}
                leftSection={<RotateCcw size={14} aria-hidden />}
                disabled={busy}
                onClick={onAgain}
                aria-label={`${words.redo}: ${name}`}
              >
                {words.redo}
              </Button>
            </div>
          )}
        </div>
      )}
    </li>
  );
}

/** Pictures are pressed in the order in which they go on. */
function Choose({ spec, progress, busy, onDecide }: Pick<Props, "spec" | "progress" | "busy" | "onDecide">) {
  const words = useWordsOf(pipelines);
  const [chosen, setChosen] = useState<string[]>([]);
  const offered = offeredTo(spec, progress.step);
  return (
    <>
      <Text my="sm">{words.waitsChoice}</Text>
      <div className={classes.tiles}>
        {offered.map((one, number) => {
          const order = chosen.indexOf(one.id) + 1;
          return (
            <button
              key={one.id}
              type="button"
              className={classes.pick}
              aria-pressed={order > 0}
              aria-label={`${words.pick(number + 1)}${order ? `, ${words.picked(order)}` : ""}`}
              onClick={() =>
                setChosen(order ? chosen.filter((other) => other !== one.id) : [...chosen, one.id])
              }
            >
              <MadeTile picture={one} number={number + 1} plain />
              <span className={classes.order} aria-hidden>
                {order || ""}
              </span>
            </button>
          );
        })}
      </div>
      <div className={classes.decide}>
        <Button
          loading={busy}
          disabled={!chosen.length}
          onClick={() => onDecide({ kind: "choose", images: chosen })}
        >
          {words.chosen(chosen.length)}
        </Button>
      </div>
    </>
  );
}
