import { Button, Group, Progress, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { Archive, Download, Pause, Play, RotateCcw, X } from "lucide-react";
import type { ReactNode } from "react";
import { problemOf } from "@/api/client";
import { command, isUnderWay, type Run, type Step } from "@/api/runs";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { useWords } from "@/words";
import classes from "./Runs.module.css";

const BY_A_PERSON = "by a person"; // who pressed the button knows why

/** How far a run is, what it has cost, and what can be done with it. */
export function RunHead({ run, children }: { run: Run; children?: ReactNode }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const tell = (step: Step) =>
    void command(client, run.id, step).catch((error: unknown) =>
      notifications.show({ color: "red", message: problemOf(error).detail }),
    );
  const { done = 0, failed = 0, cancelled = 0, unknown = 0, submitted = 0 } = run.counts;
  const open = isUnderWay(run);
  return (
    <header className={classes.head}>
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={1} size="h3">
            {run.name}
          </Title>
          <Text size="sm" className="quiet figures" role="status">
            {words.runs.state[run.state] ?? run.state} · {words.runs.progress(done, run.total)}
            {failed + unknown > 0 && ` · ${words.runs.failed(failed + unknown)}`} ·{" "}
            {money(run.charged, language)}
            {run.sandbox && ` · ${words.run.sandbox}`}
          </Text>
          {run.state === "paused" && run.why && run.why !== BY_A_PERSON && (
            <Text size="sm" className="warn" lang="en">
              {run.why}
            </Text>
          )}
          {run.notes.map((note) => (
            <Text key={note} size="sm" className="quiet" lang="en">
              {note}
            </Text>
          ))}
        </div>
        <Group gap={6}>
          {children}
          {run.state === "running" && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<Pause size={14} aria-hidden />}
              onClick={() => tell("pause")}
            >
              {words.runs.pause}
            </Button>
          )}
          {run.state === "paused" && (
            <Button
              size="compact-sm"
              leftSection={<Play size={14} aria-hidden />}
              onClick={() => tell("resume")}
            >
              {words.runs.resume}
            </Button>
          )}
          {!open && failed + cancelled > 0 && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<RotateCcw size={14} aria-hidden />}
              onClick={() => tell("retry")}
            >
              {words.runs.retry(failed + cancelled)}
            </Button>
          )}
          {(open || run.state === "paused" || run.state === "review") && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<X size={14} aria-hidden />}
              onClick={() => tell("cancel")}
            >
              {words.run.cancelRun}
            </Button>
          )}
          {done > 0 && (
            <Button
              component="a"
              href={`/v1/runs/${run.id}/zip`}
              download
              size="compact-sm"
              variant="default"
              leftSection={<Archive size={14} aria-hidden />}
            >
              {words.runs.zip}
            </Button>
          )}
          <Button
            component="a"
            href={run.links.csv}
            download
            size="compact-sm"
            variant="default"
            leftSection={<Download size={14} aria-hidden />}
          >
            CSV
          </Button>
        </Group>
      </Group>
      {open && (
        <Progress.Root size={6} mt="sm" aria-label={words.runs.progress(done, run.total)}>
          <Progress.Section
            value={(100 * done) / run.total}
            color="indigo"
            aria-label={words.runs.progress(done, run.total)}
          />
          <Progress.Section
            value={(100 * submitted) / run.total}
            color="indigo.3"
            aria-label={words.run.running}
          />
        </Progress.Root>
      )}
    </header>
  );
}
