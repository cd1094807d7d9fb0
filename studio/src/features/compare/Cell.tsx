import { Checkbox, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Item, Run } from "@/api/runs";
import type { Problem } from "@/api/types";
import classes from "@/features/runs/Runs.module.css";
import { useLook } from "@/look";
import { decimal, humanise, money } from "@/numbers";
import { useWords } from "@/words";
import own from "./Compare.module.css";
import { Judgement } from "./Judgement";
import { useCellNames } from "./useCellNames";

interface Props {
  item: Item | undefined;
  run: Run;
  chosen: boolean;
  onChoose: (position: number) => void;
}

/** One cell: its picture, what it took, how it is judged, and what its model did not take. */
export function Cell({ item, run, chosen, onChoose }: Props) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const names = useCellNames(run);
  if (!item) return <div className={classes.wait}>…</div>;
  const name = names.cell(item);
  const best = (run.spec as { winner?: number | null }).winner === item.position;
  const picture = item.images[0];
  const error = item.error as Problem | null;
  const missing = (item.note.not_sent as { name: string }[] | undefined) ?? [];
  return (
    <div className={classes.cell} data-winner={best || undefined}>
      {picture ? (
        <>
          <Link to="/i/$id" params={{ id: picture.id }}>
            <img
              src={`${picture.thumbnail}?size=512`}
              alt={`${words.run.open}: ${name}`}
              style={{ aspectRatio: `${picture.width} / ${picture.height}` }}
            />
          </Link>
          <Checkbox
            size="md"
            className={own.choose}
            checked={chosen}
            onChange={() => onChoose(item.position)}
            aria-label={words.compare.pick(name)}
          />
        </>
      ) : (
        <div className={classes.wait}>
          {error
            ? (words.problem.what[error.code] ?? words.problem.other)
            : (words.runs.item[item.state] ?? item.state)}
        </div>
      )}
      <div className={classes.facts}>
        <span className="figures quiet">
          {item.seconds !== null && `${words.image.seconds(decimal(item.seconds, language))} · `}
          {money(item.charged, language)}
        </span>
      </div>
      {picture && <Judgement run={run} item={item} />}
      {missing.length > 0 && (
        <Text size="xs" className="quiet">
          {words.run.notSent}: {missing.map((one) => humanise(one.name)).join(", ")}
        </Text>
      )}
    </div>
  );
}
