import { Collapse, Group, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ChevronDown, X } from "lucide-react";
import type { Model } from "@/api/types";
import type { Field } from "@/form/fields";
import { useLook } from "@/look";
import { humanise } from "@/numbers";
import { useWhy } from "@/ui/why";
import { inLanguage, useWords } from "@/words";
import classes from "./Create.module.css";
import { useDraft } from "./draft";

interface Props {
  model: Model;
  notes: { [name: string]: unknown }[];
  fields: Field[];
  limit: number;
}

/** What was set and does not go with the request, each with its reason; and what this model cannot do at all. */
export function NotSent({ model, notes, fields, limit }: Props) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const setValue = useDraft((draft) => draft.setValue);
  const kept = useDraft((draft) => draft.references.length) > limit && limit > 0;
  const [open, { toggle }] = useDisclosure(false);
  const known = new Set(fields.map((field) => field.name));
  const told = notes.map((note) => ({ name: String(note.name ?? ""), why: String(note.why ?? "") }));
  const never = Object.entries(model.why_not).filter(([name]) => !known.has(name));
  const why = useWhy(model.id);

  return (
    <div>
      {told.length > 0 && (
        <Group gap={6} mb="xs" role="status" aria-label={words.create.notSent}>
          {told.map(({ name, why: said }) => (
            <span key={name} className={classes.chip}>
              <span>
                <strong>{words.create.notSent}</strong> ·{" "}
                {name === "references" && kept
                  ? words.refs.keptNotSent(limit)
                  : words.create.notSentWhy(humanise(name), why(name, said))}
              </span>
              {name !== "references" && (
                <button
                  type="button"
                  aria-label={words.create.removeValue(humanise(name))}
                  onClick={() => setValue(name, undefined)}
                >
                  <X size={13} aria-hidden />
                </button>
              )}
            </span>
          ))}
        </Group>
      )}
      {never.length > 0 && (
        <>
          <UnstyledButton onClick={toggle} aria-expanded={open} className="quiet" fz="xs" py={4}>
            {words.create.notAtModel} ({never.length}) <ChevronDown size={12} aria-hidden />
          </UnstyledButton>
          <Collapse expanded={open} transitionDuration={120}>
            {open &&
              never.map(([name, texts]) => (
                <Text key={name} size="xs" className="quiet" pb={4}>
                  <strong>{humanise(name)}</strong>: {inLanguage(texts, language)}
                </Text>
              ))}
          </Collapse>
        </>
      )}
    </div>
  );
}
