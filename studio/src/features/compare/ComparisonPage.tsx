import { Anchor, Button } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { Columns2, ImageDown } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { type Axis, useItems, useRun } from "@/api/runs";
import type { Json } from "@/api/types";
import { RunHead } from "@/features/runs/RunHead";
import classes from "@/features/runs/Runs.module.css";
import { Missing } from "@/shell/Broken";
import { useWords } from "@/words";
import { written } from "./axes";
import { Cell } from "./Cell";
import { useCellNames } from "./useCellNames";

const CloseLook = lazy(() => import("./CloseLook"));

/** Pictures that can be told apart beside each other. */
const MOST_SHOWN = 6;

/** The cells of a comparison as they come: picture, seconds, price, and what a cell's model did not take. */
export function ComparisonPage() {
  const words = useWords();
  const { id } = useParams({ from: "/compare/$id" });
  const { data: run, isError } = useRun(id);
  const { data } = useItems(id, run);
  const names = useCellNames(run);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [close, setClose] = useState(false);
  if (isError) return <Missing />;
  if (!run) return null;
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const { x, y } = run.spec as { x: Axis; y: Axis };
  const pictured = items.filter((one) => one.images.length > 0);
  const picked = pictured.filter((one) => chosen.has(one.position));
  const shown = (picked.length > 1 ? picked : pictured).slice(0, MOST_SHOWN);
  function toggle(position: number) {
    const next = new Set(chosen);
    if (!next.delete(position)) next.add(position);
    setChosen(next);
  }
  const at = (column: number, row: number) =>
    items.find((one) => one.note.x === column && one.note.y === row);
  return (
    <div className={classes.page}>
      <RunHead run={run}>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Columns2 size={14} aria-hidden />}
          disabled={shown.length < 2}
          onClick={() => setClose(true)}
        >
          {picked.length > 1 ? words.compare.side(shown.length) : words.compare.sideAll}
        </Button>
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
                  {names.value(x.name, value as Json)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {y.values.map((value, row) => (
              <tr key={written(value as Json)}>
                <th scope="row">{y.name ? names.value(y.name, value as Json) : ""}</th>
                {x.values.map((one, column) => (
                  <td key={written(one as Json)}>
                    <Cell
                      item={at(column, row)}
                      run={run}
                      chosen={chosen.has(at(column, row)?.position ?? -1)}
                      onChoose={toggle}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {close && (
        <Suspense>
          <CloseLook run={run} items={shown} onClose={() => setClose(false)} />
        </Suspense>
      )}
    </div>
  );
}
