import { Alert, Button, Stack, Text, Title } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { problemOf } from "@/api/client";
import { idsOf, useFacets, useImages } from "@/api/library";
import { ProblemText } from "@/ui/ProblemText";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords } from "@/words";
import { EmptyTrash } from "./EmptyTrash";
import { Filters } from "./Filters";
import classes from "./Gallery.module.css";
import { Grid } from "./Grid";
import { SelectionBar } from "./SelectionBar";
import { wantedOf } from "./search";

/** Every picture that was made: found by its words, marked, gathered, taken along. */
export function GalleryPage() {
  const words = useWords();
  const search = useSearch({ from: "/gallery" });
  const navigate = useNavigate();
  const wanted = useMemo(() => wantedOf(search), [search]);
  const { data, isPending, isError, error, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useImages(wanted);
  const { data: facets } = useFacets(wanted, !isPending);
  const images = useMemo(() => data?.pages.flatMap((page) => page.images) ?? [], [data]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search is another selection
  useEffect(() => setSelected(new Set()), [wanted]);
  const selectAll = () => void idsOf(wanted).then((ids) => setSelected(new Set(ids)), tellTrouble);
  const filtered = Object.keys(search).length > 0;

  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div className={classes.title}>
          <Title order={1} size="h2">
            {words.gallery.title}
          </Title>
          <Text className="quiet figures" role="status">
            {facets ? words.gallery.count(facets.total) : ""}
          </Text>
          {search.show === "trash" && (
            <>
              <Text size="sm" className="quiet">
                {words.gallery.trashNote}
              </Text>
              {images.length > 0 && <EmptyTrash />}
            </>
          )}
        </div>
        <Filters search={search} facets={facets} />
      </header>
      {selected.size > 0 && (
        <SelectionBar
          ids={[...selected]}
          show={search.show}
          total={facets?.total ?? images.length}
          onAll={selectAll}
          onDone={() => setSelected(new Set())}
        />
      )}
      {images.length > 0 && (
        <Grid
          images={images}
          total={facets?.total ?? images.length}
          selected={selected}
          onSelect={setSelected}
          onAll={selectAll}
          onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
        />
      )}
      {isError && (
        <Alert color="red" variant="light" mx="lg" role="alert">
          <ProblemText problem={problemOf(error)} compact />
        </Alert>
      )}
      {!isPending && !isError && !images.length && (
        <Stack align="center" py="xl" gap="xs">
          <Text fw={600}>{filtered ? words.gallery.noMatch : words.gallery.empty}</Text>
          {filtered ? (
            <Button variant="default" onClick={() => void navigate({ to: "/gallery", search: {} })}>
              {words.gallery.clear}
            </Button>
          ) : (
            <>
              <Text className="quiet">{words.gallery.emptyText}</Text>
              <Button component={Link} to="/create">
                {words.gallery.go}
              </Button>
            </>
          )}
        </Stack>
      )}
    </div>
  );
}
