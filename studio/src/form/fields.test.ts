import { describe, expect, it } from "vitest";
import type { Model } from "@/api/types";
import { mode, parameter, SIZE } from "@/testing/parameters";
import { automaticProvider, fieldsOf, isVisible, kindOf, modeOf } from "./fields";

const number = (more = {}) => ({ schema: { type: "number", ...more } });

describe("how a parameter is drawn", () => {
  it.each([
    ["seed", number(), "seed"],
    ["guidance_scale", number({ minimum: 1, maximum: 10 }), "slider"],
    ["target_width", number(), "number"],
    ["raw", { schema: { type: "boolean" } }, "switch"],
    ["scheduler", { schema: { type: "string", enum: ["euler", "dpmpp_2m"] } }, "enum"],
    ["image_size", { schema: SIZE }, "size"],
    ["change_map_image_url", { schema: { type: "string", format: "image" } }, "ref"],
    ["negative_prompt", {}, "text"],
    ["controlnets", { schema: { type: "array", items: { type: "object" } } }, "json"],
  ])("%s", (name, told, kind) => {
    expect(kindOf(parameter(name, told))).toBe(kind);
  });

  it("follows the gateway's hint, and its own sense where the hint is of a kind it does not know", () => {
    const hinted = (kind: string) => parameter("weight", { ...number(), "x-ui": { kind } as never });
    expect(kindOf(hinted("slider"))).toBe("slider");
    expect(kindOf(hinted("hologram"))).toBe("number");
  });

  it("draws a parameter that nobody has heard of as JSON", () => {
    expect(kindOf(parameter("new_thing", { schema: { type: "object" } }))).toBe("json");
    expect(kindOf(parameter("new_thing", { schema: {} }))).toBe("json");
  });
});

describe("the fields of a form", () => {
  const hints = {
    kind: "slider",
    title: { en: "Guidance", de: "Prompttreue" },
    help: { en: "How close.", de: "Wie genau." },
    group: "quality",
    order: 0,
    advanced: false,
  };

  it("stand in the gateway's order with words in the page's language", () => {
    const told = mode(
      parameter("prompt", { "x-ui": { ...hints, order: 2 } as never }),
      parameter("guidance_scale", {
        ...number({ minimum: 1, maximum: 10 }),
        "x-ui": { ...hints, order: 1 } as never,
      }),
    );
    expect(fieldsOf(told, "de").map((one) => one.title)).toEqual(["Prompttreue", "Prompttreue"]);
    expect(fieldsOf(told, "en").map((one) => one.name)).toEqual(["guidance_scale", "prompt"]);
  });

  it("have a readable name when the gateway gives none", () => {
    expect(fieldsOf(mode(parameter("nag_tau", number())), "en")[0]?.title).toBe("Nag tau");
  });

  it("are seen only while another one asks for them", () => {
    const hidden = (visible_if: Record<string, unknown>) =>
      fieldsOf(mode(parameter("real_cfg_scale", { "x-ui": { ...hints, visible_if } as never })), "en")[0];
    const switched = hidden({ use_real_cfg: true });
    const any = hidden({ mask: "*" });
    if (!switched || !any) throw new Error("no field");
    expect(isVisible(switched, { use_real_cfg: true })).toBe(true);
    expect(isVisible(switched, {})).toBe(false);
    expect(isVisible(any, { mask: "abc" })).toBe(true);
    expect(isVisible(any, { mask: "" })).toBe(false);
  });
});

describe("the mode of a request", () => {
  it.each([
    [["generate", "edit"], null, 0, "generate"],
    [["generate", "edit"], null, 2, "edit"],
    [["edit"], null, 0, "edit"],
    [["fill", "edit"], "fill", 1, "fill"],
    [["erase"], null, 0, "erase"],
    [["generate", "edit"], "fill", 0, "generate"],
  ])("of %j, wished %j, with %i references, is %s", (modes, wished, references, found) => {
    expect(modeOf(modes, wished, references)).toBe(found);
  });
});

it("goes to the first provider that is set up", () => {
  const model = { routes: { bfl: { available: false }, fal: { available: true } } } as unknown as Model;
  expect(automaticProvider(model)).toBe("fal");
});
