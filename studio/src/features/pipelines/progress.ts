// How far a pipeline's run is, step by step: what the gateway's run says, in the words of the page.

import type { Item, Run } from "@/api/runs";
import type { Json } from "@/api/types";
import { type Pipeline, refersTo, type Step } from "./pipeline";

export interface MadePicture {
  id: string;
  sha256: string;
  prompt?: string;
}

interface Made {
  images?: MadePicture[];
  texts?: string[];
  missing?: number;
}

export interface Spec {
  pipeline: Pipeline;
  inputs: Record<string, Json>;
  results: Record<string, Made>;
  approved: string[];
}

type StepState = "waiting" | "working" | "review" | "done" | "failed";

export interface StepProgress {
  step: Step;
  state: StepState;
  made: Made | undefined;
  items: Item[];
  /** What a person is asked for here. */
  asks: "approve" | "choose" | null;
}

export function specOf(run: Run): Spec {
  return run.spec as unknown as Spec;
}

export function progressOf(run: Run, items: Item[]): StepProgress[] {
  const spec = specOf(run);
  const { steps } = spec.pipeline;
  const at = steps.findIndex((step) => !(step.name in spec.results) || isUnapproved(spec, step));
  return steps.map((step, place) => {
    const own = items.filter((one) => one.step === step.name && one.state !== "replaced");
    const made = spec.results[step.name];
    const here = place === at;
    const asks = run.waits_for?.step === step.name ? run.waits_for.to_do : null;
    return { step, made, items: own, asks, state: stateOf(run, here, Boolean(made), Boolean(asks)) };
  });
}

function stateOf(run: Run, here: boolean, made: boolean, asks: boolean): StepState {
  if (asks) return "review";
  if (made) return "done";
  if (!here) return "waiting";
  if (run.state === "running") return "working";
  return run.state === "paused" && !run.counts.submitted
    ? "failed"
    : run.counts.submitted
      ? "working"
      : "waiting";
}

/** Whether somebody has yet to look at what a step has made. */
function isUnapproved({ pipeline, approved }: Spec, step: Step): boolean {
  const mode = pipeline.mode ?? (pipeline.steps.some((one) => one.checkpoint) ? "checkpoint" : "auto");
  const reviewed = mode === "manual" || (mode === "checkpoint" && Boolean(step.checkpoint));
  return reviewed && !approved.includes(step.name);
}

/** A step and all that are made from what it makes. */
export function againWith(pipeline: Pipeline, name: string): string[] {
  const again = [name];
  for (const step of pipeline.steps) {
    const text = JSON.stringify(step);
    const needs = again.some((one) => new RegExp(`\\{\\{\\s*steps\\.${one}[.\\s}]`).test(text));
    if (needs && !again.includes(step.name)) again.push(step.name);
  }
  return again;
}

/** The pictures that a select step chooses from. */
export function offeredTo(spec: Spec, step: Step): MadePicture[] {
  const from = step.from;
  if (!refersTo(from)) return [];
  const names = [...String(from).matchAll(/steps\.([\w-]+)/g)].map((found) => found[1] ?? "");
  return names.flatMap((name) => spec.results[name]?.images ?? []);
}

/** What was changed about a step: new values, and null for what was taken out. */
export function difference(before: Step, after: Step): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (JSON.stringify(before[name]) !== JSON.stringify(after[name])) found[name] = after[name] ?? null;
  }
  return found;
}

/** A step in a line: what stands in it that is not of the list itself. */
export function summaryOf(step: Step): string {
  const told = step.prompt ?? step.template ?? (Array.isArray(step.texts) ? step.texts[0] : undefined);
  return typeof told === "string" ? told : "";
}
