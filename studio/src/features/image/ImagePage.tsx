import { Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useImage } from "@/api/library";
import { useGeneration } from "@/api/queries";
import { useWords } from "@/words";
import { Actions } from "./Actions";
import { Film } from "./Film";
import classes from "./Image.module.css";
import { Inspector } from "./Inspector";
import { useImageActs } from "./useImageActs";
import { useImageKeys } from "./useImageKeys";
import { useNeighbours } from "./useNeighbours";
import { Viewer } from "./Viewer";

/** One picture, large, with everything that is known about it. */
export function ImagePage() {
  const words = useWords();
  const { id } = useParams({ from: "/i/$id" });
  const { data: image, isError } = useImage(id);
  const { data: generation } = useGeneration(image?.generation);
  const phone = useMediaQuery("(max-width: 62em)", false);
  const [details, setDetails] = useState(true);
  const [actual, setActual] = useState(false);
  const [before, setBefore] = useState(false);
  const [parent] = image?.lineage.parents ?? [];
  const [upload] = image?.lineage.uploads ?? [];
  const compared = parent ? `/v1/images/${parent}/file` : upload ? `/v1/assets/${upload}/file` : "";
  const [swapped, setSwapped] = useState(false);
  const acts = useImageActs(image);
  const { around } = useNeighbours(id);
  useImageKeys({
    image,
    acts,
    onInfo: () => setDetails(!details),
    onZoom: () => setActual(!actual),
    onBefore: () => compared && setBefore(!before),
    onSwap: () => setSwapped(!swapped),
    onTag: () => {
      setDetails(true);
      // The field may be drawn only after this.
      requestAnimationFrame(() => document.getElementById("tags")?.focus());
    },
  });

  if (isError) {
    return (
      <Stack align="center" p="xl">
        <Title order={1} size="h3">
          {words.image.gone}
        </Title>
        <Text className="quiet">{words.image.goneNext}</Text>
        <Button component={Link} to="/gallery">
          {words.nav.gallery}
        </Button>
      </Stack>
    );
  }
  if (!image) return <Skeleton m="lg" height={400} />;
  return (
    <div className={classes.page} data-stacked={phone || undefined}>
      <h1 className="hidden">{image.prompt || words.image.noPrompt}</h1>
      <section className={classes.stage} aria-label={words.image.prompt}>
        <Viewer
          image={image}
          actual={actual}
          onActual={setActual}
          before={before ? compared : ""}
          swapped={swapped}
        />
        <Group className={classes.tools} gap={6} wrap="wrap">
          <Actions
            image={image}
            acts={acts}
            known={Boolean(generation)}
            canCompare={compared !== ""}
            comparing={before}
            onCompare={() => setBefore(!before)}
            details={details}
            onDetails={() => setDetails(!details)}
          />
        </Group>
        <Film id={id} pictures={around.length > 1 ? around : (generation?.images ?? [])} />
      </section>
      {(details || phone) && (
        <aside className={classes.side} aria-label={words.image.details}>
          <Inspector image={image} generation={generation} acts={acts} />
        </aside>
      )}
    </div>
  );
}
