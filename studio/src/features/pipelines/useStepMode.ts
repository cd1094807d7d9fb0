import { useModel, useModels } from "@/api/queries";
import type { Mode, ModelSummary } from "@/api/types";
import { automaticProvider } from "@/form/fields";
import type { Step } from "./pipeline";

/** What a step asks of a model. */
export function modeName(step: Step): string {
  if (step.do !== "tool") return step.do;
  return step.tool === "outpaint" ? "expand" : String(step.tool ?? "");
}

/** The models that can do what a step asks; those that are kept for older work stand last. */
export function modelsFor(models: ModelSummary[], step: Step): ModelSummary[] {
  const name = modeName(step);
  const able = models.filter((one) => one.available && (one.modes as string[]).includes(name));
  return [...able.filter((one) => one.status === "active"), ...able.filter((one) => one.status !== "active")];
}

/** The chosen model of a step in the step's mode, at the provider that it would go to. */
export function useStepMode(step: Step): { mode: Mode | undefined; models: ModelSummary[]; id: string } {
  const { data: list } = useModels();
  const [first = "", ...rest] = String(step.model ?? "").split("/");
  const named = first === "bfl" || first === "fal";
  const id = named ? rest.join("/") : String(step.model ?? "");
  const { data: model } = useModel(id);
  const route = model?.routes[named ? first : automaticProvider(model)];
  return { mode: route?.modes[modeName(step)], models: modelsFor(list?.models ?? [], step), id };
}
