import type { Generation, Job } from "@/api/types";
import { PRESETS, ratioOf } from "../fields/sizes";

const STANDARD = 4 / 3;

/** The shape that was asked for, as a CSS ratio; the standard one where nobody knows. */
export function ratioAsked(generation: Generation, job: Job): string {
  const { width, height } = job.wire as { width?: unknown; height?: unknown };
  if (typeof width === "number" && typeof height === "number") return `${width} / ${height}`;
  const { image_size: size, aspect_ratio: ratio } = generation.params as Record<string, unknown>;
  if (typeof size === "object" && size !== null) {
    const sides = size as { width: number; height: number };
    return `${sides.width} / ${sides.height}`;
  }
  const preset = typeof size === "string" ? PRESETS[size] : undefined;
  if (preset) return `${preset.width} / ${preset.height}`;
  return String((typeof ratio === "string" && ratioOf(ratio)) || STANDARD);
}
