import { NumberInput, Select, SimpleGrid, TextInput, Title } from "@mantine/core";
import { useModels } from "@/api/queries";
import { typed } from "@/form/typed";
import { useLook } from "@/look";
import { inLanguage, useWordsOf } from "@/words";
import { bulk } from "@/words/bulk";
import { type Seeds, type Sheet, useSheet } from "./sheet";

/** What holds for every row that says nothing else. */
export function DefaultsField({ model }: { model: string }) {
  const words = useWordsOf(bulk);
  const language = useLook((look) => look.language);
  const { data: list } = useModels();
  const sheet = useSheet();
  const set = (change: Partial<Sheet>) => {
    sheet.set(change);
  };
  return (
    <>
      <Title order={2} size="h5" mt="lg" mb={6}>
        {words.defaults}
      </Title>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
        <TextInput
          label={words.name}
          value={sheet.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          maxLength={200}
        />
        <Select
          label={words.model}
          searchable
          allowDeselect={false}
          value={model || null}
          data={(list?.models ?? [])
            .filter((one) => one.available)
            .map((one) => ({ value: one.id, label: inLanguage(one.titles, language) }))}
          onChange={(next) => set({ model: next ?? "" })}
        />
        <Select
          label={words.seeds}
          allowDeselect={false}
          value={sheet.seeds}
          data={(["as_given", "random", "counted"] as const).map((one) => ({
            value: one,
            label: words.seedsOf[one] ?? one,
          }))}
          onChange={(next) => set({ seeds: (next ?? "as_given") as Seeds })}
        />
        <TextInput
          label={words.fileName}
          description={words.fileHelp}
          inputWrapperOrder={["label", "input", "description", "error"]}
          value={sheet.fileName}
          onChange={(event) => set({ fileName: event.currentTarget.value })}
        />
        <NumberInput
          label={words.budget}
          description={words.budgetHelp}
          inputWrapperOrder={["label", "input", "description", "error"]}
          min={0}
          decimalScale={2}
          decimalSeparator={language === "de" ? "," : "."}
          value={sheet.budget ?? ""}
          onChange={(next) => typed(next, (budget) => sheet.set({ budget: budget ?? null }))}
        />
      </SimpleGrid>
    </>
  );
}
