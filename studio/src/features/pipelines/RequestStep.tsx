import { Select, SimpleGrid, Stack } from "@mantine/core";
import { useModels } from "@/api/queries";
import type { Json } from "@/api/types";
import { useLook } from "@/look";
import { inLanguage, useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { changedStep, field, type Offer, pathIn, type Step, TOOLS } from "./pipeline";
import { StepParameters } from "./StepParameters";
import { StepPictures } from "./StepPictures";
import { TemplateText } from "./TemplateText";
import { useOfferNames } from "./useOfferNames";
import { modelsFor, useStepMode } from "./useStepMode";

interface Props {
  step: Step;
  offers: Offer[];
  onChange: (step: Step) => void;
}

/** A step that asks a model for pictures. */
export function RequestStep({ step, offers, onChange }: Props) {
  const words = useWordsOf(pipelines);
  const language = useLook((look) => look.language);
  const nameOf = useOfferNames();
  const { data: list } = useModels();
  const { mode, models, id } = useStepMode(step);
  const set = (change: Partial<Step>) => onChange(changedStep(step, change));
  const many = offers.filter((one) => one.kind === "pictures");
  const each = pathIn(step.each);
  const item: Offer[] = each ? [{ path: "item", kind: "picture" }] : [];
  const pictures = [...item, ...offers.filter((one) => one.kind === "pictures" || one.kind === "picture")];
  const texts = offers.filter((one) => one.kind === "text" || one.kind === "texts" || one.kind === "value");
  const takes = new Set(mode?.parameters.map((one) => one.name));

  function chooseTool(tool: string | null) {
    const next = changedStep(step, { tool: tool ?? "fill" });
    const [first] = modelsFor(list?.models ?? [], next);
    onChange(changedStep(next, { model: first?.id ?? step.model }));
  }

  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        {step.do === "tool" && (
          <Select
            label={words.tool}
            allowDeselect={false}
            value={String(step.tool ?? "")}
            data={TOOLS.map((one) => ({ value: one, label: words.tools[one] ?? one }))}
            onChange={chooseTool}
          />
        )}
        <Select
          label={words.model}
          searchable
          allowDeselect={false}
          value={id}
          data={[
            ...(models.some((one) => one.id === id) || !id ? [] : [{ value: id, label: id }]),
            ...models.map((one) => ({ value: one.id, label: inLanguage(one.titles, language) })),
          ]}
          onChange={(model) => model && set({ model })}
        />
        {(many.length > 0 || each) && (
          <Select
            label={words.each}
            allowDeselect={false}
            value={each ?? ""}
            data={[
              { value: "", label: words.once },
              ...many.map(({ path }) => ({ value: path, label: nameOf(path) })),
            ]}
            onChange={(path) => set(eachOf(step, path ?? ""))}
          />
        )}
      </SimpleGrid>
      {(takes.has("prompt") || isText(step.prompt)) && (
        <TemplateText
          label={words.prompt}
          value={isText(step.prompt) ? step.prompt : ""}
          onChange={(prompt) => set({ prompt: prompt || undefined })}
          offers={texts}
        />
      )}
      {mode && takes.has("references") && (
        <StepPictures
          label={words.references}
          pictures={listed(step.references)}
          onChange={(references) => set({ references: references.length ? references : undefined })}
          offers={pictures}
          limit={mode.max_references}
        />
      )}
      {takes.has("mask") && (
        <StepPictures
          label={words.mask}
          pictures={listed(step.mask)}
          onChange={([mask]) => set({ mask })}
          offers={pictures}
          limit={1}
        />
      )}
      {mode && <StepParameters step={step} mode={mode} offers={offers} onChange={onChange} />}
    </Stack>
  );
}

/** Once for each picture: then it is that picture the step works on, unless it was told otherwise. */
function eachOf(step: Step, path: string): Partial<Step> {
  const item = field("item");
  const references = listed(step.references);
  if (path) {
    return { each: field(path), references: references.includes(item) ? references : [item, ...references] };
  }
  const rest = references.filter((one) => one !== item);
  return { each: undefined, references: rest.length ? rest : undefined };
}

function listed(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.map(String);
  return isText(value) && value ? [value] : [];
}

function isText(value: Json | undefined): value is string {
  return typeof value === "string";
}
