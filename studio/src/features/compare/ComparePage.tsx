import { Text, Title } from "@mantine/core";
import { useEffect } from "react";
import { useModel, useModels } from "@/api/queries";
import { useDraft } from "@/features/create/draft";
import { RunList } from "@/features/runs/RunList";
import classes from "@/features/runs/Runs.module.css";
import { useWords } from "@/words";
import { Setup } from "./Setup";

/** One request over two axes: models, providers, or values of any parameter. */
export function ComparePage() {
  const words = useWords();
  const id = useDraft((draft) => draft.model);
  const change = useDraft((draft) => draft.change);
  const { data: list } = useModels();
  const { data: model } = useModel(id);
  useEffect(() => {
    if (list && !id) change({ model: list.default });
  }, [list, id, change]);
  return (
    <div className={classes.page}>
      <Title order={1} size="h2">
        {words.compare.title}
      </Title>
      <Text className="quiet">{words.compare.lead}</Text>
      {model && <Setup key={model.id} model={model} />}
      <RunList kind="comparison" />
    </div>
  );
}
