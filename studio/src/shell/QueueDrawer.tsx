import { ActionIcon, Button, Drawer, Group, Stack, Text, Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ImageOff, LoaderCircle, X } from "lucide-react";
import type { Generation } from "@/api/types";
import { useLook } from "@/look";
import { ago } from "@/numbers";
import { stateWord, useCharge } from "@/ui/states";
import { useWords } from "@/words";
import { cancel } from "./cancelling";
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
          {open.length > 0 && (
            <Button size="compact-sm" variant="default" onClick={() => void cancel(client, waiting)}>
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
  const client = useQueryClient();
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
      {generation.settled ? (
        <Text size="xs" className="quiet">
          {ago(generation.created_at, language)}
        </Text>
      ) : (
        <Tooltip label={words.run.cancelNote[generation.provider] ?? words.run.cancelRun} multiline maw={260}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={words.queue.cancelOne(generation.prompt.slice(0, 60))}
            onClick={() => void cancel(client, [generation])}
          >
            <X size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}
