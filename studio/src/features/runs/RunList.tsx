import { Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type RunKind, useRuns } from "@/api/runs";
import { useLook } from "@/look";
import { ago, money } from "@/numbers";
import { useWords } from "@/words";
import classes from "./Runs.module.css";

const AT = { bulk: "/bulk/$id", comparison: "/compare/$id", pipeline: "/pipelines/$id" } as const;

/** Earlier runs of a kind. */
export function RunList({ kind }: { kind: RunKind }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const { data } = useRuns(kind);
  if (!data?.runs.length) return null;
  return (
    <section className={classes.block}>
      <Title order={2} size="h5" mb="xs">
        {words.runs.earlier}
      </Title>
      {data.runs.map((run) => (
        <Link key={run.id} to={AT[kind]} params={{ id: run.id }} className={classes.line}>
          <span className="clamp1">{run.name}</span>
          <Text component="span" size="sm" className="quiet figures">
            {words.runs.state[run.state] ?? run.state} ·{" "}
            {words.runs.progress(run.counts.done ?? 0, run.total)} · {money(run.charged, language)} ·{" "}
            {ago(run.created_at, language)}
          </Text>
        </Link>
      ))}
    </section>
  );
}
