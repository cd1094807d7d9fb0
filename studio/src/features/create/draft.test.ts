import { beforeEach, describe, expect, it } from "vitest";
import type { Generation } from "@/api/types";
import { MOST_RECENT, type Reference, sound, useDraft } from "./draft";

const slot = (name: string): Reference => ({ slot: name, source: name, preview: "", name, state: "ready" });
const draft = () => useDraft.getState();

beforeEach(() => draft().reset());

describe("settings per model", () => {
  it("are kept when another model is tried and come back with it", () => {
    draft().change({ model: "flux-2-flex" });
    draft().setValue("guidance_scale", 7);
    draft().chooseModel("flux-2-pro");
    draft().setValue("guidance_scale", undefined);
    draft().setValue("seed", 3);
    draft().chooseModel("flux-2-flex");
    expect(draft().values["flux-2-flex"]).toEqual({ guidance_scale: 7 });
  });

  it("go along to a model that has none of its own", () => {
    draft().change({ model: "flux-2-flex" });
    draft().setValue("seed", 7);
    draft().chooseModel("flux-3-image", "fal");
    expect(draft().values["flux-3-image"]).toEqual({ seed: 7 });
    expect(draft().provider).toBe("fal");
  });
});

describe("references", () => {
  it("are numbered by their order, which can be changed", () => {
    draft().addReferences([slot("a"), slot("b"), slot("c")]);
    draft().moveReference("c", -2);
    draft().moveReference("a", -5);
    expect(draft().references.map((one) => one.name)).toEqual(["c", "a", "b"]);
    draft().removeReference("a");
    expect(draft().references.map((one) => one.name)).toEqual(["c", "b"]);
  });

  it("and the mask are changed by their slot", () => {
    draft().addReferences([slot("a")]);
    draft().change({ mask: slot("m") });
    draft().changeReference("m", { state: "failed" });
    expect(draft().mask?.state).toBe("failed");
    expect(draft().references[0]?.state).toBe("ready");
  });
});

it("remembers the last prompts once each, the newest first", () => {
  for (let number = 0; number < 20; number++) draft().remember(`prompt ${number}`);
  draft().remember("prompt 10");
  draft().remember("   ");
  expect(draft().recent).toHaveLength(MOST_RECENT);
  expect(draft().recent.slice(0, 2)).toEqual(["prompt 10", "prompt 19"]);
});

describe("what the browser kept", () => {
  it("holds no address that dies with the page, and nothing that was still on its way", () => {
    draft().addReferences([
      { ...slot("f".repeat(64)), preview: "blob:http://127.0.0.1/1" },
      { ...slot("x"), state: "uploading" },
    ]);
    const kept = JSON.parse(localStorage.getItem("fluxroom-draft") ?? "{}").state;
    expect(kept.references).toHaveLength(1);
    expect(kept.references[0].preview).toBe(`/v1/assets/${"f".repeat(64)}/thumbnail`);
  });

  it.each([null, 3, "x", [], { values: 3, references: {}, recent: "a", provider: "other", model: 4 }])(
    "is used only as far as it is sound: %j",
    (stored) => {
      const found = sound(stored);
      expect(found.references ?? []).toEqual([]);
      expect(found.provider ?? "auto").toBe("auto");
      expect(Object.values(found.values ?? {})).toEqual([]);
    },
  );
});

it("takes over an earlier request with the seed that was drawn for it", () => {
  const generation = {
    model: "flux-2-pro",
    provider: "fal",
    mode: "edit",
    prompt: "a fox",
    params: { image_size: "square_hd", output_format: "png" },
    references: [{ sha256: "a".repeat(64), name: "fox.png" }, { url: "https://example.com/b.png" }],
    jobs: [{ seed: 42 }],
  } as unknown as Generation;
  draft().reuse(generation);
  expect(draft()).toMatchObject({
    model: "flux-2-pro",
    provider: "fal",
    mode: null,
    prompt: "a fox",
    seedMode: "fixed",
  });
  expect(draft().values["flux-2-pro"]).toEqual({ image_size: "square_hd", output_format: "png", seed: 42 });
  expect(draft().references.map((one) => one.source)).toEqual(["a".repeat(64), "https://example.com/b.png"]);
  draft().reuse(generation, { seed: false });
  expect(draft().values["flux-2-pro"]).not.toHaveProperty("seed");
  expect(draft().seedMode).toBe("random");
});
