import { describe, expect, it } from "vitest";
import type { ModelSummary } from "@/api/types";
import { grouped, matching } from "./groups";

const model = (id: string, family: string, change: object = {}): ModelSummary =>
  ({
    id,
    family,
    family_title: family.toUpperCase(),
    titles: { en: `The ${id}`, de: `Das ${id}` },
    descriptions: { en: "Fast and cheap.", de: "Schnell und günstig." },
    modes: ["generate"],
    routes: { bfl: {} },
    ...change,
  }) as unknown as ModelSummary;
const PRO = model("pro", "flux-2");
const FILL = model("fill", "flux-1", { modes: ["fill"], routes: { bfl: {}, fal: {} } });
const FLEX = model("flex", "flux-2", { routes: { fal: {} } });
const ALL = [PRO, FILL, FLEX];
const ids = (models: ModelSummary[]) => models.map((one) => one.id);

describe("models", () => {
  it("stand by family, in the gateway's order", () => {
    const found = grouped(ALL).map(({ family, title, models }) => [family, title, ids(models)]);
    expect(found).toEqual([
      ["flux-2", "FLUX-2", ["pro", "flex"]],
      ["flux-1", "FLUX-1", ["fill"]],
    ]);
  });

  it.each([
    ["", null, ["pro", "fill", "flex"]],
    ["  FLUX-2 the ", null, ["pro", "flex"]],
    ["fill", null, ["fill"]],
    ["cheap", "fal", ["fill", "flex"]],
    ["günstig", null, []],
    ["pro", "fal", []],
  ] as const)("are found by all words of %j at %s", (text, provider, wanted) => {
    expect(ids(matching(ALL, text, provider, "en"))).toEqual(wanted);
  });

  it("are found in the language of the page", () => {
    expect(ids(matching(ALL, "das günstig", null, "de"))).toEqual(["pro", "fill", "flex"]);
  });
});
