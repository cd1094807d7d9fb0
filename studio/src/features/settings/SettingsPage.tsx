import {
  Anchor,
  Button,
  Group,
  NumberInput,
  SegmentedControl,
  Stack,
  Switch,
  Table,
  Text,
  Title,
  useMantineColorScheme,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, problemOf } from "@/api/client";
import { useHealth } from "@/api/queries";
import { useDraft } from "@/features/create/draft";
import { useLook } from "@/look";
import { useWords } from "@/words";
import classes from "./Settings.module.css";
import { Shortcuts } from "./Shortcuts";

/** Look, behaviour, and how the providers stand. */
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

function Appearance() {
  const words = useWords();
  const language = useLook((look) => look.language);
  const set = useLook((look) => look.set);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <section className={classes.block}>
      <Title order={2} size="h4">
        {words.settings.look}
      </Title>
      <Group>
        <SegmentedControl
          aria-label={words.shell.language}
          value={language}
          onChange={(next) => set({ language: next as "en" | "de" })}
          data={[
            { value: "en", label: "English" },
            { value: "de", label: "Deutsch" },
          ]}
        />
        <SegmentedControl
          aria-label={words.shell.theme}
          value={colorScheme}
          onChange={(next) => setColorScheme(next as "light" | "dark" | "auto")}
          data={[
            { value: "light", label: words.shell.light },
            { value: "dark", label: words.shell.dark },
            { value: "auto", label: words.shell.auto },
          ]}
        />
      </Group>
    </section>
  );
}

function Providers() {
  const words = useWords().settings;
  const client = useQueryClient();
  const { data: health } = useHealth();
  const { data: found } = useQuery({
    queryKey: ["providers"],
    queryFn: () => data(api.GET("/v1/providers")),
    refetchInterval: 15_000,
  });

  async function turn(name: "bfl" | "fal", paused: boolean) {
    const path = paused ? "/v1/providers/{name}/resume" : "/v1/providers/{name}/pause";
    await data(api.POST(path, { params: { path: { name } } })).catch((error: unknown) =>
      notifications.show({ color: "red", message: problemOf(error).detail }),
    );
    await client.invalidateQueries({ queryKey: ["providers"] });
  }

  return (
    <section className={classes.block}>
      <Title order={2} size="h4">
        {words.providers}
      </Title>
      <Text size="sm" className="quiet">
        {words.keyNote}
      </Text>
      <Table>
        <Table.Tbody>
          {health?.providers.map((one) => {
            const state = found?.providers.find((other) => other.provider === one.provider);
            const said = !one.set_up
              ? words.noKey
              : state?.paused
                ? words.paused
                : one.sandbox
                  ? words.sandbox
                  : words.works;
            return (
              <Table.Tr key={one.provider}>
                <Table.Th scope="row">{one.provider === "bfl" ? "Black Forest Labs" : "fal.ai"}</Table.Th>
                <Table.Td>{said}</Table.Td>
                <Table.Td className="quiet">
                  {!one.set_up || one.sandbox ? words.keyHow(one.variable) : state?.why}
                </Table.Td>
                <Table.Td ta="right">
                  {one.set_up && (
                    <Button
                      size="compact-sm"
                      variant="default"
                      onClick={() => void turn(one.provider, Boolean(state?.paused))}
                    >
                      {state?.paused ? words.resume : words.pause}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function Behaviour() {
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
