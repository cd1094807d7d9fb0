import { ActionIcon, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Download, Pencil, Star } from "lucide-react";
import type { Generation, Picture } from "@/api/types";
import { useWords } from "@/words";
import { useDraft } from "../draft";
import { slotOfPicture } from "../references/upload";
import { useToForm } from "../useToForm";
import classes from "./Results.module.css";
import { useFavourites } from "./useFavourites";

/** A finished picture; what can be done with it shows when it is looked at. */
export function PictureTile({ picture, generation }: { picture: Picture; generation: Generation }) {
  const words = useWords().run;
  const { known, toggle } = useFavourites();
  const favourite = known.has(picture.id);
  const toForm = useToForm();
  function edit() {
    useDraft.getState().change({ references: [slotOfPicture(picture)], prompt: "" });
    void toForm();
  }
  return (
    <figure className={classes.tile} style={{ aspectRatio: `${picture.width} / ${picture.height}` }}>
      <Link
        to="/i/$id"
        params={{ id: picture.id }}
        aria-label={`${words.open}: ${words.alt(generation.prompt.slice(0, 120))}`}
      >
        <img
          src={`${picture.thumbnail}?size=512`}
          srcSet={`${picture.thumbnail}?size=512 1x, ${picture.thumbnail}?size=1024 2x`}
          alt={words.alt(generation.prompt.slice(0, 120))}
          width={picture.width}
          height={picture.height}
          draggable
          onDragStart={(event) => event.dataTransfer.setData("application/x-fluxroom-image", picture.id)}
        />
      </Link>
      <figcaption className={classes.strip}>
        <span className="figures">{picture.seed !== null ? words.seed(picture.seed) : ""}</span>
        <Tooltip label={words.favourite}>
          <ActionIcon
            variant="subtle"
            size={30}
            c="white"
            aria-pressed={favourite}
            aria-label={words.favourite}
            onClick={() => toggle(picture.id)}
          >
            <Star size={15} fill={favourite ? "currentColor" : "none"} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={words.edit}>
          <ActionIcon variant="subtle" size={30} c="white" aria-label={words.edit} onClick={edit}>
            <Pencil size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={words.download}>
          <ActionIcon
            component="a"
            href={`${picture.download}&download=1`}
            download
            variant="subtle"
            size={30}
            c="white"
            aria-label={words.download}
          >
            <Download size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </figcaption>
    </figure>
  );
}
