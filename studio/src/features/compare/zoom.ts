// One look at several pictures: how large, and which part. In shares of the frame, so that pictures of other sizes
// show the same part.

export interface Look {
  scale: number;
  x: number;
  y: number;
}

export const FIT: Look = { scale: 1, x: 0, y: 0 };
const MOST = 16;
const STEP = 1.25;

/** Larger or smaller around the middle of what is seen. */
export function zoomed(look: Look, times: number): Look {
  const scale = Math.min(MOST, Math.max(1, look.scale * times));
  const change = scale / look.scale;
  return kept({ scale, x: look.x * change, y: look.y * change });
}

/** Moved by shares of the frame. */
export function moved(look: Look, x: number, y: number): Look {
  return kept({ ...look, x: look.x + x, y: look.y + y });
}

/** The picture never leaves its frame. */
function kept({ scale, x, y }: Look): Look {
  const most = (scale - 1) / 2;
  const within = (value: number) => Math.min(most, Math.max(-most, value)) || 0;
  return { scale, x: within(x), y: within(y) };
}

/** What a key does; null when it does nothing. */
export function pressed(look: Look, key: string): Look | null {
  const moves: Record<string, [number, number]> = {
    ArrowLeft: [0.1, 0],
    ArrowRight: [-0.1, 0],
    ArrowUp: [0, 0.1],
    ArrowDown: [0, -0.1],
  };
  const by = moves[key];
  if (by) return moved(look, ...by);
  if (key === "+" || key === "=") return zoomed(look, STEP);
  if (key === "-") return zoomed(look, 1 / STEP);
  return key === "0" ? FIT : null;
}

export function styleOf({ scale, x, y }: Look): { transform: string } {
  return { transform: `translate(${x * 100}%, ${y * 100}%) scale(${scale})` };
}
