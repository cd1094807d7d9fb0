import { screen, within } from "@testing-library/react";
import { useState } from "react";
import { beforeEach, describe, expect, it } from "vitest";
import { useLook } from "@/look";
import { mode, parameter } from "@/testing/parameters";
import { gateway, rendered } from "@/testing/rendered";
import { inputsOf, usePipelineDraft } from "./draft";
import { InputsEditor } from "./InputsEditor";
import { InputsForm } from "./InputsForm";
import { offersAt, type Pipeline, type Step } from "./pipeline";
import { StepForm } from "./StepForm";
import { StepList } from "./StepList";
import { TemplateText } from "./TemplateText";
import { pipelineIn } from "./TextView";

const pipeline: Pipeline = {
  version: 1,
  name: "evening",
  inputs: { product: { kind: "text" }, photo: { kind: "picture" }, strength: { kind: "number", default: 3 } },
  steps: [
    { name: "words", do: "prompt", template: "a {{inputs.product}}" },
    { name: "shots", do: "generate", model: "painter", prompt: "{{steps.words.texts}}" },
    { name: "best", do: "select", from: "{{steps.shots.images}}", by: "person" },
    { name: "night", do: "edit", model: "painter", references: ["{{inputs.photo}}"], prompt: "at night" },
  ],
};

const references = parameter("references", { schema: { type: "array", items: { type: "string" } } });
const modes = {
  generate: mode(parameter("prompt", { required: true }), parameter("seed", { schema: { type: "integer" } })),
  edit: mode(parameter("prompt"), references, parameter("strength", { schema: { type: "number" } })),
  erase: mode(references, parameter("mask")),
};
const painter = { id: "painter", titles: { en: "Painter" }, routes: { bfl: { available: true, modes } } };
const row = {
  id: "painter",
  titles: { en: "Painter" },
  status: "active",
  available: true,
  modes: Object.keys(modes),
  routes: {},
};

beforeEach(() => {
  useLook.setState({ language: "en" });
  gateway({
    "GET /v1/models": { default: "painter", models: [row] },
    "GET /v1/models/painter": painter,
  });
});

/** A step's form, and the step as it is after every change. */
async function form(place: number) {
  let now = pipeline.steps[place] as Step;
  function Held() {
    const [step, setStep] = useState(now);
    now = step;
    return <StepForm step={step} offers={offersAt(pipeline, place)} onChange={setStep} />;
  }
  const view = await rendered(<Held />);
  return { ...view, step: () => now };
}

async function choose(user: Awaited<ReturnType<typeof form>>["user"], field: string, option: string) {
  await user.click(await screen.findByRole("combobox", { name: field }));
  await user.click(await screen.findByRole("option", { name: option, hidden: true }));
}

describe("the form of a prompt step", () => {
  it("inserts what is offered where one writes, and varies texts when told", async () => {
    const { user, step } = await form(0);
    const box = screen.getByRole("textbox", { name: "Template" }) as HTMLTextAreaElement;
    await user.clear(box);
    await user.type(box, "on oak");
    await user.click(screen.getByRole("button", { name: "Insert product (Template)" }));
    expect(step().template).toBe("on oak {{inputs.product}}");
    expect(screen.queryByRole("textbox", { name: "How to vary" })).toBeNull();
    const number = screen.getByRole("textbox", { name: "Variations of each" });
    await user.clear(number);
    await user.type(number, "4");
    await user.type(screen.getByRole("textbox", { name: "How to vary" }), "other light");
    expect(step()).toMatchObject({ expand: 4, instruction: "other light" });
  });
});

describe("the form of a select step", () => {
  it("lets a person choose, or takes the first or the best", async () => {
    const { user, step } = await form(2);
    expect(screen.queryByRole("textbox", { name: "How many" })).toBeNull();
    await choose(user, "Which", "The best rated");
    const number = await screen.findByRole("textbox", { name: "How many" });
    await user.clear(number);
    await user.type(number, "2");
    expect(step()).toEqual({ name: "best", do: "select", from: "{{steps.shots.images}}", best: 2 });
    await choose(user, "Which", "The first");
    expect(step()).toMatchObject({ first: 2 });
    expect(step()).not.toHaveProperty("best");
    await choose(user, "Which", "A person chooses");
    expect(step()).toMatchObject({ by: "person" });
    expect(step()).not.toHaveProperty("first");
  });
});

describe("the form of a request", () => {
  it("works once, or once for each picture of a step", async () => {
    const { user, step } = await form(3);
    await choose(user, "Once for each of", "pictures of best");
    expect(step()).toMatchObject({
      each: "{{steps.best.images}}",
      references: ["{{item}}", "{{inputs.photo}}"],
    });
    await choose(user, "Once for each of", "Once");
    expect(step().references).toEqual(["{{inputs.photo}}"]);
    expect(step()).not.toHaveProperty("each");
    const group = screen.getByRole("group", { name: "Pictures to work on" });
    await user.click(within(group).getByRole("button", { name: "Remove image 1 (Pictures to work on)" }));
    expect(step()).not.toHaveProperty("references");
  });

  it("takes a setting from an input, or has one of its own", async () => {
    const { user, step } = await form(3);
    await user.click(await screen.findByRole("button", { name: "Take Strength from an input" }));
    await user.click(await screen.findByRole("menuitem", { name: "strength" }));
    expect(step().strength).toBe("{{inputs.strength}}");
    expect(screen.getByText("{{inputs.strength}}")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "A value of its own for Strength" }));
    expect(step()).not.toHaveProperty("strength");
    await user.type(await screen.findByRole("textbox", { name: "Strength" }), "0.5");
    expect(step().strength).toBe(0.5);
  });

  it("of a model that only generates has no pictures to work on", async () => {
    await form(1);
    expect(await screen.findByRole("textbox", { name: "Seed" })).toBeTruthy();
    expect(screen.queryByRole("group", { name: "Pictures to work on" })).toBeNull();
  });
});

describe("the list of steps", () => {
  async function list(problem: { field: string; detail: string } | null = null) {
    let now = pipeline;
    function Held() {
      const [held, setHeld] = useState(now);
      now = held;
      const told = problem && { code: "invalid_params", ...problem };
      return <StepList pipeline={held} onChange={setHeld} checked={undefined} problem={told} />;
    }
    const view = await rendered(<Held />);
    return { ...view, now: () => now };
  }

  it("adds, moves, takes out and renames", async () => {
    const { user, now } = await list();
    await user.click(screen.getByRole("button", { name: "Add a step" }));
    await user.click(await screen.findByRole("menuitem", { name: /^Tool/ }));
    expect(now().steps.at(-1)).toMatchObject({
      name: "finished",
      do: "tool",
      each: "{{steps.night.images}}",
    });
    await user.click(screen.getByRole("button", { name: "Move night up" }));
    expect(now().steps.map((one) => one.name)).toEqual(["words", "shots", "night", "best", "finished"]);
    await user.click(screen.getByRole("button", { name: "Remove night" }));
    const shots = screen.getByRole("region", { name: "Step 2: shots" });
    await user.click(within(shots).getByRole("button", { expanded: false }));
    const name = within(shots).getByRole("textbox", { name: "Name" });
    await user.clear(name);
    await user.type(name, "takes");
    await user.tab();
    expect(now().steps.map((one) => one.from ?? one.name)).toEqual([
      "words",
      "takes",
      "{{steps.takes.images}}",
      "finished",
    ]);
    const again = screen.getByRole("region", { name: "Step 2: takes" });
    const bad = within(again).getByRole("textbox", { name: "Name" });
    await user.clear(bad);
    await user.type(bad, "no spaces!");
    await user.tab();
    expect(now().steps[1]?.name).toBe("takes");
  });

  it("says at the step what is wrong with it", async () => {
    await list({ field: "steps.night.model", detail: "There is no model painter." });
    const night = screen.getByRole("region", { name: "Step 4: night" });
    expect(within(night).getByRole("alert").textContent).toBe("There is no model painter.");
    expect(screen.getAllByRole("alert")).toHaveLength(1);
  });
});

describe("the inputs", () => {
  it("are filled in by whoever runs it", async () => {
    const inputs: Pipeline["inputs"] = {
      product: { kind: "text", title: { en: "Product", de: "Produkt" }, help: { en: "Such as a cup." } },
      number: { kind: "number", default: 2 },
      sure: { kind: "switch" },
      size: { kind: "choice", choices: ["small", "large"] },
      photo: { kind: "picture" },
    };
    const asked = { ...pipeline, inputs };
    usePipelineDraft.getState().begin(asked, "inputs");
    const { user } = await rendered(<InputsForm pipeline={asked} />);
    expect(screen.getByText("Such as a cup.")).toBeTruthy();
    await user.type(screen.getByRole("textbox", { name: /^Product/ }), "a jug");
    const number = screen.getByRole("textbox", { name: "Number" });
    await user.clear(number);
    await user.type(number, "5");
    await user.click(screen.getByRole("switch", { name: "Sure" }));
    await choose(user, "Size", "large");
    expect(inputsOf(usePipelineDraft.getState())).toEqual({
      product: "a jug",
      number: 5,
      sure: true,
      size: "large",
    });
    expect(screen.getByRole("region", { name: "Photo" })).toBeTruthy();
  });

  it("that there are none of need nothing", async () => {
    await rendered(<InputsForm pipeline={{ ...pipeline, inputs: {} }} />);
    expect(screen.getByText("It needs nothing: press Run.")).toBeTruthy();
  });

  it("are written by whoever makes it", async () => {
    let now = pipeline;
    function Held() {
      const [held, setHeld] = useState(now);
      now = held;
      return <InputsEditor pipeline={held} onChange={setHeld} />;
    }
    const { user } = await rendered(<Held />);
    await user.click(screen.getByRole("button", { name: "Add an input" }));
    const row = screen.getByRole("group", { name: "text" });
    await user.type(within(row).getByRole("textbox", { name: "Question" }), "What?");
    await user.type(within(row).getByRole("textbox", { name: "Default" }), "x");
    expect(now.inputs?.text).toEqual({ kind: "text", title: "What?", default: "x" });
    const number = screen.getByRole("group", { name: "strength" });
    const fallback = within(number).getByRole("textbox", { name: "Default" });
    await user.clear(fallback);
    await user.type(fallback, "0.5");
    expect(now.inputs?.strength).toEqual({ kind: "number", default: 0.5 });
    const name = within(screen.getByRole("group", { name: "product" })).getByRole("textbox", {
      name: "Name in the steps",
    });
    await user.clear(name);
    await user.type(name, "thing");
    await user.tab();
    expect(now.steps[0]?.template).toBe("a {{inputs.thing}}");
    await user.click(screen.getByRole("button", { name: "Remove the input photo" }));
    expect(Object.keys(now.inputs ?? {})).toEqual(["thing", "strength", "text"]);
  });
});

it("a text with nothing to insert has no buttons", async () => {
  await rendered(<TemplateText label="Prompt" value="" onChange={() => {}} offers={[]} />);
  expect(screen.queryByRole("button")).toBeNull();
});

describe("a file", () => {
  it("of JSON is read here, of YAML by the gateway", async () => {
    const calls = gateway({ "POST /v1/pipelines/check": { pipeline } });
    expect(await pipelineIn(JSON.stringify(pipeline))).toEqual(pipeline);
    expect(calls).toEqual([]);
    expect(await pipelineIn("version: 1\nname: evening")).toEqual(pipeline);
    expect(calls[0]?.body).toMatchObject({ pipeline: "version: 1\nname: evening", inputs: {} });
  });

  it.each(["{ broken", "{}", "just words"])("%s is no pipeline", async (text) => {
    gateway({});
    expect(await pipelineIn(text)).toBeNull();
  });
});
