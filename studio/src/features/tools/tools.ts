// The tools: what each does to a picture, and with which models.

import type { Json, Mode, ModelSummary, ProviderName } from "@/api/types";

export const TOOLS = ["fill", "erase", "outpaint", "expand", "deblur", "tryon", "upscale"] as const;
export type ToolName = (typeof TOOLS)[number];

interface Tool {
  /** What the gateway calls it. */
  mode: string;
  /** The models to begin with; others that can do it follow, unless the tool is these models. */
  first: string[];
  only?: boolean;
}

const ABOUT: Record<ToolName, Tool> = {
  fill: { mode: "fill", first: ["flux-pro-fill"] },
  erase: { mode: "erase", first: ["flux-erase"] },
  outpaint: { mode: "expand", first: ["flux-outpaint"], only: true },
  expand: { mode: "expand", first: ["flux-pro-expand"], only: true },
  deblur: { mode: "deblur", first: ["flux-deblur"] },
  tryon: { mode: "tryon", first: ["flux-vto-v2", "flux-vto"] },
  upscale: { mode: "upscale", first: ["flux-vision-upscaler"] },
};

export function isTool(name: string): name is ToolName {
  return (TOOLS as readonly string[]).includes(name);
}

export function modeOf(tool: ToolName): string {
  return ABOUT[tool].mode;
}

/** Where a tool can be used: "bfl/flux-pro-fill" and others, the one to begin with first. */
export interface Place {
  value: string;
  model: ModelSummary;
  provider: ProviderName;
}

export function placesOf(tool: ToolName, models: ModelSummary[]): Place[] {
  const { mode, first, only } = ABOUT[tool];
  const rank = (model: ModelSummary) => (first.includes(model.id) ? first.indexOf(model.id) : first.length);
  return models
    .filter((one) => one.status !== "retired" && (one.modes as string[]).includes(mode))
    .filter((one) => first.includes(one.id) || (!only && one.status === "active"))
    .sort((one, other) => rank(one) - rank(other))
    .flatMap((model) =>
      (Object.keys(model.routes) as ProviderName[])
        .filter((provider) => {
          const route = model.routes[provider];
          return route?.available && mode in route.prices;
        })
        .map((provider) => ({ value: `${provider}/${model.id}`, model, provider })),
    );
}

export interface Sides {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export const NO_SIDES: Sides = { top: 0, right: 0, bottom: 0, left: 0 };
export const SIDES = ["top", "right", "bottom", "left"] as const;

/** The parameters that a frame around the picture stands for: pixels a side, or the whole canvas and where it lies. */
export function frameNames(mode: Mode): string[] {
  const names = mode.parameters.map((one) => one.name);
  if (names.includes("expand_top")) return SIDES.map((side) => `expand_${side}`);
  return names.includes("reference_offset_x")
    ? ["image_size", "reference_offset_x", "reference_offset_y"]
    : [];
}

export function frameValues(
  mode: Mode,
  sides: Sides,
  picture: { width: number; height: number },
): Record<string, Json> {
  const [first] = frameNames(mode);
  if (first === "image_size")
    return {
      image_size: {
        width: picture.width + sides.left + sides.right,
        height: picture.height + sides.top + sides.bottom,
      },
      reference_offset_x: sides.left,
      reference_offset_y: sides.top,
    };
  if (!first) return {};
  return Object.fromEntries(SIDES.map((side) => [`expand_${side}`, sides[side]]));
}

/** The sides that make a picture of a ratio, with as little as possible around it, the same on both sides. */
export function sidesFor(ratio: number, { width, height }: { width: number; height: number }): Sides {
  const wide = Math.max(0, Math.round(height * ratio) - width);
  const high = Math.max(0, Math.round(width / ratio) - height);
  const left = Math.floor(wide / 2);
  const top = Math.floor(high / 2);
  return { top, right: wide - left, bottom: high - top, left };
}

export function isFramed(sides: Sides): boolean {
  return SIDES.some((side) => sides[side] > 0);
}
