import { ActionIcon, Button, Rating, Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { SlidersHorizontal, Trophy } from "lucide-react";
import { api } from "@/api/client";
import { mark, useImage } from "@/api/library";
import { expectGeneration } from "@/api/queries";
import type { Item, Run } from "@/api/runs";
import { useDraft } from "@/features/create/draft";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords } from "@/words";
import { useCellNames } from "./useCellNames";

/** Stars for the picture of a cell, whether it is the best one, and the way back to the form with its settings. */
export function Judgement({ run, item }: { run: Run; item: Item }) {
  const words = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [picture] = item.images;
  const { data: image } = useImage(picture?.id ?? "");
  const name = useCellNames(run).cell(item);
  const best = (run.spec as { winner?: number | null }).winner === item.position;

  async function choose() {
    const path = { run_id: run.id };
    await api
      .PUT("/v1/comparisons/{run_id}/winner", {
        params: { path },
        body: { position: best ? null : item.position },
      })
      .catch(tellTrouble);
    await client.invalidateQueries({ queryKey: ["runs"] });
  }
  async function use() {
    if (!item.generation) return;
    useDraft.getState().reuse(await expectGeneration(client, item.generation));
    void navigate({ to: "/create" });
  }
  function rate(stars: number) {
    if (!picture) return;
    void mark(client, picture.id, { rating: stars === image?.rating ? 0 : stars }).catch(tellTrouble);
  }

  return (
    <span style={{ display: "flex", flexWrap: "wrap", gap: 2, alignItems: "center" }}>
      <Rating
        size="xs"
        value={image?.rating ?? 0}
        onChange={rate}
        getSymbolLabel={(stars) => `${words.gallery.stars(stars)}: ${name}`}
      />
      <Tooltip label={words.run.reuse}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          aria-label={`${words.run.reuse}: ${name}`}
          onClick={() => void use().catch(tellTrouble)}
        >
          <SlidersHorizontal size={14} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Button
        size="compact-xs"
        variant={best ? "light" : "subtle"}
        color={best ? "indigo" : "gray"}
        aria-pressed={best}
        leftSection={<Trophy size={13} aria-hidden />}
        onClick={() => void choose()}
      >
        {words.compare.winner}
      </Button>
    </span>
  );
}
