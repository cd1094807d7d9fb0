import { describe, expect, it } from "vitest";
import { columnsOf } from "@/features/bulk/columns";
import { fieldsOf } from "@/form/fields";
import { mode, parameter, SIZE } from "@/testing/parameters";
import { axisFields, parsed, suggested, written } from "./axes";

const fields = fieldsOf(
  mode(
    parameter("prompt"),
    parameter("guidance_scale", { schema: { type: "number", minimum: 1.5, maximum: 10 } }),
    parameter("num_inference_steps", { schema: { type: "integer", minimum: 1, maximum: 50 } }),
    parameter("acceleration", { schema: { type: "string", enum: ["none", "regular", "high"] } }),
    parameter("raw", { schema: { type: "boolean" } }),
    parameter("image_size", { schema: SIZE }),
    parameter("loras", { schema: { type: "array" } }),
  ),
  "en",
);
const field = (name: string) => {
  const found = fields.find((one) => one.name === name);
  if (!found) throw new Error(name);
  return found;
};

describe("an axis", () => {
  it("is any field of which several values can stand beside each other", () => {
    expect(axisFields(fields).map((one) => one.name)).toEqual([
      "guidance_scale",
      "num_inference_steps",
      "acceleration",
      "raw",
      "image_size",
    ]);
  });

  it.each([
    ["guidance_scale", [1.5, 5.75, 10]],
    ["num_inference_steps", [1, 26, 50]],
    ["acceleration", ["none", "regular", "high"]],
    ["raw", [false, true]],
    ["image_size", []],
  ])("%s begins with %j", (name, values) => {
    expect(suggested(field(name))).toEqual(values);
  });

  it("takes values as people write them", () => {
    expect(parsed("2, 4;6\n4, much", field("guidance_scale"))).toEqual([2, 4, 6]);
    expect(parsed("square_hd, 512x512", field("image_size"))).toEqual(["square_hd", "512x512"]);
    expect(parsed("a fox, red\n\na badger", undefined)).toEqual(["a fox, red", "a badger"]);
  });

  it("says a value in short", () => {
    expect(written({ width: 512, height: 768 })).toBe("512×768");
    expect([written("a"), written(2), written(false)]).toEqual(["a", "2", "false"]);
  });
});

describe("the columns of a table", () => {
  it.each([
    ["prompt,seed\na,1", ["prompt", "seed"]],
    ["prompt;seed", ["prompt", "seed"]],
    ["prompt\tseed\r\na\t1", ["prompt", "seed"]],
    ['\uFEFF"prompt, long",seed', ["prompt, long", "seed"]],
    ["prompt", ["prompt"]],
    ["", []],
  ])("%j", (table, columns) => {
    expect(columnsOf(table)).toEqual(columns);
  });
});
