import { Title } from "@mantine/core";
import { LookControls } from "@/ui/LookControls";
import { useWords } from "@/words";
import classes from "./Settings.module.css";

/** Language and theme. */
export function Appearance() {
  const words = useWords().settings;
  return (
    <section className={classes.block}>
      <Title order={2} size="h4">
        {words.look}
      </Title>
      <LookControls />
    </section>
  );
}
