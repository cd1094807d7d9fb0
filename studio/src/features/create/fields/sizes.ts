// Sizes by name, as the gateway knows them (pixels).

export const PRESETS: Record<string, { width: number; height: number }> = {
  square_hd: { width: 1024, height: 1024 },
  square: { width: 512, height: 512 },
  portrait_4_3: { width: 768, height: 1024 },
  portrait_16_9: { width: 576, height: 1024 },
  landscape_4_3: { width: 1024, height: 768 },
  landscape_16_9: { width: 1024, height: 576 },
};

/** Width and height of a drawn shape of this ratio that fits into a box. */
export function shapeOf(ratio: number, box: number): { width: number; height: number } {
  return ratio >= 1 ? { width: box, height: box / ratio } : { width: box * ratio, height: box };
}

/** 1.5 for "3:2"; null for what is no ratio. */
export function ratioOf(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(text);
  return found && Number(found[2]) > 0 ? Number(found[1]) / Number(found[2]) : null;
}
