import { Button } from "@mantine/core";
import { useModel } from "@/api/queries";
import type { Generation, ProviderName } from "@/api/types";
import { useWords } from "@/words";
import { useDraft } from "../draft";
import { useToForm } from "../useToForm";

const NAME = "safety_tolerance";

/** Leads to the safety level, where the model has one, and says how it stood. */
export function SafetyButton({ generation }: { generation: Generation }) {
  const words = useWords().problem;
  const toForm = useToForm();
  const { data: model } = useModel(generation.model);
  const mode = model?.routes[generation.provider as ProviderName]?.modes[generation.mode];
  const level = mode?.parameters.find((one) => one.name === NAME);
  if (!level) return null;
  const { enum: choices, minimum, maximum } = level.schema;
  const [low, high] = Array.isArray(choices) ? [choices.at(0), choices.at(-1)] : [minimum, maximum];
  const now = generation.params[NAME] ?? level.default ?? level.provider_default;
  return (
    <Button
      size="compact-sm"
      variant="default"
      onClick={() => {
        useDraft.getState().reuse(generation);
        useDraft.getState().attend(NAME);
        if (location.pathname !== "/create") void toForm();
      }}
    >
      {words.safety(now == null ? "–" : String(now), String(low), String(high))}
    </Button>
  );
}
