import { Text, Title } from "@mantine/core";
import { useChosenModel } from "@/features/create/useChosenModel";
import { RunList } from "@/features/runs/RunList";
import classes from "@/features/runs/Runs.module.css";
import { useWords } from "@/words";
import { Setup } from "./Setup";

/** One request over two axes: models, providers, or values of any parameter. */
export function ComparePage() {
  const words = useWords();
  const model = useChosenModel();
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
