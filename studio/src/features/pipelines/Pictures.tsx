import { Link } from "@tanstack/react-router";
import type { Item } from "@/api/runs";
import type { Problem } from "@/api/types";
import { useWords, useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import classes from "./Pipelines.module.css";
import type { MadePicture } from "./progress";

/** What a step's requests have made or are making. */
export function ItemTiles({ items }: { items: Item[] }) {
  const words = useWords();
  return items.map((item) => {
    const error = item.error as Problem | null;
    if (item.images.length)
      return item.images.map((one) => (
        <MadeTile
          key={one.id}
          number={item.position + 1}
          picture={{ id: one.id, sha256: one.sha256, prompt: String(item.asked.prompt ?? "") }}
        />
      ));
    return (
      <figure key={`${item.position}-${item.attempt}`} className={classes.tile}>
        <span className={`${classes.wait} ${error ? "bad" : "quiet"}`} role={error ? "alert" : undefined}>
          {error ? (words.problem.what[error.code] ?? error.detail) : words.runs.item[item.state]}
        </span>
      </figure>
    );
  });
}

interface Props {
  picture: MadePicture;
  number: number;
  /** Without a link of its own, because it stands in a button. */
  plain?: boolean;
}

export function MadeTile({ picture, number, plain = false }: Props) {
  const words = useWords();
  const own = useWordsOf(pipelines);
  const name = picture.prompt ? words.run.alt(picture.prompt.slice(0, 120)) : own.pick(number);
  const seen = (
    <img
      src={`/v1/images/${picture.id}/thumbnail?size=256`}
      alt={plain ? "" : name}
      width={168}
      height={168}
    />
  );
  if (plain) return <span className={classes.tile}>{seen}</span>;
  return (
    <figure className={classes.tile}>
      <Link to="/i/$id" params={{ id: picture.id }} aria-label={`${words.run.open}: ${name}`}>
        {seen}
      </Link>
    </figure>
  );
}
