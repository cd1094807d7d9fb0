import { Modal, ScrollArea, SegmentedControl, Text, Title } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { readGeneration } from "@/api/queries";
import type { Item, Run } from "@/api/runs";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { BeforeAfter } from "@/ui/BeforeAfter";
import { useWords } from "@/words";
import classes from "./Compare.module.css";
import { Differences } from "./Differences";
import { Frames } from "./Frames";
import { Judgement } from "./Judgement";
import { useCellNames } from "./useCellNames";

/** Some cells of a comparison, large: beside each other or over each other, judged, with what differs in them. */
export default function CloseLook({ run, items, onClose }: { run: Run; items: Item[]; onClose: () => void }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const [view, setView] = useState<"grid" | "slider">("grid");
  const names = useCellNames(run);
  const generations = useQueries({
    queries: items.map((item) => ({
      queryKey: ["generation", item.generation],
      queryFn: () => readGeneration(item.generation ?? ""),
    })),
  });
  const cells = items.map((item, place) => ({ item, generation: generations[place]?.data }));
  const pictures = items.flatMap((item) => {
    const [image] = item.images;
    return image ? [{ item, image }] : [];
  });
  const [first, second] = pictures;
  return (
    <Modal
      opened
      fullScreen
      onClose={onClose}
      title={run.name}
      scrollAreaComponent={ScrollArea.Autosize}
      closeButtonProps={{ "aria-label": words.shell.close }}
    >
      {pictures.length === 2 && (
        <SegmentedControl
          size="xs"
          mb="xs"
          aria-label={words.compare.view}
          value={view}
          onChange={(next) => setView(next as "grid" | "slider")}
          data={(["grid", "slider"] as const).map((one) => ({ value: one, label: words.compare.views[one] }))}
        />
      )}
      {view === "slider" && first && second ? (
        <div className={classes.slider}>
          <BeforeAfter
            before={{ src: first.image.url, alt: names.cell(first.item), title: names.cell(first.item) }}
            after={{ src: second.image.url, alt: names.cell(second.item), title: names.cell(second.item) }}
            ratio={`${second.image.width} / ${second.image.height}`}
          />
        </div>
      ) : (
        <Frames
          pictures={pictures.map(({ item, image }) => ({
            key: image.id,
            src: image.url,
            alt: names.cell(item),
            caption: (
              <>
                <strong>{names.cell(item)}</strong>
                <span className="quiet figures">{money(item.charged, language)}</span>
                <Judgement run={run} item={item} />
              </>
            ),
          }))}
        />
      )}
      <Title order={2} size="h5" mt="md" mb="xs">
        {words.compare.differences}
      </Title>
      {cells.every((one) => one.generation) ? (
        <Differences cells={cells} nameOf={names.cell} />
      ) : (
        <Text>…</Text>
      )}
    </Modal>
  );
}
