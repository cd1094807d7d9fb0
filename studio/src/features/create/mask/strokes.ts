// A mask as the strokes that made it: drawn again for every change, so that each can be taken back.

export interface Point {
  x: number;
  y: number;
}

export type Stroke =
  | { kind: "brush" | "eraser"; size: number; points: Point[] }
  | { kind: "rectangle"; from: Point; to: Point }
  | { kind: "invert" };

/** Draw all strokes in white on nothing; sizes and places are pixels of the picture. */
export function draw(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  strokes: Stroke[],
): void {
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, width, height);
  for (const stroke of strokes) one(context, width, height, stroke);
  context.globalCompositeOperation = "source-over";
}

function one(context: CanvasRenderingContext2D, width: number, height: number, stroke: Stroke): void {
  context.fillStyle = "#fff";
  context.strokeStyle = "#fff";
  if (stroke.kind === "invert") {
    // What was painted cuts itself out of a white whole.
    context.globalCompositeOperation = "source-out";
    context.fillRect(0, 0, width, height);
    return;
  }
  context.globalCompositeOperation = stroke.kind === "eraser" ? "destination-out" : "source-over";
  if (stroke.kind === "rectangle") {
    const { x, y, width: wide, height: high } = between(stroke.from, stroke.to);
    context.fillRect(x, y, wide, high);
    return;
  }
  context.lineWidth = stroke.size;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
  const [first, ...rest] = stroke.points;
  if (!first) return;
  context.moveTo(first.x, first.y);
  if (!rest.length) context.lineTo(first.x + 0.01, first.y);
  for (const point of rest) context.lineTo(point.x, point.y);
  context.stroke();
}

export function between(from: Point, to: Point): { x: number; y: number; width: number; height: number } {
  return {
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    width: Math.abs(to.x - from.x),
    height: Math.abs(to.y - from.y),
  };
}

/** Whether anything is left that would be changed. */
export function isEmpty(strokes: Stroke[]): boolean {
  return !strokes.some((stroke) => stroke.kind !== "eraser");
}

/** The mask as the providers want it: white on black, as large as the picture. */
export async function toFile(width: number, height: number, strokes: Stroke[]): Promise<File> {
  const [mask, layer] = [document.createElement("canvas"), document.createElement("canvas")];
  for (const canvas of [mask, layer]) Object.assign(canvas, { width, height });
  const [below, above] = [mask.getContext("2d"), layer.getContext("2d")];
  if (!below || !above) throw new Error("This browser cannot draw.");
  draw(above, width, height, strokes);
  below.fillStyle = "#000";
  below.fillRect(0, 0, width, height);
  below.drawImage(layer, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => mask.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("This browser cannot write a PNG.");
  return new File([blob], "mask.png", { type: "image/png" });
}
