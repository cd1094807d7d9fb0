import { Alert, Button, Select, SimpleGrid, Text, Textarea, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { type DragEvent, useState } from "react";
import { api, data, problemOf } from "@/api/client";
import { useModels } from "@/api/queries";
import type { DryRun } from "@/api/runs";
import type { Problem } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { filesOf } from "@/features/create/references/upload";
import { RunList } from "@/features/runs/RunList";
import classes from "@/features/runs/Runs.module.css";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { ProblemText } from "@/ui/ProblemText";
import { inLanguage, useWords } from "@/words";
import { columnsOf, MEANINGS } from "./columns";
import { DryRunTable } from "./DryRunTable";

type Seeds = "as_given" | "random" | "counted";

/** A table of requests: pasted or dropped, looked at, priced, then carried. */
export function BulkPage() {
  const words = useWords();
  const language = useLook((look) => look.language);
  const navigate = useNavigate();
  const { data: list } = useModels();
  const chosen = useDraft((draft) => draft.model);
  const [table, setTable] = useState("");
  const [name, setName] = useState("");
  const [model, setModel] = useState(chosen);
  const [seeds, setSeeds] = useState<Seeds>("as_given");
  const [fileName, setFileName] = useState("{row}-{prompt}");
  const [columns, setColumns] = useState<Record<string, string>>({});
  const [dry, setDry] = useState<DryRun | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState<"check" | "run" | null>(null);
  const header = columnsOf(table);
  const body = {
    name: name.trim() || `${words.bulk.title} ${new Date().toLocaleDateString(language)}`,
    rows: [],
    csv: table,
    jsonl: "",
    columns,
    sources: [],
    prompts: [],
    defaults: { ...(model || list ? { model: model || list?.default } : {}), on_unsupported: "report" },
    seeds,
    file_name: fileName,
    priority: 0,
  };

  function changed<T>(set: (value: T) => void) {
    return (value: T) => {
      set(value);
      setDry(null);
      setProblem(null);
    };
  }
  async function work(kind: "check" | "run", call: () => Promise<void>) {
    setBusy(kind);
    setProblem(null);
    await call().catch((error: unknown) => setProblem(problemOf(error)));
    setBusy(null);
  }
  const check = () =>
    work("check", async () => {
      const { priority: _, ...sheet } = body;
      setDry(await data(api.POST("/v1/bulk/check", { body: sheet })));
    });
  const run = () =>
    work("run", async () => {
      const begun = await data(api.POST("/v1/bulk", { body }));
      void navigate({ to: "/bulk/$id", params: { id: begun.id } });
    });

  async function drop(event: DragEvent) {
    const [file] = filesOf(event.dataTransfer);
    if (!file) return;
    event.preventDefault();
    if (file.size > 20_000_000) {
      notifications.show({ color: "red", message: words.problem.what.too_large });
      return;
    }
    changed(setTable)(await file.text());
    if (!name) setName(file.name.replace(/\.\w+$/, ""));
  }

  const rows = dry ? dry.ok + dry.exists : 0;
  return (
    <div className={classes.page}>
      <Title order={1} size="h2">
        {words.bulk.title}
      </Title>
      <Text className="quiet" maw={680}>
        {words.bulk.lead}
      </Text>
      <section className={classes.block}>
        <Textarea
          label={words.bulk.paste}
          placeholder={words.bulk.placeholder}
          value={table}
          onChange={(event) => changed(setTable)(event.currentTarget.value)}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => void drop(event)}
          autosize
          minRows={6}
          maxRows={16}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
        />
        {!table && (
          <Button
            mt="xs"
            size="compact-sm"
            variant="subtle"
            onClick={() => changed(setTable)(words.bulk.placeholder)}
          >
            {words.bulk.sample}
          </Button>
        )}
        {header.length > 0 && (
          <>
            <Title order={2} size="h5" mt="lg" mb={6}>
              {words.bulk.columns}
            </Title>
            <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
              {header.map((column) => (
                <Select
                  key={column}
                  label={column}
                  size="xs"
                  searchable
                  allowDeselect={false}
                  value={columns[column] ?? column}
                  data={[
                    ...(MEANINGS.includes(column) ? [] : [{ value: column, label: words.bulk.asIs(column) }]),
                    ...MEANINGS.map((one) => ({ value: one, label: one })),
                    { value: "", label: words.bulk.ignore },
                  ]}
                  onChange={(meaning) => {
                    const { [column]: _, ...rest } = columns;
                    changed(setColumns)(
                      meaning === column || meaning === null ? rest : { ...rest, [column]: meaning },
                    );
                  }}
                />
              ))}
            </SimpleGrid>
          </>
        )}
        <Title order={2} size="h5" mt="lg" mb={6}>
          {words.bulk.defaults}
        </Title>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
          <TextInput
            label={words.runs.name}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={200}
          />
          <Select
            label={words.bulk.model}
            searchable
            allowDeselect={false}
            value={model || (list?.default ?? null)}
            data={(list?.models ?? [])
              .filter((one) => one.available)
              .map((one) => ({ value: one.id, label: inLanguage(one.titles, language) }))}
            onChange={(next) => changed(setModel)(next ?? "")}
          />
          <Select
            label={words.bulk.seeds}
            allowDeselect={false}
            value={seeds}
            data={(["as_given", "random", "counted"] as const).map((one) => ({
              value: one,
              label: words.bulk.seedsOf[one] ?? one,
            }))}
            onChange={(next) => changed(setSeeds)((next ?? "as_given") as Seeds)}
          />
          <TextInput
            label={words.bulk.fileName}
            description={words.bulk.fileHelp}
            inputWrapperOrder={["label", "input", "description", "error"]}
            value={fileName}
            onChange={(event) => setFileName(event.currentTarget.value)}
          />
        </SimpleGrid>
        {problem && (
          <Alert color="red" variant="light" mt="md" role="alert">
            <ProblemText problem={problem} compact />
          </Alert>
        )}
        <div className={classes.go}>
          <Button
            variant={dry ? "default" : "filled"}
            onClick={check}
            loading={busy === "check"}
            disabled={!table.trim()}
          >
            {words.bulk.check}
          </Button>
          {dry && (
            <Button onClick={run} loading={busy === "run"} disabled={rows === 0}>
              {words.bulk.run(rows)}
              <span className="figures" style={{ marginLeft: 10, fontWeight: 450 }}>
                {dry.high === null && words.create.atLeast}
                {money(dry.high ?? dry.low, language)}
              </span>
            </Button>
          )}
          {dry && (
            <Text size="sm" className="quiet figures" role="status">
              {words.runs.dry(dry.ok, dry.exists, dry.invalid)}
              {dry.goes_on && ` · ${words.bulk.goesOn}`}
            </Text>
          )}
        </div>
        {dry && <DryRunTable dry={dry} />}
      </section>
      <RunList kind="bulk" />
    </div>
  );
}
