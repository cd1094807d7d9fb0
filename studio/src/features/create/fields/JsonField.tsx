import { Textarea } from "@mantine/core";
import { useId, useState } from "react";
import type { Json } from "@/api/types";
import { isSet } from "@/form/fields";
import { useWords } from "@/words";
import classes from "../Create.module.css";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";

/** What nobody has drawn a control for is written as JSON, so that it can be used the day it appears. */
export function JsonField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords().field;
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  const text = typed ?? (isSet(value) ? JSON.stringify(value, null, 1) : "");

  function type(next: string) {
    setTyped(next);
    try {
      onChange(next.trim() === "" ? undefined : (JSON.parse(next) as Json));
      setWrong(false);
    } catch {
      setWrong(true);
    }
  }

  return (
    <Labelled field={field} htmlFor={id} problem={wrong ? words.jsonBad : problem}>
      <Textarea
        id={id}
        className={classes.code}
        autosize
        minRows={2}
        maxRows={12}
        spellCheck={false}
        placeholder={field.schema.type === "array" ? "[ … ]" : "{ … }"}
        value={text}
        onChange={(event) => type(event.currentTarget.value)}
        onBlur={() => !wrong && setTyped(null)}
      />
    </Labelled>
  );
}
