import { Button, FileButton, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Brush, Upload } from "lucide-react";
import { lazy, Suspense } from "react";
import type { Field } from "@/form/fields";
import { useWords } from "@/words";
import { type Reference, useDraft } from "../draft";
import { Labelled } from "../fields/Labelled";
import own from "./References.module.css";
import { ACCEPTED } from "./upload";
import { setMask } from "./useUploads";

const MaskPainter = lazy(() => import("../mask/MaskPainter"));

/** The mask: painted over the first reference, or a black and white picture of one's own. */
export function MaskSlot({ field }: { field: Field }) {
  const words = useWords();
  const mask = useDraft((draft) => draft.mask);
  const first = useDraft((draft) => draft.references[0]);
  const change = useDraft((draft) => draft.change);
  const [painting, { open, close }] = useDisclosure(false);
  const picture = first ? whole(first) : "";
  return (
    <Labelled
      field={{ ...field, title: words.refs.mask, help: words.refs.maskHelp }}
      onReset={mask ? () => change({ mask: null }) : undefined}
    >
      <Group gap="sm" align="center">
        {mask && (
          <div className={own.slot} style={{ width: 84 }} data-failed={mask.state === "failed" || undefined}>
            <img src={mask.preview} alt={`${words.refs.mask}: ${mask.name}`} />
          </div>
        )}
        <Button
          size="compact-md"
          variant={mask ? "default" : "filled"}
          leftSection={<Brush size={15} aria-hidden />}
          onClick={open}
          disabled={!picture}
        >
          {words.mask.paint}
        </Button>
        <FileButton accept={ACCEPTED} onChange={(chosen) => chosen && void setMask(chosen)}>
          {(props) => (
            <Button
              {...props}
              size="compact-md"
              variant="default"
              leftSection={<Upload size={15} aria-hidden />}
            >
              {words.refs.choose}
            </Button>
          )}
        </FileButton>
      </Group>
      {mask?.problem && <span className="bad">{mask.problem}</span>}
      {painting && (
        <Suspense>
          <MaskPainter picture={picture} onDone={setMask} onClose={close} />
        </Suspense>
      )}
    </Labelled>
  );
}

/** The picture of a slot in its own pixels; a thumbnail would make a mask of the wrong size. */
function whole(reference: Reference): string {
  if (/^[0-9a-f]{64}$/.test(reference.source)) return `/v1/assets/${reference.source}/file`;
  return reference.preview.startsWith("/v1/images/") ? `/v1/images/${reference.source}/file` : "";
}
