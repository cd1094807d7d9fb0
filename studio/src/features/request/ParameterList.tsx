import { Button, Collapse, Stack } from "@mantine/core";
import { ChevronDown } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import type { Json, Mode } from "@/api/types";
import { ParameterField } from "@/features/create/fields/ParameterField";
import { type Field, fieldsOf, isSet, isVisible, type Values } from "@/form/fields";
import { useLook } from "@/look";
import { useWords } from "@/words";

interface Props {
  mode: Mode;
  values: Values;
  onChange: (name: string, value: Json | undefined) => void;
  /** Names that the form has drawn itself. */
  without?: string[];
  /** Something around or instead of a field. */
  draw?: (field: Field, drawn: ReactNode) => ReactNode;
}

const ELSEWHERE = new Set(["prompt", "refs", "mask"]);

/** The parameters of a model in one mode, drawn from its schema: what is rarely touched behind one button. */
export function ParameterList({ mode, values, onChange, without = [], draw }: Props) {
  const words = useWords().create;
  const language = useLook((look) => look.language);
  const [open, setOpen] = useState(false);
  // Whether a seed is drawn anew each time is a habit of Create; here it is a number, or nothing.
  const fields = useMemo(
    () =>
      fieldsOf(mode, language)
        .filter((one) => !ELSEWHERE.has(one.kind))
        .map((one): Field => (one.kind === "seed" ? { ...one, kind: "number" } : one)),
    [mode, language],
  );
  const shown = fields.filter((one) => !without.includes(one.name) && isVisible(one, values));
  const more = shown.filter((one) => one.advanced);
  const changed = more.filter((one) => isSet(values[one.name])).length;
  const drawn = (one: Field) => {
    const field = (
      <ParameterField
        key={one.name}
        field={one}
        value={values[one.name]}
        onChange={(value) => onChange(one.name, value)}
        values={values}
      />
    );
    return draw ? draw(one, field) : field;
  };
  return (
    <Stack gap="md">
      {shown.filter((one) => !one.advanced).map(drawn)}
      {more.length > 0 && (
        <div>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            ml={-8}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
            rightSection={<ChevronDown size={15} aria-hidden style={{ rotate: open ? "180deg" : "0deg" }} />}
          >
            {words.advanced}
            {changed > 0 && <span className="quiet">&nbsp;· {words.advancedCount(changed)}</span>}
          </Button>
          <Collapse expanded={open} transitionDuration={120}>
            {open && (
              <Stack gap="md" pt="sm">
                {more.map(drawn)}
              </Stack>
            )}
          </Collapse>
        </div>
      )}
    </Stack>
  );
}
