import { describe, expect, it } from "vitest";
import type { Item } from "@/api/runs";
import type { Generation } from "@/api/types";
import { differences } from "./differences";

function cell(
  position: number,
  change: { provider?: string; params?: object; wire?: object; seconds?: number },
) {
  return {
    item: {
      position,
      key: `cell ${position}`,
      seconds: change.seconds ?? 2,
      charged: "0.03",
      images: [{ width: 1024, height: 768, seed: 7 }],
    } as unknown as Item,
    generation: {
      provider: change.provider ?? "bfl",
      model: "flux-2-pro",
      mode: "generate",
      prompt: "a fox",
      params: { seed: position, ...change.params },
      jobs: [{ endpoint: "flux-2-pro", wire: { prompt: "a fox", ...change.wire } }],
    } as unknown as Generation,
  };
}

describe("what differs between cells", () => {
  it("is nothing between equals", () => {
    expect(differences([cell(0, {}), cell(1, {})])).toEqual([]);
  });

  it("is told by where it stands, with what is missing as undefined", () => {
    const found = differences([
      cell(0, { seconds: 3, params: { guidance_scale: 2 }, wire: { guidance: 2 } }),
      cell(1, { provider: "fal", params: { guidance_scale: 4 }, wire: { guidance_scale: 4 } }),
    ]);
    expect(found.map(({ kind, name, values }) => [kind, name, ...values])).toEqual([
      ["facts", "provider", "bfl", "fal"],
      ["facts", "seconds", 3, 2],
      ["asked", "guidance_scale", 2, 4],
      ["sent", "guidance", 2, undefined],
      ["sent", "guidance_scale", undefined, 4],
    ]);
  });

  it("compares by content", () => {
    const size = { image_size: { width: 512, height: 512 } };
    expect(differences([cell(0, { params: size }), cell(1, { params: structuredClone(size) })])).toEqual([]);
  });
});
