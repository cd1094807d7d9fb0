import { beforeEach, describe, expect, it } from "vitest";
import type { Reference } from "@/features/create/draft";
import { inputsOf, sound, usePipelineDraft } from "./draft";
import type { Pipeline } from "./pipeline";

const pipeline: Pipeline = {
  version: 1,
  name: "look",
  inputs: {
    product: { kind: "text" },
    number: { kind: "number", default: 2 },
    sure: { kind: "switch" },
    photo: { kind: "picture" },
    more: { kind: "pictures" },
  },
  steps: [{ name: "a", do: "generate", model: "m", prompt: "{{inputs.product}}" }],
};
const slot = (source: string, state: Reference["state"] = "ready"): Reference => ({
  slot: source || "new",
  source,
  preview: "",
  name: source,
  state,
});
const draft = () => usePipelineDraft.getState();

beforeEach(() => draft().begin(pipeline, "inputs"));

describe("the inputs that are sent", () => {
  it("are what was filled in, with switches off and defaults as they are declared", () => {
    expect(inputsOf(draft())).toEqual({ number: 2, sure: false });
    draft().setValue("product", "a cup");
    draft().setValue("number", 0);
    expect(inputsOf(draft())).toEqual({ product: "a cup", number: 0, sure: false });
    draft().setValue("product", undefined);
    expect(inputsOf(draft())).not.toHaveProperty("product");
  });

  it("name pictures once they have arrived", () => {
    draft().setPictures("photo")(() => [slot("", "uploading")]);
    draft().setPictures("more")(() => [slot("a"), slot("b", "failed"), slot("c")]);
    expect(inputsOf(draft())).toEqual({ number: 2, sure: false, more: ["a", "c"] });
    draft().setPictures("photo")((before) => before.map((one) => ({ ...one, ...slot("d") })));
    expect(inputsOf(draft()).photo).toBe("d");
  });

  it("are only those that the pipeline still has", () => {
    draft().setValue("product", "a cup");
    draft().change({ ...pipeline, inputs: { other: { kind: "text" } } });
    expect(inputsOf(draft())).toEqual({});
  });
});

it("begins anew with another pipeline", () => {
  draft().setValue("product", "a cup");
  draft().begin({ ...pipeline, name: "other" }, "steps");
  expect(draft()).toMatchObject({ view: "steps", values: { number: 2 }, pictures: {} });
});

describe("a stored draft", () => {
  it.each([null, 4, "x", {}, { pipeline: 3 }, { pipeline: { name: "x" } }])("%j is not used", (stored) => {
    expect(sound(stored)).toEqual({});
  });

  it("is used as far as it is sound", () => {
    expect(
      sound({ pipeline, values: 4, pictures: { photo: [slot("a"), 3, {}], more: "x" }, view: "graph" }),
    ).toEqual({ pipeline, values: {}, pictures: { photo: [slot("a")], more: [] }, view: "inputs" });
  });
});
