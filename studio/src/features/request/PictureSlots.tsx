import { FileButton, Loader, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Globe, ImagePlus, Images, X } from "lucide-react";
import { lazy, Suspense, useId, useState } from "react";
import type { Reference } from "@/features/create/draft";
import { ACCEPTED, filesOf, slotOfImage } from "@/features/create/references/upload";
import { useWords } from "@/words";
import classes from "./Pictures.module.css";
import { type Change, takeFiles } from "./pictures";

const GalleryPicker = lazy(() => import("@/features/create/references/GalleryPicker"));

interface Props {
  label: string;
  help?: string;
  pictures: Reference[];
  onChange: Change;
  /** At most so many; the next one takes the place of the last. */
  limit?: number;
}

/** Pictures that are dropped or chosen, each with a button that takes it out again. */
export function PictureSlots({ label, help, pictures, onChange, limit = 64 }: Props) {
  const words = useWords().refs;
  const id = useId();
  const [over, setOver] = useState(false);
  const [picking, { open, close }] = useDisclosure(false);
  const change: Change = (update) => onChange((before) => update(before).slice(-limit));

  return (
    <section
      aria-labelledby={id}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={async (event) => {
        event.preventDefault();
        setOver(false);
        const image = event.dataTransfer.getData("application/x-fluxroom-image");
        if (!image) return takeFiles(filesOf(event.dataTransfer), change);
        const slot = await slotOfImage(image);
        if (slot) change((before) => [...before, slot]);
      }}
    >
      <span id={id} className={classes.label}>
        {label}
      </span>
      <div className={classes.slots}>
        {pictures.map((one, place) => (
          <span key={one.slot} className={classes.slot} data-failed={one.state === "failed" || undefined}>
            <Seen picture={one} place={place} />
            <button
              type="button"
              className={classes.remove}
              aria-label={`${words.remove(place + 1)} (${label})`}
              onClick={() => onChange((before) => before.filter((other) => other.slot !== one.slot))}
            >
              <X size={14} aria-hidden />
            </button>
          </span>
        ))}
        {pictures.length < limit && (
          <>
            <FileButton
              accept={ACCEPTED}
              multiple={limit > 1}
              onChange={(chosen: File[] | File | null) => void takeFiles([chosen ?? []].flat(), change)}
            >
              {(props) => (
                <button
                  {...props}
                  type="button"
                  className={classes.add}
                  data-wide={pictures.length === 0 || undefined}
                  data-over={over || undefined}
                >
                  <ImagePlus size={19} aria-hidden />
                  <span>
                    {over
                      ? words.dropHere
                      : pictures.length
                        ? words.add
                        : limit === 1
                          ? words.dropOne
                          : words.drop}
                  </span>
                </button>
              )}
            </FileButton>
            <button
              type="button"
              className={classes.add}
              aria-label={`${words.fromGallery} (${label})`}
              onClick={open}
            >
              <Images size={19} aria-hidden />
              <span>{words.fromGallery}</span>
            </button>
          </>
        )}
      </div>
      {picking && (
        <Suspense>
          <GalleryPicker onTake={(taken) => change((before) => [...before, ...taken])} onClose={close} />
        </Suspense>
      )}
      {help && (
        <Text size="xs" className="quiet" mt={4}>
          {help}
        </Text>
      )}
      {pictures
        .filter((one) => one.state === "failed")
        .map((one) => (
          <Text key={one.slot} size="xs" className="bad" role="alert" mt={4}>
            {words.failed}: {one.problem}
          </Text>
        ))}
    </section>
  );
}

function Seen({ picture, place }: { picture: Reference; place: number }) {
  const words = useWords().refs;
  if (picture.state === "uploading") return <Loader size="sm" aria-label={words.uploading} role="status" />;
  if (!picture.preview)
    return (
      <Tooltip label={picture.name}>
        <Globe size={20} aria-label={words.fromWeb} />
      </Tooltip>
    );
  return <img src={picture.preview} alt={`${words.number(place + 1)}: ${picture.name}`} />;
}
