import { Button, Group } from "@mantine/core";
import { useModels } from "@/api/queries";
import type { Model } from "@/api/types";
import type { Field } from "@/form/fields";
import { useWords } from "@/words";
import { type AxisDraft, suggested } from "./axes";

interface Props {
  model: Model;
  fields: Field[];
  onChoose: (axes: [AxisDraft, AxisDraft]) => void;
}

/** Comparisons that people make most, with one press. */
export function Recipes({ model, fields, onChoose }: Props) {
  const words = useWords().compare;
  const { data: list } = useModels();
  const none: AxisDraft = { name: "", values: [] };
  const family = (list?.models ?? []).filter(
    (one) => one.family === model.family && one.available && one.status === "active" && !one.lora,
  );
  const field = (name: string) => fields.find((one) => one.name === name);
  const recipes: [string, [AxisDraft, AxisDraft] | null][] = [
    [
      words.recipeProviders,
      Object.keys(model.routes).length > 1
        ? [{ name: "provider", values: Object.keys(model.routes) }, none]
        : null,
    ],
    [
      words.recipeModels(model.family_title),
      family.length > 1 ? [{ name: "model", values: family.slice(0, 6).map((one) => one.id) }, none] : null,
    ],
    [words.recipeSeeds, field("seed") ? [{ name: "seed", values: [1, 2, 3, 4] }, none] : null],
    ...(["guidance_scale", "num_inference_steps", "strength", "loras.0.scale"] as const).map(
      (name): [string, [AxisDraft, AxisDraft] | null] => {
        const found = field(name);
        return [found?.title ?? name, found ? [{ name, values: suggested(found) }, none] : null];
      },
    ),
  ];
  return (
    <Group gap={6} role="group" aria-label={words.recipes}>
      {recipes.map(
        ([label, axes]) =>
          axes && (
            <Button
              key={label}
              size="compact-sm"
              radius="xl"
              variant="default"
              onClick={() => onChoose(axes)}
            >
              {label}
            </Button>
          ),
      )}
    </Group>
  );
}
