import { ActionIcon, FileButton, Group, Text, Tooltip } from "@mantine/core";
import { ImagePlus, Images } from "lucide-react";
import { type DragEvent, lazy, Suspense, useEffect, useState } from "react";
import type { Field } from "@/form/fields";
import { useWords } from "@/words";
import classes from "../Create.module.css";
import { useDraft } from "../draft";
import { ByUrl } from "./ByUrl";
import own from "./References.module.css";
import { Slot } from "./Slot";
import { ACCEPTED, filesOf, slotOfImage } from "./upload";
import { addFiles } from "./useUploads";

const GalleryPicker = lazy(() => import("./GalleryPicker"));

/** Numbered slots for the pictures to work from; what goes over the limit is kept and not sent. */
export function References({
  field,
  limit,
  problem,
}: {
  field: Field | null;
  limit: number;
  problem?: string;
}) {
  const words = useWords().refs;
  const references = useDraft((draft) => draft.references);
  const [over, setOver] = useState(false);
  usePaste();

  async function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    const image = event.dataTransfer.getData("application/x-fluxroom-image");
    const found = image ? await slotOfImage(image) : null;
    if (found) useDraft.getState().addReferences([found]);
    else await addFiles(filesOf(event.dataTransfer));
  }

  if (!field && references.length === 0)
    return (
      <Text size="xs" className="quiet">
        {words.none}
      </Text>
    );
  const least = Number(field?.schema.minItems ?? 0);
  return (
    <section
      aria-label={words.title}
      className={own.zone}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className={classes.label}>
        <span>{limit === 1 ? words.titleOne : words.title}</span>
        <span className={`${classes.value} quiet figures`}>
          {Math.min(references.length, limit)} / {limit}
        </span>
        <FromGallery />
        <ByUrl />
      </div>
      <div className={own.slots}>
        {references.map((one, place) => (
          <Slot key={one.slot} reference={one} place={place} count={references.length} sent={place < limit} />
        ))}
        <FileButton accept={ACCEPTED} multiple onChange={(chosen) => void addFiles(chosen)}>
          {(props) => (
            <button
              {...props}
              type="button"
              className={own.add}
              data-wide={references.length === 0 || undefined}
            >
              <ImagePlus size={20} aria-hidden />
              <span>
                {over
                  ? words.dropHere
                  : references.length
                    ? words.add
                    : limit === 1
                      ? words.dropOne
                      : words.drop}
              </span>
            </button>
          )}
        </FileButton>
      </div>
      <Group gap={4} mt={4}>
        {references.length > limit && (
          <Text size="xs" className="warn">
            {words.keptNotSent(limit)}
          </Text>
        )}
        {references.length < least && (
          <Text size="xs" className="warn">
            {words.needed}
          </Text>
        )}
      </Group>
      {problem && (
        <Text size="xs" className="bad" role="alert">
          {problem}
        </Text>
      )}
    </section>
  );
}

/** Pictures that are pasted anywhere on the screen become references. */
function usePaste() {
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const found = filesOf(event.clipboardData);
      if (!found.length) return;
      event.preventDefault();
      void addFiles(found);
    };
    window.addEventListener("paste", paste);
    return () => window.removeEventListener("paste", paste);
  }, []);
}

function FromGallery() {
  const words = useWords().refs;
  const [picking, setPicking] = useState(false);
  return (
    <>
      <Tooltip label={words.fromGallery}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          aria-label={words.fromGallery}
          onClick={() => setPicking(true)}
        >
          <Images size={15} aria-hidden />
        </ActionIcon>
      </Tooltip>
      {picking && (
        <Suspense>
          <GalleryPicker onTake={useDraft.getState().addReferences} onClose={() => setPicking(false)} />
        </Suspense>
      )}
    </>
  );
}
