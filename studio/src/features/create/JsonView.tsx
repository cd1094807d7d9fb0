import { Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { useWords } from "@/words";
import classes from "./Create.module.css";
import { useDraft } from "./draft";
import { fromRequest, type RequestBody } from "./request";

/** The same request as JSON, to read, to copy and to change. */
export function JsonView({ body }: { body: RequestBody }) {
  const words = useWords().create;
  const change = useDraft((draft) => draft.change);
  const { on_unsupported: _, ...shown } = body;
  const text = JSON.stringify(shown, null, 2);
  // What is typed stays as typed, also while it is not valid; null shows the form's own text.
  const [typed, setTyped] = useState<string | null>(null);
  const [wrong, setWrong] = useState("");

  function type(next: string) {
    setTyped(next);
    try {
      change(fromRequest(next, useDraft.getState()));
      setWrong("");
    } catch (error) {
      setWrong(error instanceof TypeError ? words.jsonNotObject : words.jsonBad);
    }
  }

  return (
    <div>
      <Textarea
        className={classes.code}
        aria-label={words.json}
        autosize
        minRows={12}
        maxRows={30}
        spellCheck={false}
        value={typed ?? text}
        onChange={(event) => type(event.currentTarget.value)}
        onBlur={() => !wrong && setTyped(null)}
        error={wrong || undefined}
      />
      <Text size="xs" className="quiet" mt={4}>
        {words.jsonHelp}
      </Text>
    </div>
  );
}
