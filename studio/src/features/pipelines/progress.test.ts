import { describe, expect, it } from "vitest";
import type { Item, Run } from "@/api/runs";
import type { Pipeline } from "./pipeline";
import { againWith, difference, offeredTo, progressOf, type Spec, specOf, summaryOf } from "./progress";

const pipeline: Pipeline = {
  version: 1,
  name: "evening",
  steps: [
    { name: "words", do: "prompt", template: "a {red|blue} cup" },
    { name: "shots", do: "generate", model: "m", prompt: "{{steps.words.texts}}", checkpoint: true },
    { name: "best", do: "select", from: "{{steps.shots.images}}", by: "person" },
    { name: "night", do: "edit", model: "m", each: "{{steps.best.images}}", references: ["{{item}}"] },
  ],
};
const picture = (id: string) => ({ id, sha256: id.repeat(64).slice(0, 64) });

function run(state: string, spec: Partial<Spec>, more: Partial<Run> = {}): Run {
  const whole = { pipeline, inputs: {}, results: {}, approved: [], ...spec };
  return { id: "r", state, counts: {}, waits_for: null, ...more, spec: whole } as unknown as Run;
}
const waits = (step: string, to_do: "approve" | "choose") =>
  ({ waits_for: { step, to_do, images: [], texts: [] } }) as unknown as Partial<Run>;
const item = (step: string, state = "done") => ({ step, state, position: 0, images: [] }) as unknown as Item;
const states = (found: Run, items: Item[] = []) => progressOf(found, items).map((one) => one.state);
const WORDS = { texts: ["a red cup", "a blue cup"] };
const SHOTS = { images: [picture("a"), picture("b")] };

describe("the steps of a run", () => {
  it("are under way one after the other", () => {
    expect(states(run("running", {}))).toEqual(["working", "waiting", "waiting", "waiting"]);
    expect(states(run("running", { results: { words: WORDS } }))).toEqual([
      "done",
      "working",
      "waiting",
      "waiting",
    ]);
  });

  it("wait for a person at a checkpoint, and go on when it is approved", () => {
    const results = { words: WORDS, shots: SHOTS };
    const waiting = progressOf(run("review", { results }, waits("shots", "approve")), []);
    expect(waiting.map((one) => one.state)).toEqual(["done", "review", "waiting", "waiting"]);
    expect(waiting.map((one) => one.asks)).toEqual([null, "approve", null, null]);
    const choosing = progressOf(run("review", { results, approved: ["shots"] }, waits("best", "choose")), []);
    expect(choosing.map((one) => one.asks)).toEqual([null, null, "choose", null]);
    expect(choosing[2]?.state).toBe("review");
  });

  it("wait after every one when that is asked for, and never when not", () => {
    const results = { words: WORDS };
    const manual = run(
      "review",
      { results, pipeline: { ...pipeline, mode: "manual" } },
      waits("words", "approve"),
    );
    expect(states(manual)[0]).toBe("review");
    const auto = run("running", {
      results: { words: WORDS, shots: SHOTS },
      pipeline: { ...pipeline, mode: "auto" },
    });
    expect(states(auto)).toEqual(["done", "done", "working", "waiting"]);
  });

  it("stop where nothing came", () => {
    expect(states(run("paused", { results: { words: WORDS } }))[1]).toBe("failed");
    expect(states(run("paused", { results: { words: WORDS } }, { counts: { submitted: 1 } }))[1]).toBe(
      "working",
    );
    expect(states(run("cancelled", { results: { words: WORDS } }))[1]).toBe("waiting");
    const results = { words: WORDS, shots: SHOTS, best: SHOTS, night: SHOTS };
    expect(states(run("finished", { results, approved: ["shots"] }))).toEqual([
      "done",
      "done",
      "done",
      "done",
    ]);
  });

  it("have their own requests, without those that were made again", () => {
    const items = [item("shots"), item("shots", "replaced"), item("night", "failed")];
    const found = progressOf(run("running", {}), items);
    expect(found.map((one) => one.items.length)).toEqual([0, 1, 0, 1]);
  });
});

it("what is made again is a step and all that comes from it", () => {
  expect(againWith(pipeline, "shots")).toEqual(["shots", "best", "night"]);
  expect(againWith(pipeline, "night")).toEqual(["night"]);
  const apart: Pipeline = {
    ...pipeline,
    steps: [...pipeline.steps, { name: "shot", do: "generate", prompt: "x" }],
  };
  expect(againWith(apart, "shot")).toEqual(["shot"]);
});

it("a choice is from the pictures that the step names", () => {
  const spec = specOf(run("review", { results: { words: WORDS, shots: SHOTS } }));
  const [, , best] = pipeline.steps;
  if (!best) throw new Error("no step");
  expect(offeredTo(spec, best)).toEqual(SHOTS.images);
  expect(offeredTo(spec, { ...best, from: "" })).toEqual([]);
});

it("a change says what is new and what is gone", () => {
  const before = { name: "a", do: "edit" as const, prompt: "x", seed: 1, references: ["r"] };
  const after = { name: "a", do: "edit" as const, prompt: "y", references: ["r"], strength: 0.5 };
  expect(difference(before, after)).toEqual({ prompt: "y", seed: null, strength: 0.5 });
  expect(difference(before, before)).toEqual({});
});

it("a step in a line is its words", () => {
  expect(pipeline.steps.map(summaryOf)).toEqual(["a {red|blue} cup", "{{steps.words.texts}}", "", ""]);
});
