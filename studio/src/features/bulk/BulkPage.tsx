import { Alert, Button, Text, Title } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, data, problemOf } from "@/api/client";
import { useModels } from "@/api/queries";
import type { DryRun } from "@/api/runs";
import type { Problem } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { RunList } from "@/features/runs/RunList";
import classes from "@/features/runs/Runs.module.css";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { ProblemText } from "@/ui/ProblemText";
import { useWords, useWordsOf } from "@/words";
import { bulk } from "@/words/bulk";
import { ColumnsField } from "./ColumnsField";
import { DefaultsField } from "./DefaultsField";
import { DryRunTable } from "./DryRunTable";
import { SourceField } from "./SourceField";
import { bodyOf, isReady, useSheet } from "./sheet";

/** A table of requests: pasted or dropped, looked at, priced, then carried. */
export function BulkPage() {
  const words = useWordsOf(bulk);
  const general = useWords();
  const language = useLook((look) => look.language);
  const navigate = useNavigate();
  const { data: list } = useModels();
  const drafted = useDraft((draft) => draft.model);
  const sheet = useSheet();
  const [answer, setAnswer] = useState<{ to: string; dry?: DryRun; problem?: Problem } | null>(null);
  const [busy, setBusy] = useState<"check" | "run" | null>(null);
  const model = sheet.model || drafted || (list?.default ?? "");
  const body = bodyOf(sheet, `${words.title} ${new Date().toLocaleDateString(language)}`, model);
  const text = JSON.stringify(body);
  // What was checked, or refused, before something was changed is not what would be sent; it may also come later.
  const { dry = null, problem = null } = answer?.to === text ? answer : {};

  async function work(kind: "check" | "run", call: () => Promise<void>) {
    setBusy(kind);
    await call().catch((error: unknown) => setAnswer({ to: text, problem: problemOf(error) }));
    setBusy(null);
  }
  const check = () =>
    work("check", async () => {
      setAnswer({ to: text, dry: await data(api.POST("/v1/bulk/check", { body })) });
    });
  const run = () =>
    work("run", async () => {
      const budget = sheet.budget === null ? null : String(sheet.budget);
      const begun = await data(api.POST("/v1/bulk", { body: { ...body, priority: 0, budget } }));
      void navigate({ to: "/bulk/$id", params: { id: begun.id } });
    });

  const rows = dry ? dry.ok + dry.exists : 0;
  const renamed = Object.entries(dry?.renamed ?? {});
  return (
    <div className={classes.page}>
      <Title order={1} size="h2">
        {words.title}
      </Title>
      <Text className="quiet" maw={680}>
        {words.lead}
      </Text>
      <section className={classes.block}>
        <SourceField />
        <ColumnsField />
        <DefaultsField model={model} />
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
            disabled={!isReady(sheet)}
          >
            {words.check}
          </Button>
          {dry && (
            <Button onClick={run} loading={busy === "run"} disabled={rows === 0}>
              {words.run(rows)}
              <span className="figures" style={{ marginLeft: 10, fontWeight: 450 }}>
                {dry.high === null && general.create.atLeast}
                {money(dry.high ?? dry.low, language)}
              </span>
            </Button>
          )}
          {dry && (
            <Text size="sm" className="quiet figures" role="status">
              {general.runs.dry(dry.ok, dry.exists, dry.invalid)}
              {dry.goes_on && ` · ${words.goesOn}`}
              {renamed.length > 0 &&
                ` · ${words.renamed(renamed.map(([old, name]) => `${old} → ${name}`).join(", "))}`}
            </Text>
          )}
        </div>
        {dry && <DryRunTable dry={dry} />}
      </section>
      <RunList kind="bulk" />
    </div>
  );
}
