import { Button, Group, Skeleton, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { SlidersHorizontal, Square } from "lucide-react";
import { api, data } from "@/api/client";
import { place, useGeneration } from "@/api/queries";
import type { ProviderName } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { Failure } from "@/features/create/results/Failure";
import { OpenTile, PictureTile } from "@/features/create/results/Tile";
import { PROVIDERS } from "@/shell/TopBar";
import { useCharge } from "@/ui/states";
import { useWords } from "@/words";
import classes from "./Chat.module.css";
import type { Turn } from "./chats";

/** A message and what came of it. */
export function Answer({ turn }: { turn: Turn }) {
  const { data: generation } = useGeneration(turn.generation || undefined);
  return (
    <>
      <div className={classes.said}>
        {turn.references.length > 0 && (
          <Group gap={6} mb={6}>
            {turn.references.map((one) => (
              <img key={one.slot} src={one.preview} alt={one.name} width={56} height={56} />
            ))}
          </Group>
        )}
        {turn.text}
      </div>
      <div className={classes.answer}>
        {turn.refusal && (
          <Text className="bad" size="sm" role="alert">
            {turn.refusal}
          </Text>
        )}
        {!turn.refusal && !generation && <Skeleton height={200} width={280} />}
        {generation && <Pictures key={generation.id} generation={generation} />}
      </div>
    </>
  );
}

const OPEN = new Set(["queued", "submitting", "running", "fetching"]);

function Pictures({ generation }: { generation: NonNullable<ReturnType<typeof useGeneration>["data"]> }) {
  const words = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const charge = useCharge(generation);
  const open = generation.jobs.filter((job) => OPEN.has(job.state));
  async function stop() {
    const path = { generation_id: generation.id };
    const answer = await data(api.DELETE("/v1/generations/{generation_id}", { params: { path } }));
    place(client, answer.generation);
  }
  return (
    <>
      <div className={classes.tiles}>
        {generation.images.map((one) => (
          <PictureTile key={one.id} picture={one} generation={generation} />
        ))}
        {open.map((job) => (
          <OpenTile key={job.id} job={job} generation={generation} />
        ))}
      </div>
      {generation.settled && generation.error && <Failure generation={generation} />}
      <Group gap={8} mt={4}>
        <Text size="xs" className="quiet">
          {generation.model} · {PROVIDERS[generation.provider as ProviderName]} · {charge}
        </Text>
        {open.length > 0 ? (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<Square size={11} aria-hidden />}
            onClick={() => void stop()}
          >
            {words.chat.stop}
          </Button>
        ) : (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            leftSection={<SlidersHorizontal size={12} aria-hidden />}
            onClick={() => {
              useDraft.getState().reuse(generation);
              void navigate({ to: "/create" });
            }}
          >
            {words.chat.asForm}
          </Button>
        )}
      </Group>
    </>
  );
}
