import { describe, expect, it } from "vitest";
import type { ModelSummary } from "@/api/types";
import { mode, parameter } from "@/testing/parameters";
import { frameNames, frameValues, isFramed, isTool, modeOf, NO_SIDES, placesOf, sidesFor } from "./tools";

function model(id: string, modes: Record<string, string[]>, more: Partial<ModelSummary> = {}): ModelSummary {
  const routes = Object.fromEntries(
    Object.entries(modes).map(([provider, names]) => [
      provider,
      { available: true, prices: Object.fromEntries(names.map((name) => [name, {}])) },
    ]),
  );
  const all = [...new Set(Object.values(modes).flat())];
  return { id, status: "active", modes: all, routes, ...more } as unknown as ModelSummary;
}

describe("where a tool can be used", () => {
  const models = [
    model("flux-lora-fill", { fal: ["fill"] }),
    model("old-fill", { bfl: ["fill"] }, { status: "legacy" }),
    model("flux-pro-fill", { bfl: ["fill"], fal: ["fill", "edit"] }),
    model("flux-outpaint", { bfl: ["expand"] }),
    model("flux-pro-expand", { bfl: ["expand"] }, { status: "legacy" }),
    model("flux-2", { bfl: ["generate"] }),
  ];
  const values = (tool: "fill" | "outpaint" | "expand" | "deblur") =>
    placesOf(tool, models).map((one) => one.value);

  it("is at each provider, what it is made for first", () => {
    expect(values("fill")).toEqual(["bfl/flux-pro-fill", "fal/flux-pro-fill", "fal/flux-lora-fill"]);
  });

  it("is at its own models alone where two tools share a mode", () => {
    expect(values("outpaint")).toEqual(["bfl/flux-outpaint"]);
    expect(values("expand")).toEqual(["bfl/flux-pro-expand"]);
    expect(modeOf("outpaint")).toBe(modeOf("expand"));
  });

  it("is not where no key is set, nor where the provider lacks the mode", () => {
    const [first] = models;
    if (first?.routes.fal) first.routes.fal.available = false;
    expect(values("fill")).toEqual(["bfl/flux-pro-fill", "fal/flux-pro-fill"]);
    expect(values("deblur")).toEqual([]);
    expect(isTool("deblur") && !isTool("dance")).toBe(true);
  });
});

describe("a frame around a picture", () => {
  const picture = { width: 800, height: 600 };
  const sides = { top: 10, right: 20, bottom: 30, left: 40 };
  const pixels = mode(parameter("expand_top"), parameter("expand_left"));
  const canvas = mode(parameter("image_size"), parameter("reference_offset_x"));

  it("is pixels a side, or the canvas with the picture's place on it, as the model takes it", () => {
    expect(frameValues(pixels, sides, picture)).toEqual({
      expand_top: 10,
      expand_right: 20,
      expand_bottom: 30,
      expand_left: 40,
    });
    expect(frameValues(canvas, sides, picture)).toEqual({
      image_size: { width: 860, height: 640 },
      reference_offset_x: 40,
      reference_offset_y: 10,
    });
    expect(frameNames(mode(parameter("prompt")))).toEqual([]);
    expect(frameValues(mode(parameter("prompt")), sides, picture)).toEqual({});
  });

  it.each([
    [1, { top: 100, right: 0, bottom: 100, left: 0 }],
    [16 / 9, { top: 0, right: 134, bottom: 0, left: 133 }],
    [4 / 3, NO_SIDES],
  ])("of the ratio %d adds as little as possible", (ratio, wanted) => {
    expect(sidesFor(ratio, picture)).toEqual(wanted);
  });

  it("is one when there is a side", () => {
    expect(isFramed(NO_SIDES)).toBe(false);
    expect(isFramed({ ...NO_SIDES, left: 1 })).toBe(true);
  });
});
