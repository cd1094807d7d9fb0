import { Alert, Button, Group, SimpleGrid, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api, data, problemOf } from "@/api/client";
import type { Model, Problem } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { ModelCard } from "@/features/create/model/ModelCard";
import { References } from "@/features/create/references/References";
import { toRequest } from "@/features/create/request";
import classes from "@/features/runs/Runs.module.css";
import { clampAll } from "@/form/clamp";
import { automaticProvider, fieldsOf, modeOf } from "@/form/fields";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { Confirm, useIsDear } from "@/ui/Confirm";
import { ProblemText } from "@/ui/ProblemText";
import { useWords } from "@/words";
import { AxisField } from "./AxisField";
import { type AxisDraft, axisFields, loraAxes } from "./axes";
import { Recipes } from "./Recipes";

const checkQuery = (body: string) =>
  queryOptions({
    queryKey: ["comparison", body],
    queryFn: () => data(api.POST("/v1/comparisons/check", { body: JSON.parse(body) })),
    staleTime: 10_000,
    retry: false,
  });

/** What is compared: the request that all cells share, and what varies from cell to cell. */
export function Setup({ model }: { model: Model }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const navigate = useNavigate();
  const draft = useDraft();
  const [name, setName] = useState("");
  const [axes, setAxes] = useState<[AxisDraft, AxisDraft]>([
    { name: "provider", values: Object.keys(model.routes) },
    { name: "", values: [] },
  ]);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const isDear = useIsDear();
  const client = useQueryClient();

  const provider =
    draft.provider !== "auto" && model.routes[draft.provider] ? draft.provider : automaticProvider(model);
  const route = model.routes[provider];
  const modeName = modeOf(Object.keys(route?.modes ?? {}), draft.mode, draft.references.length);
  const mode = route?.modes[modeName];
  const fields = useMemo(() => (mode ? fieldsOf(mode, language) : []), [mode, language]);
  const { values } = clampAll(fields, draft.values[model.id] ?? {});
  const along = [...axisFields(fields), ...loraAxes(values.loras, words.compare.loraScale)];
  const { on_unsupported: _, ...request } = toRequest(draft, fields, values);
  const used = axes.filter((axis) => axis.name && axis.values.length);
  const ready = used.length > 0 && Boolean(draft.prompt.trim());
  const body = { name: name.trim() || draft.prompt.slice(0, 60) || words.compare.title, request, axes: used };
  const text = JSON.stringify(body);
  const [asked] = useDebouncedValue(text, 300);
  const check = useQuery({ ...checkQuery(asked), enabled: ready, placeholderData: (before) => before });
  const sides = used.map((axis) => axis.values.length);
  const cells = used.reduce((product, axis) => product * axis.values.length, used.length ? 1 : 0);

  const price = check.data ? money(check.data.high ?? check.data.low, language) : "";

  /** What is dear is asked about first, also while the price on the button is that of a moment ago. */
  async function go() {
    setBusy(true);
    const now = await client.fetchQuery(checkQuery(text)).catch(() => undefined);
    setBusy(false);
    if (now && isDear(Number(now.high ?? now.low), now.ok)) setAsking(true);
    else await run();
  }
  async function run() {
    setBusy(true);
    setProblem(null);
    try {
      const begun = await data(api.POST("/v1/comparisons", { body: body as never }));
      void navigate({ to: "/compare/$id", params: { id: begun.id } });
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  }

  const wrong = problem ?? (check.error ? problemOf(check.error) : null);
  return (
    <section className={classes.block}>
      <Recipes model={model} fields={along} onChoose={setAxes} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" mt="md">
        <div>
          {mode && (
            <ModelCard
              model={model}
              provider={provider}
              mode={mode}
              modes={Object.keys(route?.modes ?? {})}
              modeName={modeName}
            />
          )}
        </div>
        <div>
          <Textarea
            label={words.create.prompt}
            value={draft.prompt}
            onChange={(event) => draft.change({ prompt: event.currentTarget.value })}
            placeholder={words.create.promptPlaceholder}
            autosize
            minRows={3}
            maxRows={10}
            mb="sm"
          />
          <References
            field={fields.find((field) => field.kind === "refs") ?? null}
            limit={mode?.max_references ?? 0}
          />
        </div>
      </SimpleGrid>
      <div className={classes.axes}>
        {axes.map((axis, place) => (
          <AxisField
            // biome-ignore lint/suspicious/noArrayIndexKey: there are always these two
            key={place}
            label={place === 0 ? words.compare.columns : words.compare.rows}
            axis={axis}
            fields={along}
            model={model}
            optional={place === 1}
            taken={axes[place === 0 ? 1 : 0].name}
            onChange={(next) => setAxes(place === 0 ? [next, axes[1]] : [axes[0], next])}
          />
        ))}
      </div>
      {wrong && (
        <Alert color="red" variant="light" mt="md" role="alert">
          <ProblemText problem={wrong} compact />
        </Alert>
      )}
      <div className={classes.go}>
        <TextInput
          aria-label={words.runs.name}
          placeholder={words.runs.name}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={200}
          w={260}
        />
        <Button onClick={() => void go()} loading={busy} disabled={!ready || Boolean(check.error)}>
          {words.compare.run(cells)}
          {check.data && (
            <span className="figures" style={{ marginLeft: 10, fontWeight: 450 }}>
              {check.data.high === null && words.create.atLeast}
              {price}
            </span>
          )}
        </Button>
        {check.data && (
          <Group gap={8}>
            <Text size="sm" className="quiet figures">
              {sides.length > 1 && `${words.compare.cells(sides[0] ?? 0, sides[1] ?? 0, cells)} · `}
              {words.runs.dry(check.data.ok, check.data.exists, check.data.invalid)}
            </Text>
          </Group>
        )}
      </div>
      <Confirm
        opened={asking}
        text={words.compare.dear(cells, price)}
        yes={words.create.confirmYes(price)}
        onNo={() => setAsking(false)}
        onYes={() => void run()}
      />
      {check.data?.rows
        .filter((row) => row.state === "invalid")
        .slice(0, 5)
        .map((row) => (
          <Text key={row.row} size="sm" className="bad">
            {row.row}: <span lang="en">{row.why}</span>
          </Text>
        ))}
    </section>
  );
}
