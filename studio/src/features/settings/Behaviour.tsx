import { Button, NumberInput, Stack, Switch, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useDraft } from "@/features/create/draft";
import { useLook } from "@/look";
import { useWords } from "@/words";
import classes from "./Settings.module.css";

/** What the page asks before, and which keys it listens to. */
export function Behaviour() {
  const words = useWords().settings;
  const look = useLook();
  const reset = useDraft((draft) => draft.reset);
  return (
    <section className={classes.block}>
      <Title order={2} size="h4">
        {words.behaviour}
      </Title>
      <Stack gap="md" maw={420}>
        <NumberInput
          label={words.confirmAbove}
          description={words.confirmHelp}
          min={0}
          step={0.5}
          prefix="$ "
          value={look.confirmAbove}
          onChange={(next) => typeof next === "number" && look.set({ confirmAbove: next })}
        />
        <Switch
          label={words.singleKeys}
          description={words.singleKeysHelp}
          checked={look.singleKeys}
          onChange={(event) => look.set({ singleKeys: event.currentTarget.checked })}
        />
        <Button
          variant="default"
          style={{ alignSelf: "flex-start" }}
          onClick={() => {
            reset();
            notifications.show({ message: words.forgotten });
          }}
        >
          {words.forget}
        </Button>
      </Stack>
    </section>
  );
}
