// What is not the same in several cells of a comparison.

import type { Item } from "@/api/runs";
import type { Generation, Json } from "@/api/types";

interface Difference {
  /** Where it stands: a fact of the result, what was asked, or what was sent to the provider. */
  kind: "facts" | "asked" | "sent";
  name: string;
  /** By cell; undefined where it has none. */
  values: (Json | undefined)[];
}

export interface Shown {
  item: Item;
  generation: Generation | undefined;
}

/** Facts, asked and sent values that differ, in this order; what is the same everywhere is left out. */
export function differences(cells: Shown[]): Difference[] {
  return [
    ...among("facts", cells.map(factsOf)),
    ...among("asked", cells.map(askedOf)),
    ...among("sent", cells.map(sentOf)),
  ];
}

function among(kind: Difference["kind"], all: Record<string, Json>[]): Difference[] {
  const names = [...new Set(all.flatMap((one) => Object.keys(one)))];
  return names
    .map((name) => ({ kind, name, values: all.map((one) => one[name]) }))
    .filter(({ values }) => new Set(values.map((one) => JSON.stringify(one))).size > 1);
}

function factsOf({ item, generation }: Shown): Record<string, Json> {
  const [picture] = item.images;
  return {
    provider: generation?.provider ?? null,
    model: generation?.model ?? null,
    seconds: item.seconds,
    charged: item.charged,
    ...(picture ? { size: `${picture.width} × ${picture.height}`, seed: picture.seed } : {}),
  };
}

function askedOf({ generation }: Shown): Record<string, Json> {
  if (!generation) return {};
  const { seed: _, ...params } = generation.params as Record<string, Json>;
  return { prompt: generation.prompt, mode: generation.mode, ...params };
}

function sentOf({ generation }: Shown): Record<string, Json> {
  const [job] = generation?.jobs ?? [];
  return job ? { endpoint: job.endpoint, ...(job.wire as Record<string, Json>) } : {};
}
