import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { memo } from "react";
import { api, data } from "@/api/client";
import { place } from "@/api/queries";
import type { Generation, ProviderName } from "@/api/types";
import { useLook } from "@/look";
import { ago, decimal } from "@/numbers";
import { PROVIDERS } from "@/shell/TopBar";
import { stateWord, useCharge } from "@/ui/states";
import { tellTrouble } from "@/ui/tellTrouble";
import { useTitles } from "@/ui/useTitles";
import { useWhy } from "@/ui/why";
import { useWords } from "@/words";
import { Failure } from "./Failure";
import { OpenTile } from "./OpenTile";
import classes from "./Results.module.css";
import { RowActions } from "./RowActions";
import { PictureTile } from "./Tile";

/** One request with its pictures, or with what became of them. */
export const RunRow = memo(function RunRow({ generation }: { generation: Generation }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const charge = useCharge(generation);
  const open = generation.jobs.filter((job) => OPEN.has(job.state));
  const seconds = took(generation);
  const why = useWhy(generation.model);
  const titleOf = useTitles(generation.model, generation.provider as ProviderName, generation.mode);
  return (
    <article
      className={classes.run}
      aria-label={generation.prompt || generation.id}
      data-generation={generation.id}
      data-state={generation.state}
    >
      <header className={classes.head}>
        <div className={classes.words}>
          <Text className="clamp2" fw={500} lh={1.4} lang={generation.prompt ? "" : undefined}>
            {generation.prompt || <span className="quiet">{words.image.noPrompt}</span>}
          </Text>
          <Text size="xs" className="quiet" mt={3}>
            {generation.model} · {PROVIDERS[generation.provider as ProviderName] ?? generation.provider} ·{" "}
            {charge}
            {seconds !== null && ` · ${words.image.seconds(decimal(seconds, language))}`} ·{" "}
            {ago(generation.created_at, language)}
            {generation.sandbox && <span className={classes.sandbox}>{words.run.sandbox}</span>}
          </Text>
        </div>
        <RowActions generation={generation} />
      </header>
      {generation.not_sent.length > 0 && (
        <Text size="xs" className="quiet" mb={6}>
          {words.run.notSent}:{" "}
          {generation.not_sent
            .map((one) => `${titleOf(String(one.name))} (${why(String(one.name), String(one.why))})`)
            .join("; ")}
        </Text>
      )}
      {(generation.images.length > 0 || open.length > 0) && (
        <div className={classes.tiles}>
          {generation.images.map((one) => (
            <PictureTile key={one.id} picture={one} generation={generation} />
          ))}
          {open.map((job) => (
            <OpenTile key={job.id} job={job} generation={generation} />
          ))}
        </div>
      )}
      {open.length > 0 && <Cancel generation={generation} />}
      {generation.settled && generation.error && <Failure generation={generation} />}
      <span className="hidden" role="status">
        {generation.settled ? stateWord(words, generation) : ""}
      </span>
    </article>
  );
});

const OPEN = new Set(["queued", "submitting", "running", "fetching"]);

/** Seconds from asking to the last picture; null while there is none. */
function took(generation: Generation): number | null {
  const ends = generation.jobs.map((job) => (job.ready_at ? Date.parse(job.ready_at) : 0));
  const last = Math.max(0, ...ends);
  return last ? Math.max(0, (last - Date.parse(generation.created_at)) / 1000) : null;
}

/** Cancelling says before what it can do, and afterwards what it did. */
function Cancel({ generation }: { generation: Generation }) {
  const words = useWords().run;
  const client = useQueryClient();
  const waiting = generation.jobs.every((job) => job.state === "queued");
  async function cancel() {
    try {
      const answer = await data(
        api.DELETE("/v1/generations/{generation_id}", { params: { path: { generation_id: generation.id } } }),
      );
      place(client, answer.generation);
      notifications.show({
        title: words.cancelAsked,
        message: answer.jobs.map((job) => job.said).join(" "),
        autoClose: 9000,
      });
    } catch (error) {
      tellTrouble(error);
    }
  }
  return (
    <Group gap="sm" mt={8}>
      <Button size="compact-sm" variant="default" onClick={cancel}>
        {words.cancelRun}
      </Button>
      {!waiting && (
        <Text size="xs" className="quiet">
          {words.cancelNote[generation.provider]}
        </Text>
      )}
    </Group>
  );
}
