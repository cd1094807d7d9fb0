import { describe, expect, it } from "vitest";
import { FIT, moved, pressed, styleOf, zoomed } from "./zoom";

describe("a look at several pictures", () => {
  it("is enlarged around its middle and never smaller than what fits", () => {
    expect(zoomed(FIT, 2)).toEqual({ scale: 2, x: 0, y: 0 });
    expect(zoomed({ scale: 2, x: 0.25, y: 0 }, 2)).toEqual({ scale: 4, x: 0.5, y: 0 });
    expect(zoomed(FIT, 0.1)).toEqual(FIT);
    expect(zoomed(FIT, 1000).scale).toBe(16);
  });

  it("never leaves the picture", () => {
    expect(moved(FIT, 0.5, -0.5)).toEqual(FIT);
    expect(moved({ scale: 3, x: 0, y: 0 }, 5, -5)).toEqual({ scale: 3, x: 1, y: -1 });
    expect(zoomed({ scale: 3, x: 1, y: -1 }, 1 / 3)).toEqual(FIT);
  });

  it.each([
    ["+", { scale: 2.5, x: 0, y: 0 }],
    ["=", { scale: 2.5, x: 0, y: 0 }],
    ["-", { scale: 1.6, x: 0, y: 0 }],
    ["ArrowLeft", { scale: 2, x: 0.1, y: 0 }],
    ["ArrowDown", { scale: 2, x: 0, y: -0.1 }],
    ["0", FIT],
    ["x", null],
  ])("follows the key %s", (key, look) => {
    expect(pressed({ scale: 2, x: 0, y: 0 }, key)).toEqual(look);
  });

  it("is the same part of pictures of any size", () => {
    expect(styleOf({ scale: 2, x: 0.25, y: -0.1 })).toEqual({ transform: "translate(25%, -10%) scale(2)" });
  });
});
