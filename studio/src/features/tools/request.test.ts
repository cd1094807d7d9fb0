import { describe, expect, it } from "vitest";
import type { Reference } from "@/features/create/draft";
import { mode, parameter } from "@/testing/parameters";
import { EMPTY, type ToolDraft } from "./draft";
import { missingIn, requestOf } from "./request";
import { NO_SIDES } from "./tools";

const slot = (source: string, state: Reference["state"] = "ready"): Reference => ({
  slot: source,
  source,
  preview: "",
  name: source,
  state,
});
const references = (least: number) => parameter("references", { schema: { type: "array", minItems: least } });
const size = { width: 80, height: 60 };
const draft = (change: Partial<ToolDraft>): ToolDraft => ({ ...EMPTY, ...change });

describe("what is missing", () => {
  const fill = mode(references(1), parameter("mask"), parameter("prompt", { required: true }));

  it("is told one after the other, in the order in which it is given", () => {
    const steps = [
      {},
      { pictures: [slot("a", "uploading")] },
      { pictures: [slot("a")] },
      { pictures: [slot("a")], mask: slot("m") },
      { pictures: [slot("a")], mask: slot("m"), prompt: "a door" },
    ];
    expect(steps.map((one) => missingIn(fill, draft(one), size))).toEqual([
      "picture",
      "picture",
      "mask",
      "prompt",
      null,
    ]);
  });

  it("is a second picture, or a frame, where the tool asks for one", () => {
    const one = { pictures: [slot("a")] };
    expect(missingIn(mode(references(2)), draft(one), size)).toBe("second");
    const outpaint = mode(references(1), parameter("expand_top"));
    expect(missingIn(outpaint, draft(one), size)).toBe("frame");
    const framed = draft({ ...one, sides: { ...NO_SIDES, left: 5 } });
    expect(missingIn(outpaint, framed, null)).toBe("frame");
    expect(missingIn(outpaint, framed, size)).toBeNull();
  });
});

describe("the request", () => {
  it("has what the model takes, and nothing that was set for another", () => {
    const taken = mode(references(1), parameter("mask"), parameter("prompt"), parameter("seed"));
    const given = draft({
      pictures: [slot("a"), slot("b", "failed")],
      mask: slot("m"),
      prompt: " a door ",
      values: { seed: 0, dilate: 4, output_format: "" },
    });
    expect(requestOf(taken, "fill", "bfl/flux-pro-fill", given, size)).toEqual({
      model: "bfl/flux-pro-fill",
      mode: "fill",
      references: ["a"],
      mask: "m",
      prompt: "a door",
      seed: 0,
      on_unsupported: "report",
    });
    const bare = requestOf(mode(references(1)), "deblur", "bfl/flux-deblur", given, size);
    expect(Object.keys(bare).sort()).toEqual(["mode", "model", "on_unsupported", "references"]);
  });

  it("has the frame around the picture", () => {
    const sides = { top: 1, right: 2, bottom: 3, left: 4 };
    const asked = requestOf(
      mode(references(1), parameter("image_size"), parameter("reference_offset_x")),
      "expand",
      "bfl/flux-outpaint",
      draft({ pictures: [slot("a")], sides }),
      size,
    );
    expect(asked).toMatchObject({ image_size: { width: 86, height: 64 }, reference_offset_x: 4 });
  });
});
