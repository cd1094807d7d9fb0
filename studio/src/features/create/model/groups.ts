// Models by family, in the gateway's order: newest family first.

import type { ModelSummary, ProviderName } from "@/api/types";
import type { Language } from "@/words";

interface Family {
  family: string;
  title: string;
  models: ModelSummary[];
}

export function grouped(models: ModelSummary[]): Family[] {
  const families = new Map<string, Family>();
  for (const model of models) {
    const found = families.get(model.family) ?? {
      family: model.family,
      title: model.family_title,
      models: [],
    };
    found.models.push(model);
    families.set(model.family, found);
  }
  return [...families.values()];
}

/** Models whose name, family or description has every word of the text. */
export function matching(
  models: ModelSummary[],
  text: string,
  provider: ProviderName | null,
  language: Language,
): ModelSummary[] {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  return models.filter((model) => {
    if (provider && !model.routes[provider]) return false;
    const hay = [
      model.id,
      model.titles[language],
      model.family_title,
      model.descriptions[language],
      ...model.modes,
    ]
      .join(" ")
      .toLowerCase();
    return wanted.every((word) => hay.includes(word));
  });
}
