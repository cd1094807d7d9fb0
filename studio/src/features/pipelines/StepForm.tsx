import { NumberInput, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { changedStep, field, type Offer, pathIn, type Step } from "./pipeline";
import { RequestStep } from "./RequestStep";
import { TemplateText } from "./TemplateText";
import { useOfferNames } from "./useOfferNames";

interface Props {
  step: Step;
  offers: Offer[];
  onChange: (step: Step) => void;
}

/** The form of a step, by what it does. */
export function StepForm(props: Props) {
  switch (props.step.do) {
    case "prompt":
      return <PromptStep {...props} />;
    case "select":
      return <SelectStep {...props} />;
    case "webhook":
      return <WebhookStep {...props} />;
    default:
      return <RequestStep {...props} />;
  }
}

function PromptStep({ step, offers, onChange }: Props) {
  const words = useWordsOf(pipelines);
  const set = (change: Partial<Step>) => onChange(changedStep(step, change));
  const template = Array.isArray(step.texts) ? step.texts.join("\n") : String(step.template ?? "");
  const list = Array.isArray(step.texts);
  const expand = typeof step.expand === "number" ? step.expand : 1;
  return (
    <Stack gap="md">
      <TemplateText
        label={words.template}
        help={words.templateHelp}
        rows={3}
        value={template}
        onChange={(text) => set(list ? { texts: text.split("\n") } : { template: text })}
        offers={offers.filter((one) => one.kind !== "picture" && one.kind !== "pictures")}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <NumberInput
          label={words.expand}
          description={words.expandHelp}
          inputWrapperOrder={["label", "input", "description"]}
          min={1}
          max={20}
          allowDecimal={false}
          value={expand}
          onChange={(next) => set({ expand: typeof next === "number" && next > 1 ? next : undefined })}
        />
        {expand > 1 && (
          <TextInput
            label={words.instruction}
            value={String(step.instruction ?? "")}
            onChange={(event) => set({ instruction: event.currentTarget.value || undefined })}
          />
        )}
      </SimpleGrid>
    </Stack>
  );
}

type Way = "person" | "first" | "best";

function SelectStep({ step, offers, onChange }: Props) {
  const words = useWordsOf(pipelines);
  const way: Way = step.best !== undefined ? "best" : step.first !== undefined ? "first" : "person";
  const number = Number(step.best ?? step.first ?? 1);
  const choose = (next: Way, count: number) =>
    onChange(
      changedStep(step, {
        by: next === "person" ? "person" : undefined,
        first: next === "first" ? count : undefined,
        best: next === "best" ? count : undefined,
      }),
    );
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
      <FromStep
        label={words.from}
        value={step.from}
        offers={offers}
        onChange={(from) => onChange(changedStep(step, { from }))}
      />
      <Select
        label={words.by}
        allowDeselect={false}
        value={way}
        data={[
          { value: "person", label: words.byPerson },
          { value: "best", label: words.byBest },
          { value: "first", label: words.byFirst },
        ]}
        onChange={(next) => choose((next ?? "person") as Way, number)}
      />
      {way !== "person" && (
        <NumberInput
          label={words.number}
          min={1}
          allowDecimal={false}
          value={number}
          onChange={(next) => typeof next === "number" && choose(way, next)}
        />
      )}
    </SimpleGrid>
  );
}

function WebhookStep({ step, offers, onChange }: Props) {
  const words = useWordsOf(pipelines);
  const set = (change: Partial<Step>) => onChange(changedStep(step, change));
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
      <TextInput
        label={words.url}
        placeholder="https://"
        value={String(step.url ?? "")}
        onChange={(event) => set({ url: event.currentTarget.value })}
      />
      <FromStep
        label={words.handOn}
        value={step.images}
        offers={offers}
        onChange={(images) => set({ images })}
      />
    </SimpleGrid>
  );
}

function FromStep({
  label,
  value,
  offers,
  onChange,
}: {
  label: string;
  value: Step["from"];
  offers: Offer[];
  onChange: (text: string) => void;
}) {
  const nameOf = useOfferNames();
  const steps = offers.filter((one) => one.kind === "pictures" && one.path.startsWith("steps."));
  return (
    <Select
      label={label}
      allowDeselect={false}
      value={pathIn(value)}
      data={steps.map(({ path }) => ({ value: path, label: nameOf(path) }))}
      onChange={(path) => path && onChange(field(path))}
    />
  );
}
