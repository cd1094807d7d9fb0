import { Group, Text, Textarea } from "@mantine/core";
import { useId, useRef } from "react";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import classes from "./Pipelines.module.css";
import { field, type Offer } from "./pipeline";
import { useOfferNames } from "./useOfferNames";

interface Props {
  label: string;
  help?: string;
  value: string;
  onChange: (text: string) => void;
  offers: Offer[];
  rows?: number;
}

/** A text in which inputs and results of earlier steps can stand. */
export function TemplateText({ label, help, value, onChange, offers, rows = 2 }: Props) {
  const words = useWordsOf(pipelines);
  const nameOf = useOfferNames();
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);

  function insert(path: string) {
    const place = box.current?.selectionStart ?? value.length;
    const before = value.slice(0, place);
    const gap = before && !/\s$/.test(before) ? " " : "";
    onChange(`${before}${gap}${field(path)}${value.slice(place)}`);
    box.current?.focus();
  }

  return (
    <div>
      <Textarea
        ref={box}
        label={label}
        id={id}
        autosize
        minRows={rows}
        maxRows={12}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {offers.length > 0 && (
        <Group gap={6} mt={6}>
          {offers.map(({ path }) => (
            <button
              key={path}
              type="button"
              className={classes.token}
              aria-label={`${words.insert(nameOf(path))} (${label})`}
              data-used={value.includes(field(path)) || undefined}
              onClick={() => insert(path)}
            >
              {nameOf(path)}
            </button>
          ))}
        </Group>
      )}
      {help && (
        <Text size="xs" className="quiet" mt={4}>
          {help}
        </Text>
      )}
    </div>
  );
}
