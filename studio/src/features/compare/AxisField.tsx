import { MultiSelect, Select, Textarea } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useModels } from "@/api/queries";
import type { Model } from "@/api/types";
import type { Field } from "@/form/fields";
import { useLook } from "@/look";
import { PROVIDERS } from "@/shell/TopBar";
import { inLanguage, useWords } from "@/words";
import { type AxisDraft, parsed, suggested, written } from "./axes";

interface Props {
  label: string;
  axis: AxisDraft;
  fields: Field[];
  model: Model;
  optional: boolean;
  /** What stands on the other axis. */
  taken: string;
  onChange: (axis: AxisDraft) => void;
}

/** What varies in one direction, and its values. */
export function AxisField({ label, axis, fields, model, optional, taken, onChange }: Props) {
  const words = useWords();
  const field = fields.find((one) => one.name === axis.name);
  // Whoever has chosen what varies says next by which values.
  const [chosen, setChosen] = useState(false);
  const names = [
    { value: "provider", label: words.compare.provider },
    { value: "model", label: words.compare.model },
    { value: "prompt", label: words.create.prompt },
    ...fields.map((one) => ({ value: one.name, label: one.title })),
  ].filter((one) => one.value !== taken);

  function choose(name: string | null) {
    const next = fields.find((one) => one.name === name);
    const first: Record<string, AxisDraft["values"]> = {
      provider: Object.keys(model.routes),
      model: [model.id],
    };
    setChosen(true);
    onChange({ name: name ?? "", values: name ? (first[name] ?? (next ? suggested(next) : [])) : [] });
  }

  return (
    <div>
      <Select
        label={label}
        data={names}
        value={axis.name || null}
        onChange={choose}
        clearable={optional}
        allowDeselect={false}
        searchable
        placeholder={words.compare.nothing}
        mb="xs"
      />
      {axis.name && (
        <Values
          key={axis.name}
          axis={axis}
          field={field}
          model={model}
          onChange={onChange}
          focused={chosen}
        />
      )}
    </div>
  );
}

function Values({
  axis,
  field,
  model,
  onChange,
  focused,
}: Pick<Props, "axis" | "model" | "onChange"> & { field: Field | undefined; focused: boolean }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const { data: list } = useModels();
  const [typed, setTyped] = useState(() => axis.values.map(written).join(field ? ", " : "\n"));
  const set = (values: AxisDraft["values"]) => onChange({ ...axis, values });
  const options = choices();
  const box = useRef<HTMLInputElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (!focused) return;
    // After the list has given the focus back.
    const timer = setTimeout(() => {
      box.current?.focus();
      area.current?.select();
    });
    return () => clearTimeout(timer);
  }, [focused]);

  function choices() {
    if (axis.name === "provider") {
      return Object.keys(model.routes).map((name) => ({
        value: name,
        label: PROVIDERS[name as "bfl" | "fal"],
      }));
    }
    if (axis.name === "model") {
      return (list?.models ?? [])
        .filter((one) => one.available && one.status !== "retired")
        .map((one) => ({ value: one.id, label: inLanguage(one.titles, language) }));
    }
    if (field?.options.length)
      return field.options.map((one) => ({ value: String(one), label: String(one) }));
    return null;
  }

  if (options) {
    return (
      <MultiSelect
        ref={box}
        aria-label={words.compare.values}
        data={options}
        searchable
        value={axis.values.map(String)}
        onChange={(chosen) =>
          set(chosen.map((one) => field?.options.find((option) => String(option) === one) ?? one))
        }
      />
    );
  }
  if (field?.kind === "switch") return null;
  return (
    <Textarea
      ref={area}
      aria-label={words.compare.values}
      description={field ? words.compare.commas : words.compare.lines}
      autosize
      minRows={field ? 1 : 3}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        set(parsed(event.currentTarget.value, field));
      }}
    />
  );
}
