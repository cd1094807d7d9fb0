import { Button, Group, Skeleton, Table, Text, TextInput, Title } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useState } from "react";
import { useModels } from "@/api/queries";
import type { ModelSummary, ProviderName } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { grouped, matching } from "@/features/create/model/groups";
import { useLook } from "@/look";
import { decimal, pricesIn } from "@/numbers";
import { PROVIDERS } from "@/shell/TopBar";
import { Prose } from "@/ui/Prose";
import { inLanguage, type Language, useWords } from "@/words";
import classes from "./Models.module.css";

/** Every model: what it is good at, where it is made, what it costs, how long it takes. */
export function ModelList() {
  const words = useWords();
  const language = useLook((look) => look.language);
  const { data } = useModels();
  const [text, setText] = useState("");
  const families = grouped(matching(data?.models ?? [], text, null, language));
  return (
    <>
      <Text className="quiet">{words.models.lead}</Text>
      <TextInput
        mt="md"
        maw={420}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        leftSection={<Search size={16} aria-hidden />}
        placeholder={words.create.searchModels}
        aria-label={words.models.searchLabel}
      />
      {!data && <Skeleton height={300} mt="lg" />}
      {families.map(({ family, title, models }) => (
        <section key={family}>
          <Title order={2} size="h4" mt="xl" mb="sm">
            {title}
          </Title>
          <div className={classes.list}>
            {models.map((one) => (
              <Card key={one.id} model={one} />
            ))}
          </div>
        </section>
      ))}
      {data && !families.length && <Text py="lg">{words.create.noModel}</Text>}
    </>
  );
}

function Card({ model }: { model: ModelSummary }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const navigate = useNavigate();
  const choose = useDraft((draft) => draft.chooseModel);
  const routes = Object.entries(model.routes) as [ProviderName, NonNullable<ModelSummary["routes"]["bfl"]>][];
  return (
    <article className={classes.card}>
      <Group gap={8} wrap="nowrap">
        <Title order={3} size="h5">
          {inLanguage(model.titles, language)}
        </Title>
        {model.status !== "active" && <span className="quiet">{words.create[model.status]}</span>}
      </Group>
      <Text size="sm">
        <Prose text={inLanguage(model.descriptions, language)} />
      </Text>
      <Text size="xs" className="quiet">
        {words.models.base(baseOf(model.base, language))}
        {model.lora && " · LoRA"}
      </Text>
      <Table verticalSpacing={5} horizontalSpacing={0} fz="xs" className="figures">
        <Table.Tbody>
          {routes.map(([name, route]) => {
            const seen = Object.values(route.measured).find((one) => one.seconds);
            return (
              <Table.Tr key={name}>
                <Table.Th scope="row" w={44} style={{ verticalAlign: "top" }}>
                  {PROVIDERS[name]}
                </Table.Th>
                <Table.Td>
                  {[
                    ...new Set(
                      Object.values(route.prices).map((price) =>
                        pricesIn(inLanguage(price.texts, language), language),
                      ),
                    ),
                  ].join("; ")}
                  <br />
                  <span className="quiet">
                    {words.create.about(decimal(route.seconds, language, 0))}
                    {seen?.seconds && ` · ${words.models.yours(decimal(seen.seconds, language), seen.jobs)}`}
                    {` · ${limitOf(route.max_references, words.create)}`}
                  </span>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      <Button
        variant="default"
        size="compact-sm"
        mt="auto"
        style={{ alignSelf: "flex-start" }}
        disabled={!model.available}
        onClick={() => {
          choose(model.id);
          void navigate({ to: "/create" });
        }}
      >
        {model.available ? words.models.use : words.create.unavailable}
      </Button>
    </article>
  );
}

function limitOf(
  limits: Record<string, number>,
  words: { upTo: (n: number) => string; noReferences: string },
): string {
  const most = Math.max(0, ...Object.values(limits));
  return most ? words.upTo(most) : words.noReferences;
}

/** The weights by name; what the catalog says further of them is English. */
function baseOf(base: string, language: Language): string {
  return language === "en" ? base : (base.split(/, | with /)[0] ?? base);
}
