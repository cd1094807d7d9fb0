import type { Generation, Json } from "@/api/types";
import type { RequestBody } from "../request";

/** The request of a generation once more. The same seed may come from the store, free; another one makes another picture. */
export function repeated(
  generation: Generation,
  how: { otherSeed: boolean; provider?: string; without?: number },
): RequestBody {
  const { mask, seed, ...params } = generation.params as Record<string, Json>;
  const references = generation.references
    .map((one) => String(one.sha256 ?? one.url ?? ""))
    .filter((source, place) => source && place + 1 !== how.without);
  const body: RequestBody = {
    model: `${how.provider ?? generation.provider}/${generation.model}`,
    prompt: generation.prompt,
    ...params,
    mode: generation.mode,
    on_unsupported: "report",
  };
  if (references.length) body.references = references;
  else if (generation.mode === "edit") delete body.mode;
  if (!how.otherSeed && seed != null) body.seed = seed;
  const stored = mask as { sha256?: string; url?: string } | string | undefined;
  const source = typeof stored === "string" ? stored : (stored?.sha256 ?? stored?.url);
  if (source) body.mask = source;
  return body;
}
