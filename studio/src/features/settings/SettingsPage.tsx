import { Anchor, Button, Group, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useHealth } from "@/api/queries";
import { useWords } from "@/words";
import { Appearance } from "./Appearance";
import { Behaviour } from "./Behaviour";
import { Keeping } from "./Keeping";
import { Keys } from "./Keys";
import { Providers } from "./Providers";
import classes from "./Settings.module.css";
import { Shortcuts } from "./Shortcuts";

/** Look, behaviour, how the providers stand, who may use the gateway, how long things are kept. */
export function SettingsPage() {
  const words = useWords();
  const { data: health } = useHealth();
  return (
    <div className={classes.page}>
      <Title order={1} size="h2">
        {words.settings.title}
      </Title>
      <Appearance />
      <Providers />
      <Keys />
      <section className={classes.block}>
        <Title order={2} size="h4">
          {words.settings.budgets}
        </Title>
        <Group justify="space-between">
          <Text size="sm">{words.settings.budgetsText}</Text>
          <Button size="compact-sm" variant="default" component={Link} to="/costs">
            {words.nav.costs}
          </Button>
        </Group>
      </section>
      <Keeping />
      <Behaviour />
      <section className={classes.block}>
        <Title order={2} size="h4">
          {words.settings.shortcuts}
        </Title>
        <Shortcuts />
      </section>
      <section className={classes.block}>
        <Title order={2} size="h4">
          {words.settings.about}
        </Title>
        <Text size="sm">
          Fluxroom · {words.settings.version} {health?.version}
        </Text>
        <Anchor href="/v1/openapi.json" size="sm">
          {words.settings.api}
        </Anchor>
      </section>
    </div>
  );
}
