import { Loader, Tooltip } from "@mantine/core";
import { ChevronLeft, ChevronRight, Globe, RotateCcw, TriangleAlert, X } from "lucide-react";
import { useWords } from "@/words";
import { type Reference, useDraft } from "../draft";
import own from "./References.module.css";
import { again } from "./useUploads";

interface Props {
  reference: Reference;
  place: number;
  count: number;
  sent: boolean;
}

/** One reference: its picture and number, and buttons for what dragging would do. */
export function Slot({ reference, place, count, sent }: Props) {
  const words = useWords().refs;
  const remove = useDraft((draft) => draft.removeReference);
  const move = useDraft((draft) => draft.moveReference);
  const number = place + 1;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dragging is the second way; the buttons below do the same
    <div
      className={own.slot}
      data-quiet={!sent || undefined}
      data-slot={number}
      data-failed={reference.state === "failed" || undefined}
      draggable={count > 1}
      onDragStart={(event) => event.dataTransfer.setData("application/x-fluxroom-slot", reference.slot)}
      onDragOver={(event) =>
        event.dataTransfer.types.includes("application/x-fluxroom-slot") && event.preventDefault()
      }
      onDrop={(event) => {
        const slot = event.dataTransfer.getData("application/x-fluxroom-slot");
        if (!slot) return;
        event.preventDefault();
        event.stopPropagation();
        const from = useDraft.getState().references.findIndex((one) => one.slot === slot);
        move(slot, place - from);
      }}
    >
      {reference.preview ? (
        <img src={reference.preview} alt={`${words.number(number)}: ${reference.name}`} />
      ) : (
        <span className={own.foreign} title={reference.name}>
          <Globe size={20} aria-hidden />
          {words.fromWeb}
        </span>
      )}
      <span className={own.number}>
        {words.number(number)}
        {!sent && ` · ${words.notSent}`}
      </span>
      {reference.state === "uploading" && (
        <span className={own.cover} role="status" aria-label={words.uploading}>
          <Loader size="sm" />
        </span>
      )}
      {reference.state === "failed" && (
        <Tooltip label={reference.problem}>
          <button
            type="button"
            className={own.cover}
            aria-label={`${words.failed}: ${reference.problem}. ${words.again}`}
            onClick={() => void again(reference.slot)}
          >
            <TriangleAlert size={18} aria-hidden />
            <RotateCcw size={14} aria-hidden />
          </button>
        </Tooltip>
      )}
      <span className={own.tools}>
        {place > 0 && (
          <button type="button" aria-label={words.earlier(number)} onClick={() => move(reference.slot, -1)}>
            <ChevronLeft size={14} aria-hidden />
          </button>
        )}
        {place < count - 1 && (
          <button type="button" aria-label={words.later(number)} onClick={() => move(reference.slot, 1)}>
            <ChevronRight size={14} aria-hidden />
          </button>
        )}
        <button type="button" aria-label={words.remove(number)} onClick={() => remove(reference.slot)}>
          <X size={14} aria-hidden />
        </button>
      </span>
    </div>
  );
}
