import { Tabs, Title } from "@mantine/core";
import { useWords } from "@/words";
import { LoraShelf } from "./LoraShelf";
import { ModelList } from "./ModelList";
import classes from "./Models.module.css";

/** What pictures are made with: the models, and the LoRAs that some of them take. */
export function ModelsPage() {
  const words = useWords().models;
  return (
    <div className={classes.page}>
      <Title order={1} size="h2" mb="sm">
        {words.titleBoth}
      </Title>
      <Tabs defaultValue="models" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="models">{words.tabModels}</Tabs.Tab>
          <Tabs.Tab value="loras">{words.tabLora}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="models">
          <ModelList />
        </Tabs.Panel>
        <Tabs.Panel value="loras">
          <LoraShelf />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}
