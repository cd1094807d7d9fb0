import { describe, expect, it } from "vitest";
import { between, draw, isEmpty, type Stroke } from "./strokes";

/** A context that writes down what it is told. */
function recorder() {
  const told: string[] = [];
  const settings: Record<string, unknown> = {};
  const context = new Proxy(settings, {
    get: (_, name) =>
      typeof name === "string" && name in settings
        ? settings[name]
        : (...values: unknown[]) =>
            told.push(`${String(name)} ${values.join(" ")} [${settings.globalCompositeOperation}]`),
    set: (_, name, value) => {
      settings[String(name)] = value;
      return true;
    },
  });
  return { context: context as unknown as CanvasRenderingContext2D, told };
}

describe("strokes", () => {
  it("are drawn in their order; the eraser takes away, invert turns all before it round", () => {
    const { context, told } = recorder();
    const strokes: Stroke[] = [
      { kind: "rectangle", from: { x: 30, y: 40 }, to: { x: 10, y: 20 } },
      {
        kind: "eraser",
        size: 5,
        points: [
          { x: 1, y: 2 },
          { x: 3, y: 4 },
        ],
      },
      { kind: "invert" },
    ];
    draw(context, 100, 80, strokes);
    expect(told).toEqual([
      "clearRect 0 0 100 80 [source-over]",
      "fillRect 10 20 20 20 [source-over]",
      "beginPath  [destination-out]",
      "moveTo 1 2 [destination-out]",
      "lineTo 3 4 [destination-out]",
      "stroke  [destination-out]",
      "fillRect 0 0 100 80 [source-out]",
    ]);
  });

  it("a touch without a move is a dot", () => {
    const { context, told } = recorder();
    draw(context, 10, 10, [{ kind: "brush", size: 5, points: [{ x: 1, y: 2 }] }]);
    expect(told).toContain("lineTo 1.01 2 [source-over]");
  });

  it("a rectangle may be drawn in any direction", () => {
    expect(between({ x: 9, y: 1 }, { x: 3, y: 5 })).toEqual({ x: 3, y: 1, width: 6, height: 4 });
  });

  it("an eraser alone leaves nothing to change", () => {
    expect(isEmpty([{ kind: "eraser", size: 3, points: [] }])).toBe(true);
    expect(isEmpty([{ kind: "invert" }])).toBe(false);
  });
});
