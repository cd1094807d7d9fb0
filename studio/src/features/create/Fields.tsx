import { Button, Collapse, Stack } from "@mantine/core";
import { ChevronDown } from "lucide-react";
import { useEffect, useState } from "react";
import type { Mode, Problem } from "@/api/types";
import { type Field, isSet, isVisible, type Values } from "@/form/fields";
import { useLook } from "@/look";
import { useWords } from "@/words";
import classes from "./Create.module.css";
import { useDraft } from "./draft";
import { ParameterField } from "./fields/ParameterField";
import { PromptBox } from "./PromptBox";
import { MaskSlot } from "./references/MaskSlot";
import { References } from "./references/References";

interface Props {
  fields: Field[];
  values: Values;
  mode: Mode;
  problem: Problem | null;
}

/** Every parameter: the prompt and the pictures first, what is rarely touched behind one button. */
export function Fields({ fields, values, mode, problem }: Props) {
  const words = useWords().create;
  const setValue = useDraft((draft) => draft.setValue);
  const shown = fields.filter((field) => isVisible(field, values));
  const named = (kind: string) => shown.find((field) => field.kind === kind);
  const rest = shown.filter((field) => !["prompt", "refs", "mask"].includes(field.kind));
  const first = rest.filter((field) => !field.advanced);
  const more = rest.filter((field) => field.advanced);
  const changed = more.filter((field) => isSet(values[field.name])).length;
  const wrong = problem?.field?.split(".")[0];
  const said = useSaid(problem);
  const [open, setOpen] = useState(false);
  const attention = useDraft((draft) => draft.attention);
  const visible = open || more.some((field) => field.name === wrong || field.name === attention);
  useAttention(attention, setOpen);

  const draw = (field: Field) => (
    <ParameterField
      key={field.name}
      field={field}
      value={values[field.name]}
      onChange={(value) => setValue(field.name, value)}
      problem={wrong === field.name ? said : undefined}
      values={values}
    />
  );
  const prompt = named("prompt");
  const references = named("refs");
  const mask = named("mask");
  return (
    <>
      {prompt && <PromptBox field={prompt} />}
      {references ? (
        <References
          field={references}
          limit={mode.max_references}
          problem={wrong === "references" ? said : undefined}
        />
      ) : (
        <References field={null} limit={0} />
      )}
      {mask && <MaskSlot field={mask} />}
      {first.map(draw)}
      {more.length > 0 && (
        <div>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            className={classes.more}
            aria-expanded={visible}
            onClick={() => setOpen(!open)}
            rightSection={
              <ChevronDown size={15} aria-hidden style={{ rotate: visible ? "180deg" : "0deg" }} />
            }
          >
            {words.advanced}
            {changed > 0 && <span className="quiet">&nbsp;· {words.advancedCount(changed)}</span>}
          </Button>
          <Collapse expanded={visible} transitionDuration={120}>
            {visible && (
              <Stack gap="md" pt="sm">
                {more.map(draw)}
              </Stack>
            )}
          </Collapse>
        </div>
      )}
    </>
  );
}

/** The field that somebody was sent to comes into sight and has the focus. */
function useAttention(name: string, setOpen: (open: boolean) => void) {
  useEffect(() => {
    if (!name) return;
    setOpen(true);
    const field = document.querySelector(`[data-field="${name}"]`);
    field?.scrollIntoView({ block: "center" });
    field?.querySelector<HTMLElement>("input, button, [tabindex='0']")?.focus();
    useDraft.getState().attend("");
  }, [name, setOpen]);
}

/** What is wrong with a field: the gateway's English sentence, or ours where another language is read. */
function useSaid(problem: Problem | null): string | undefined {
  const words = useWords().problem;
  const language = useLook((look) => look.language);
  if (!problem) return undefined;
  return language === "en" ? problem.detail : (words.what[problem.code] ?? words.other);
}
