// What else could make the picture when a request failed.

import type { Generation, ModelSummary, ProviderName } from "@/api/types";

/** The other provider of the same model, where it is set up and can do the same. */
export function otherProvider(models: ModelSummary[], generation: Generation): ProviderName | null {
  const model = models.find((one) => one.id === generation.model);
  const names = Object.keys(model?.routes ?? {}) as ProviderName[];
  const fits = (name: ProviderName) => {
    const route = model?.routes[name];
    return name !== generation.provider && route?.available && generation.mode in route.endpoints;
  };
  return names.find(fits) ?? null;
}

/** Another model that does the same kind of work: first of the same family, then of any. */
export function fallbackOf(models: ModelSummary[], generation: Generation): ModelSummary | null {
  const failed = models.find((one) => one.id === generation.model);
  const usable = models.filter(
    (one) =>
      one.id !== generation.model &&
      one.available &&
      one.status === "active" &&
      (one.modes as string[]).includes(generation.mode) &&
      !one.lora,
  );
  return usable.find((one) => one.family === failed?.family) ?? usable[0] ?? null;
}
