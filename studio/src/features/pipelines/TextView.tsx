import { SegmentedControl, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect, useRef, useState } from "react";
import { checkPipeline } from "@/api/pipelines";
import type { Json } from "@/api/types";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { usePipelineDraft } from "./draft";
import classes from "./Pipelines.module.css";
import { asPipeline, type Pipeline } from "./pipeline";
import { yamlFile } from "./yaml";

type Kind = "yaml" | "json";

export function fileText(pipeline: Pipeline, kind: Kind): string {
  return kind === "yaml" ? yamlFile(pipeline as unknown as Json) : `${JSON.stringify(pipeline, null, 2)}\n`;
}

/** The pipeline in a text; null when it is none. JSON is read here, YAML by the gateway. */
export async function pipelineIn(text: string): Promise<Pipeline | null> {
  if (!text.trimStart().startsWith("{"))
    return checkPipeline(text).then(
      (found) => asPipeline(found.pipeline),
      () => null,
    );
  try {
    return asPipeline(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The pipeline as its file, to read, to copy and to change. */
export function TextView({ pipeline, onChange }: { pipeline: Pipeline; onChange: (next: Pipeline) => void }) {
  const words = useWordsOf(pipelines);
  const [kind, setKind] = useState<Kind>("yaml");
  // What is typed stays as typed, also while it is none; null shows the pipeline's own text.
  const [typed, setTyped] = useState<string | null>(null);
  const [bad, setBad] = useState(false);
  const now = useRef<string | null>(null);
  const shown = useRef(true);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);

  function type(text: string | null) {
    now.current = text;
    setTyped(text);
  }
  async function leave() {
    if (typed === null) return;
    // Until it is read nothing runs: it would be the pipeline as it was before.
    usePipelineDraft.setState({ reading: true });
    const found = await pipelineIn(typed);
    usePipelineDraft.setState({ reading: false });
    if (now.current !== typed) return; // typed on meanwhile; that is read when it is left
    setBad(!found);
    if (!found && !shown.current)
      notifications.show({ color: "red", message: words.textBad, autoClose: 9000 });
    if (!found) return;
    onChange(found);
    type(null);
  }

  return (
    <div>
      <SegmentedControl
        size="xs"
        mb="sm"
        aria-label={words.textView}
        value={kind}
        onChange={(next) => {
          type(null);
          setBad(false);
          setKind(next as Kind);
        }}
        data={[
          { value: "yaml", label: "YAML" },
          { value: "json", label: "JSON" },
        ]}
      />
      <Textarea
        className={classes.code}
        aria-label={words.textView}
        autosize
        minRows={14}
        maxRows={36}
        spellCheck={false}
        value={typed ?? fileText(pipeline, kind)}
        onChange={(event) => type(event.currentTarget.value)}
        onBlur={() => void leave()}
        error={bad ? words.textBad : undefined}
      />
      <Text size="xs" className="quiet" mt={4}>
        {words.textHelp}
      </Text>
    </div>
  );
}
