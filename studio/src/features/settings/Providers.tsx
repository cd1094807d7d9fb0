import { Button, Group, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { turn, useProviders } from "@/api/gateway";
import { useHealth } from "@/api/queries";
import type { Health } from "@/api/types";
import { useLook } from "@/look";
import { dateTime } from "@/numbers";
import { KeyTest } from "@/ui/KeyTest";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords } from "@/words";
import classes from "./Settings.module.css";

/** How each provider stands: its key, what is under way, and a person's word to stop sending. */
export function Providers() {
  const words = useWords().settings;
  const { data: health } = useHealth();
  return (
    <section className={classes.block}>
      <Title order={2} size="h4">
        {words.providers}
      </Title>
      <Text size="sm" className="quiet">
        {words.keyNote}
      </Text>
      {health?.providers.map((one) => (
        <Provider key={one.provider} provider={one} />
      ))}
    </section>
  );
}

function Provider({ provider }: { provider: Health["providers"][number] }) {
  const words = useWords().settings;
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const { data: states } = useProviders();
  const state = states?.find((one) => one.provider === provider.provider);
  const paused = Boolean(state?.paused);
  const said = !provider.set_up
    ? words.noKey
    : paused
      ? words.paused
      : provider.sandbox
        ? words.sandbox
        : words.works;
  return (
    <article className={classes.provider}>
      <Group justify="space-between" gap="xs">
        <Text fw={550}>
          {provider.provider === "bfl" ? "Black Forest Labs" : "fal.ai"}{" "}
          <span className="quiet">· {said}</span>
        </Text>
        {provider.set_up && (
          <Group gap={6}>
            <KeyTest provider={provider.provider} />
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => void turn(client, provider.provider, paused).catch(tellTrouble)}
            >
              {paused ? words.resume : words.pause}
            </Button>
          </Group>
        )}
      </Group>
      {state && provider.set_up && (
        <Text size="sm" className="quiet figures">
          {words.flight(state.in_flight, state.cap, state.queued)}
        </Text>
      )}
      {state && state.cap_now < state.cap && (
        <Text size="sm" className="warn">
          {words.narrowed(state.cap_now)}
        </Text>
      )}
      {state?.held_until && (
        <Text size="sm" className="warn">
          {words.held(dateTime(state.held_until, language))}
        </Text>
      )}
      {(!provider.set_up || provider.sandbox) && <Text size="sm">{words.keyHow(provider.variable)}</Text>}
    </article>
  );
}
