import { FileButton } from "@mantine/core";
import { Brush } from "lucide-react";
import type { Field } from "@/form/fields";
import { useWords } from "@/words";
import { useDraft } from "../draft";
import { Labelled } from "../fields/Labelled";
import own from "./References.module.css";
import { ACCEPTED } from "./upload";
import { setMask } from "./useUploads";

/** The mask: a black and white picture beside the references. */
export function MaskSlot({ field }: { field: Field }) {
  const words = useWords().refs;
  const mask = useDraft((draft) => draft.mask);
  const change = useDraft((draft) => draft.change);
  return (
    <Labelled
      field={{ ...field, title: words.mask, help: words.maskHelp }}
      onReset={mask ? () => change({ mask: null }) : undefined}
    >
      <div className={own.slots}>
        {mask && (
          <div className={own.slot} data-failed={mask.state === "failed" || undefined}>
            <img src={mask.preview} alt={`${words.mask}: ${mask.name}`} />
          </div>
        )}
        <FileButton accept={ACCEPTED} onChange={(chosen) => chosen && void setMask(chosen)}>
          {(props) => (
            <button {...props} type="button" className={own.add} data-wide={!mask || undefined}>
              <Brush size={18} aria-hidden />
              <span>{words.choose}</span>
            </button>
          )}
        </FileButton>
      </div>
      {mask?.problem && <span className="bad">{mask.problem}</span>}
    </Labelled>
  );
}
