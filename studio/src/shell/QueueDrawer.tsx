import { Button, Drawer, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ImageOff, LoaderCircle } from "lucide-react";
import { api, data, problemOf } from "@/api/client";
import { place } from "@/api/queries";
import type { Generation } from "@/api/types";
import { useLook } from "@/look";
import { ago } from "@/numbers";
import { stateWord, useCharge } from "@/ui/states";
import { useWords } from "@/words";
import { useKnownGenerations } from "./openJobs";
import classes from "./Shell.module.css";

const MOST_FINISHED = 12;

/** What is under way and what has just ended, on every screen. */
export function QueueDrawer({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const words = useWords();
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      title={words.queue.title}
      closeButtonProps={{ "aria-label": words.shell.close }}
    >
      {opened && <Jobs onClose={onClose} />}
    </Drawer>
  );
}

function Jobs({ onClose }: { onClose: () => void }) {
  const words = useWords().queue;
  const known = useKnownGenerations();
  const client = useQueryClient();
  const open = known.filter((one) => !one.settled);
  const waiting = open.filter((one) => one.state === "queued");
  const finished = known.filter((one) => one.settled).slice(0, MOST_FINISHED);

  async function cancelAll() {
    for (const one of waiting) {
      const answer = await data(
        api.DELETE("/v1/generations/{generation_id}", { params: { path: { generation_id: one.id } } }),
      ).catch((error: unknown) => notifications.show({ message: problemOf(error).detail, color: "red" }));
      if (answer && typeof answer === "object") place(client, answer.generation);
    }
  }

  if (!known.length) {
    return (
      <Stack gap={4} py="lg">
        <Text fw={600}>{words.empty}</Text>
        <Text className="quiet">{words.emptyNext}</Text>
      </Stack>
    );
  }
  return (
    <Stack gap="lg">
      <section>
        <Group justify="space-between" mb={4}>
          <Text component="h3" size="sm" fw={600} m={0}>
            {words.running}
          </Text>
          {waiting.length > 0 && (
            <Button size="compact-sm" variant="default" onClick={cancelAll}>
              {words.cancelAll}
            </Button>
          )}
        </Group>
        {open.map((one) => (
          <Row key={one.id} generation={one} onClose={onClose} />
        ))}
        {!open.length && <Text className="quiet">{words.empty}</Text>}
      </section>
      {finished.length > 0 && (
        <section>
          <Text component="h3" size="sm" fw={600} m={0} mb={4}>
            {words.recent}
          </Text>
          {finished.map((one) => (
            <Row key={one.id} generation={one} onClose={onClose} />
          ))}
        </section>
      )}
    </Stack>
  );
}

function Row({ generation, onClose }: { generation: Generation; onClose: () => void }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const charge = useCharge(generation);
  const picture = generation.images[0];
  return (
    <div className={classes.job}>
      {picture ? (
        <Link to="/i/$id" params={{ id: picture.id }} onClick={onClose} aria-label={words.run.open}>
          <img className={classes.thumb} src={`${picture.thumbnail}?size=256`} alt="" loading="lazy" />
        </Link>
      ) : (
        <span className={classes.thumb} style={{ display: "grid", placeItems: "center" }}>
          {generation.settled ? <ImageOff size={18} aria-hidden /> : <LoaderCircle size={18} aria-hidden />}
        </span>
      )}
      <div style={{ minWidth: 0 }}>
        <Text size="sm" className="clamp1">
          {generation.prompt || words.image.noPrompt}
        </Text>
        <Text size="xs" className="quiet">
          {stateWord(words, generation)} · {generation.model} · {charge}
        </Text>
      </div>
      <Text size="xs" className="quiet">
        {ago(generation.created_at, language)}
      </Text>
    </div>
  );
}
