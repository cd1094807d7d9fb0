import { Button, FileButton, Group, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { ArrowRight, FolderOpen, Pencil, Plus } from "lucide-react";
import { type DragEvent, Fragment } from "react";
import { useTemplates } from "@/api/pipelines";
import { useModels } from "@/api/queries";
import { filesOf } from "@/features/create/references/upload";
import { RunList } from "@/features/runs/RunList";
import { useLook } from "@/look";
import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import { usePipelineDraft, type View } from "./draft";
import classes from "./Pipelines.module.css";
import { asPipeline, blank, type Pipeline, said } from "./pipeline";
import { pipelineIn } from "./TextView";

/** Templates to use, one's own draft, and what has run. */
export function PipelinesPage() {
  const words = useWordsOf(pipelines);
  const language = useLook((look) => look.language);
  const navigate = useNavigate();
  const { data: list } = useModels();
  const { data: shipped } = useTemplates();
  const draft = usePipelineDraft((state) => state.pipeline);
  const templates = (shipped?.templates ?? []).flatMap((one) => asPipeline(one.pipeline) ?? []);

  function open(pipeline: Pipeline, view: View) {
    usePipelineDraft.getState().begin(pipeline, view);
    void navigate({ to: "/pipelines/new" });
  }
  async function read(file: File | null | undefined) {
    if (!file) return;
    const found = await pipelineIn(await file.text());
    if (found) open(found, "inputs");
    else notifications.show({ color: "red", message: words.importBad, autoClose: 9000 });
  }
  function drop(event: DragEvent) {
    event.preventDefault();
    void read(filesOf(event.dataTransfer)[0]);
  }

  return (
    <section
      className={classes.page}
      aria-label={words.title}
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
      <header className={classes.head}>
        <div>
          <Title order={1} size="h2">
            {words.title}
          </Title>
          <Text className="quiet" maw={640}>
            {words.lead}
          </Text>
        </div>
        <Group gap={8}>
          {draft && (
            <Button
              variant="default"
              leftSection={<Pencil size={15} aria-hidden />}
              onClick={() => void navigate({ to: "/pipelines/new" })}
            >
              {words.draft}
            </Button>
          )}
          <FileButton accept=".yaml,.yml,.json" onChange={(file) => void read(file)}>
            {(props) => (
              <Button {...props} variant="default" leftSection={<FolderOpen size={15} aria-hidden />}>
                {words.import}
              </Button>
            )}
          </FileButton>
          <Button
            leftSection={<Plus size={15} aria-hidden />}
            disabled={!list}
            onClick={() => list && open(blank(words.create, list.default), "steps")}
          >
            {words.create}
          </Button>
        </Group>
      </header>
      {templates.length > 0 && (
        <section aria-label={words.templates}>
          <Title order={2} size="h4">
            {words.templates}
          </Title>
          <Text size="sm" className="quiet">
            {words.templatesText}
          </Text>
          <div className={classes.cards}>
            {templates.map((one) => (
              <button
                key={one.name}
                type="button"
                className={classes.card}
                onClick={() => open(one, "inputs")}
              >
                <Text component="span" fw={600}>
                  {said(one.title, language) || one.name}
                </Text>
                <Text component="span" size="sm" className="quiet">
                  {said(one.description, language)}
                </Text>
                <Chain pipeline={one} />
              </button>
            ))}
          </div>
        </section>
      )}
      <RunList kind="pipeline" />
    </section>
  );
}

/** The steps in a line. */
function Chain({ pipeline }: { pipeline: Pipeline }) {
  const words = useWordsOf(pipelines);
  return (
    <span className={classes.chain}>
      {pipeline.steps.map((step, place) => (
        <Fragment key={step.name}>
          {place > 0 && <ArrowRight size={12} aria-hidden />}
          <span>{words.stepKinds[step.do]}</span>
        </Fragment>
      ))}
    </span>
  );
}
