import { describe, expect, it } from "vitest";
import type { Json } from "@/api/types";
import { mode, parameter, SIZE } from "@/testing/parameters";
import { clamp, clampAll, sizeRules } from "./clamp";
import { type Field, fieldsOf } from "./fields";

function field(name: string, schema: Record<string, Json>): Field {
  const [found] = fieldsOf(mode(parameter(name, { schema })), "en");
  if (!found) throw new Error("no field");
  return found;
}

describe("a value that another model left behind", () => {
  const guidance = field("guidance_scale", { type: "number", minimum: 1.5, maximum: 10 });
  const steps = field("num_inference_steps", { type: "integer", minimum: 4, maximum: 50 });

  it.each([
    [guidance, 20, 10],
    [guidance, 0, 1.5],
    [guidance, "3.5", 3.5],
    [guidance, "much", undefined],
    [guidance, null, undefined],
    [guidance, { a: 1 }, undefined],
    [steps, 28.6, 29],
    [steps, 7, 7],
  ])("becomes what the form takes: %#", (one, given, taken) => {
    expect(clamp(one, given as Json)).toBe(taken);
  });

  it("keeps a strict 0: it is a value, not nothing", () => {
    const safety = field("safety_tolerance", { type: "integer", minimum: 0, maximum: 5 });
    expect(clampAll([safety], { safety_tolerance: 0 }).values).toEqual({ safety_tolerance: 0 });
  });

  it("is the same choice where the other model writes numbers as texts", () => {
    const texts = field("safety_tolerance", { type: "string", enum: ["1", "2", "3", "4", "5"] });
    expect(clamp(texts, 2)).toBe("2");
    expect(clamp(texts, 0)).toBe("1");
    expect(clamp(texts, 6)).toBe("5");
    expect(clamp(texts, "none")).toBeUndefined();
  });

  it("is dropped where the model does not offer it", () => {
    const format = field("output_format", { type: "string", enum: ["jpeg", "png"] });
    expect(clamp(format, "webp")).toBeUndefined();
  });

  it("is cut where there are too many", () => {
    const loras = field("loras", { type: "array", maxItems: 3, items: { type: "object" } });
    expect(clamp(loras, [1, 2, 3, 4])).toEqual([1, 2, 3]);
    expect(clamp(loras, "a")).toBeUndefined();
  });
});

describe("a size", () => {
  const size = field("image_size", SIZE);

  it("has the model's rules", () => {
    expect(sizeRules(size)).toEqual({
      presets: ["square_hd", "landscape_4_3"],
      minimum: 256,
      maximum: 1440,
      step: 32,
    });
  });

  it.each([
    ["square_hd", "square_hd"],
    ["portrait_16_9", undefined],
    ["1500x100", { width: 1440, height: 256 }],
    [
      { width: 1023, height: 700 },
      { width: 992, height: 672 },
    ],
    [{ width: "wide", height: 3 }, undefined],
    [null, undefined],
    [[1, 2], undefined],
  ])("%j becomes %j", (given, taken) => {
    expect(clamp(size, given as Json)).toEqual(taken);
  });
});

it("tells what was changed, and leaves alone what the form does not have", () => {
  const fields = [
    field("guidance_scale", { type: "number", minimum: 1, maximum: 10 }),
    field("seed", { type: "integer" }),
  ];
  const { values, changes } = clampAll(fields, { guidance_scale: 20, seed: 7, strength: 0.4 });
  expect(values).toEqual({ guidance_scale: 10, seed: 7 });
  expect(changes.map((one) => [one.field.name, one.value])).toEqual([["guidance_scale", 10]]);
});
