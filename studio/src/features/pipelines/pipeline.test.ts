import { describe, expect, it } from "vitest";
import type { Json } from "@/api/types";
import {
  asPipeline,
  blank,
  changedStep,
  defaultsOf,
  freeName,
  missingIn,
  moved,
  newStep,
  offersAt,
  type Pipeline,
  pathIn,
  refersTo,
  renamed,
  said,
} from "./pipeline";
import { yamlFile } from "./yaml";

const evening: Pipeline = {
  version: 1,
  name: "evening",
  inputs: {
    product: { kind: "text", title: { en: "Product", de: "Produkt" } },
    photo: { kind: "picture" },
    strength: { kind: "number", default: 0.5 },
    sure: { kind: "switch" },
  },
  steps: [
    { name: "words", do: "prompt", template: "{{inputs.product}} on {marble|oak}" },
    { name: "shots", do: "generate", model: "m", prompt: "{{steps.words.texts}}", checkpoint: true },
    { name: "best", do: "select", from: "{{ steps.shots.images }}", by: "person" },
    { name: "night", do: "edit", model: "m", each: "{{steps.best.images}}", references: ["{{item}}"] },
  ],
};

describe("what a step may refer to", () => {
  it("is the inputs and what the steps before it have made", () => {
    expect(offersAt(evening, 0).map((one) => `${one.path} ${one.kind}`)).toEqual([
      "inputs.product text",
      "inputs.photo picture",
      "inputs.strength value",
      "inputs.sure value",
    ]);
    expect(
      offersAt(evening, 2)
        .slice(4)
        .map((one) => `${one.path} ${one.kind}`),
    ).toEqual(["steps.words.texts texts", "steps.shots.images pictures", "steps.shots.image picture"]);
  });

  it.each([
    ["{{inputs.product}}", "inputs.product"],
    [" {{ steps.best.images }} ", "steps.best.images"],
    ["a {{inputs.product}}", null],
    [7, null],
    [undefined, null],
  ])("%j alone names %j", (text, path) => {
    expect(pathIn(text)).toBe(path);
  });

  it("is seen within words", () => {
    expect(refersTo("a {{inputs.product}} cup")).toBe(true);
    expect(refersTo("{red|blue}")).toBe(false);
    expect(refersTo(3)).toBe(false);
  });
});

describe("a new step", () => {
  const upTo = (steps: number): Pipeline => ({ ...evening, steps: evening.steps.slice(0, steps) });

  it("takes the texts and pictures that are nearest to it", () => {
    expect(newStep(upTo(1), "generate", "flux").prompt).toBe("{{steps.words.texts}}");
    expect(newStep(upTo(2), "select", "flux")).toEqual({
      name: "best",
      do: "select",
      from: "{{steps.shots.images}}",
      by: "person",
    });
    expect(newStep(upTo(4), "edit", "flux")).toMatchObject({
      name: "changed",
      each: "{{steps.night.images}}",
      references: ["{{item}}"],
    });
    expect(newStep(upTo(4), "webhook", "flux").images).toBe("{{steps.night.images}}");
  });

  it("works on the picture that is given when none was made yet", () => {
    expect(newStep(upTo(0), "edit", "flux")).toMatchObject({ references: ["{{inputs.photo}}"] });
    expect(newStep(upTo(0), "edit", "flux")).not.toHaveProperty("each");
    expect(newStep(upTo(0), "prompt", "flux").template).toBe("{{inputs.product}}");
    const bare: Pipeline = { version: 1, name: "bare", steps: [] };
    expect(newStep(bare, "tool", "flux")).toMatchObject({ tool: "upscale", references: [] });
    expect(newStep(bare, "generate", "flux").prompt).toBe("");
  });

  it("has a name of its own", () => {
    expect(newStep(evening, "prompt", "flux").name).toBe("words_2");
    expect(freeName("a", ["a", "a_2", "a_3"])).toBe("a_4");
  });
});

describe("a change", () => {
  it("of a name is followed wherever the pipeline refers to it, and nowhere else", () => {
    const found = renamed(evening, "steps", "best", "chosen");
    expect(found.steps.map((one) => one.name)).toEqual(["words", "shots", "chosen", "night"]);
    expect(found.steps[3]?.each).toBe("{{steps.chosen.images}}");
    expect(renamed(evening, "steps", "shots", "x").steps[2]?.from).toBe("{{ steps.x.images }}");
    const input = renamed(evening, "inputs", "product", "thing");
    expect(Object.keys(input.inputs ?? {})).toEqual(["thing", "photo", "strength", "sure"]);
    expect(input.steps[0]?.template).toBe("{{inputs.thing}} on {marble|oak}");
    expect(renamed(evening, "inputs", "prod", "x").steps).toEqual(evening.steps);
  });

  it("of the order stays within the list", () => {
    expect(moved(evening, 3, -1).steps.map((one) => one.name)).toEqual(["words", "shots", "night", "best"]);
    expect(moved(evening, 0, -1)).toBe(evening);
    expect(moved(evening, 3, 1)).toBe(evening);
  });

  it("to nothing takes a field out", () => {
    const step = { name: "a", do: "generate" as const, seed: 1 };
    expect(changedStep(step, { seed: undefined, model: "m" })).toEqual({
      name: "a",
      do: "generate",
      model: "m",
    });
  });
});

describe("what was read from somewhere", () => {
  it.each([
    null,
    3,
    "steps",
    {},
    { name: "x" },
    { name: "x", steps: [{}] },
    { name: "x", steps: [{ name: "a", do: "dance" }] },
    { name: "x", steps: [], inputs: 4 },
  ])("%j is no pipeline", (found) => {
    expect(asPipeline(found)).toBeNull();
  });

  it("may be one", () => {
    expect(asPipeline(JSON.parse(JSON.stringify(evening)))).toEqual(evening);
    expect(asPipeline(blank("new", "flux"))?.steps).toHaveLength(1);
  });
});

it("knows which inputs lack a value", () => {
  expect(missingIn(evening, {})).toEqual(["product", "photo"]);
  expect(missingIn(evening, { product: "a cup", photo: "" })).toEqual(["photo"]);
  expect(missingIn(evening, { product: "a cup", photo: "abc", strength: 0 })).toEqual([]);
  expect(defaultsOf(evening)).toEqual({ strength: 0.5 });
});

it("is called in the page's language", () => {
  expect(said({ en: "Product", de: "Produkt" }, "de")).toBe("Produkt");
  expect(said("Product", "de")).toBe("Product");
  expect(said(undefined, "de")).toBe("");
});

describe("YAML", () => {
  it("has blocks for members and quotes where YAML could read something else", () => {
    const value: Json = {
      version: 1,
      name: "evening light",
      mode: "auto",
      answer: "yes",
      inputs: { photo: { kind: "picture", title: { en: "Photo: yours", de: "Foto" } }, none: {} },
      steps: [
        { name: "a", do: "edit", references: ["{{item}}", "x"], checkpoint: true, loras: [{ path: "p" }] },
        { name: "b", do: "select", first: 2, from: "{{steps.a.images}}", empty: [] },
      ],
    };
    expect(yamlFile(value)).toBe(`version: 1
name: evening light
mode: auto
answer: "yes"
inputs:
  photo:
    kind: picture
    title:
      en: "Photo: yours"
      de: Foto
  none: {}
steps:
  - name: a
    do: edit
    references: ["{{item}}", x]
    checkpoint: true
    loras:
      - path: p
  - name: b
    do: select
    first: 2
    from: "{{steps.a.images}}"
    empty: []
`);
  });
});
