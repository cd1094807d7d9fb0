import { beforeEach, describe, expect, it } from "vitest";
import { fieldsOf } from "@/form/fields";
import { mode, parameter } from "@/testing/parameters";
import { useDraft } from "./draft";
import { looksNegative, readPrompt } from "./promptHints";
import { asPrompt, fromRequest, toRequest } from "./request";

const fields = fieldsOf(
  mode(
    parameter("prompt", { required: true }),
    parameter("seed", { schema: { type: "integer" } }),
    parameter("use_real_cfg", { schema: { type: "boolean" } }),
    parameter("real_cfg_scale", {
      schema: { type: "number" },
      "x-ui": { kind: "number", visible_if: { use_real_cfg: true } } as never,
    }),
  ),
  "en",
);
const draft = () => useDraft.getState();

beforeEach(() => {
  draft().reset();
  draft().change({ model: "flux-general", prompt: "  a fox " });
});

describe("the request of a draft", () => {
  it("names the model, and the route only when a provider was chosen", () => {
    expect(toRequest(draft(), fields, {})).toEqual({
      model: "flux-general",
      prompt: "a fox",
      on_unsupported: "report",
    });
    draft().change({ provider: "fal" });
    expect(toRequest(draft(), fields, {}).model).toBe("fal/flux-general");
  });

  it("has the seed only when it is to be the same", () => {
    draft().setValue("seed", 7);
    expect(toRequest(draft(), fields, { seed: 7 })).not.toHaveProperty("seed");
    draft().change({ seedMode: "next" });
    expect(toRequest(draft(), fields, { seed: 7 }).seed).toBe(7);
  });

  it("leaves out what another field has hidden, and keeps what the model lacks, so that it is reported", () => {
    draft().setValues({ real_cfg_scale: 3, strength: 0.4 });
    const body = toRequest(draft(), fields, { real_cfg_scale: 3 });
    expect(body).not.toHaveProperty("real_cfg_scale");
    expect(body.strength).toBe(0.4);
    draft().setValues({ real_cfg_scale: 3, use_real_cfg: true });
    expect(toRequest(draft(), fields, { real_cfg_scale: 3, use_real_cfg: true }).real_cfg_scale).toBe(3);
  });

  it("has the references that have arrived, all of them, in order", () => {
    const slot = (name: string, state: "ready" | "uploading") => ({
      slot: name,
      source: name,
      preview: "",
      name,
      state,
    });
    draft().addReferences([slot("b", "ready"), slot("a", "uploading"), slot("c", "ready")]);
    expect(toRequest(draft(), fields, {}).references).toEqual(["b", "c"]);
  });
});

describe("a prompt", () => {
  it("that is a JSON object goes as one; half of one is text", () => {
    expect(asPrompt('{"scene": "a fox"}')).toEqual({ scene: "a fox" });
    expect(asPrompt('{"scene": ')).toBe('{"scene":');
    expect(asPrompt("{a fox}")).toBe("{a fox}");
  });

  it("names colours and references", () => {
    expect(readPrompt("image 2 on #ff8800, Bild 1, #FF8800 and #12 like image 0")).toEqual({
      colours: ["#ff8800", "#FF8800"],
      images: [2, 1],
    });
  });

  it.each([
    ["a street without cars", true],
    ["ein Haus ohne Fenster", true],
    ["a notable nobody", false],
    ["snow", false],
  ])("%s: says what must not be: %s", (text, negative) => {
    expect(looksNegative(text)).toBe(negative);
  });
});

describe("a request as JSON", () => {
  it("becomes the draft that makes it", () => {
    const text = JSON.stringify({
      model: "bfl/flux-2-pro",
      prompt: { a: 1 },
      seed: 5,
      references: ["f".repeat(64)],
    });
    const found = fromRequest(text, draft());
    expect(found).toMatchObject({
      model: "flux-2-pro",
      provider: "bfl",
      prompt: '{"a":1}',
      seedMode: "fixed",
    });
    expect(found.values?.["flux-2-pro"]).toEqual({ seed: 5 });
    expect(found.references?.[0]).toMatchObject({ source: "f".repeat(64), state: "ready" });
  });

  it.each(["[]", "3", "null"])("%s is none", (text) => {
    expect(() => fromRequest(text, draft())).toThrow(TypeError);
  });

  it("that is broken is told as such", () => {
    expect(() => fromRequest("{", draft())).toThrow(SyntaxError);
  });
});
