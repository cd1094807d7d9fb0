import { ActionIcon, Anchor, Button, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ImageDown, SlidersHorizontal, Trophy } from "lucide-react";
import { api, problemOf } from "@/api/client";
import { readGeneration } from "@/api/queries";
import { type Axis, type Item, type Run, useItems, useRun } from "@/api/runs";
import type { Json, Problem } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { RunHead } from "@/features/runs/RunHead";
import classes from "@/features/runs/Runs.module.css";
import { useLook } from "@/look";
import { decimal, humanise, money } from "@/numbers";
import { Missing } from "@/shell/Broken";
import { useWords } from "@/words";
import { written } from "./axes";

/** The cells of a comparison as they come: picture, seconds, price, and what a cell's model did not take. */
export function ComparisonPage() {
  const words = useWords();
  const { id } = useParams({ from: "/compare/$id" });
  const { data: run, isError } = useRun(id);
  const { data } = useItems(id, run);
  if (isError) return <Missing />;
  if (!run) return null;
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const { x, y, winner } = run.spec as { x: Axis; y: Axis; winner: number | null };
  const at = (column: number, row: number) =>
    items.find((one) => one.note.x === column && one.note.y === row);
  return (
    <div className={classes.page}>
      <RunHead run={run}>
        <Anchor href={`/v1/comparisons/${id}/sheet`} download={`${run.name}.png`} size="sm" mr="xs">
          <ImageDown size={13} aria-hidden /> {words.compare.sheet}
        </Anchor>
      </RunHead>
      <div className={classes.scroll}>
        <table className={classes.grid}>
          <thead>
            <tr>
              <td />
              {x.values.map((value) => (
                <th key={written(value as Json)} scope="col">
                  {title(x.name, value as Json)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {y.values.map((value, row) => (
              <tr key={written(value as Json)}>
                <th scope="row">{y.name ? title(y.name, value as Json) : ""}</th>
                {x.values.map((one, column) => (
                  <td key={written(one as Json)}>
                    <Cell item={at(column, row)} run={run} winner={winner} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function title(name: string, value: Json): string {
  return name === "model" || name === "provider" || name === "prompt"
    ? written(value)
    : `${humanise(name)} ${written(value)}`;
}

function Cell({ item, run, winner }: { item: Item | undefined; run: Run; winner: number | null }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const navigate = useNavigate();
  if (!item) return <div className={classes.wait}>…</div>;
  const best = winner === item.position;
  const picture = item.images[0];
  const error = item.error as Problem | null;
  const missing = (item.note.not_sent as { name: string }[] | undefined) ?? [];

  async function choose() {
    await api
      .PUT("/v1/comparisons/{run_id}/winner", {
        params: { path: { run_id: run.id } },
        body: { position: best ? null : (item?.position ?? null) },
      })
      .catch((trouble: unknown) => notifications.show({ color: "red", message: problemOf(trouble).detail }));
    await client.invalidateQueries({ queryKey: ["runs"] });
  }
  async function use() {
    if (!item?.generation) return;
    useDraft.getState().reuse(await readGeneration(item.generation));
    void navigate({ to: "/create" });
  }

  return (
    <div className={classes.cell} data-winner={best || undefined}>
      {picture ? (
        <Link to="/i/$id" params={{ id: picture.id }}>
          <img
            src={`${picture.thumbnail}?size=512`}
            alt={`${words.run.open}: ${item.key}`}
            style={{ aspectRatio: `${picture.width} / ${picture.height}` }}
          />
        </Link>
      ) : (
        <div className={classes.wait}>
          {error
            ? (words.problem.what[error.code] ?? error.detail)
            : (words.runs.item[item.state] ?? item.state)}
        </div>
      )}
      <div className={classes.facts}>
        <span className="figures quiet">
          {item.seconds !== null && `${words.image.seconds(decimal(item.seconds, language))} · `}
          {money(item.charged, language)}
        </span>
        {picture && (
          <span style={{ display: "flex", gap: 2 }}>
            <Tooltip label={words.run.reuse}>
              <ActionIcon
                variant="subtle"
                color="gray"
                size={28}
                aria-label={`${words.run.reuse}: ${item.key}`}
                onClick={() => void use()}
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
        )}
      </div>
      {missing.length > 0 && (
        <Text size="xs" className="quiet">
          {words.run.notSent}: {missing.map((one) => humanise(one.name)).join(", ")}
        </Text>
      )}
    </div>
  );
}
