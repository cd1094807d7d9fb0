import { Anchor, Button, Code, Group, Text, Title } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { CircleCheck, ExternalLink, FlaskConical, KeyRound } from "lucide-react";
import { useHealth } from "@/api/queries";
import type { Health } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { useLook } from "@/look";
import { KeyTest } from "@/ui/KeyTest";
import { LookControls } from "@/ui/LookControls";
import { useWords } from "@/words";
import classes from "./Welcome.module.css";

const NAMES = { bfl: "Black Forest Labs", fal: "fal.ai" } as const;
const LINKS = { bfl: "https://api.bfl.ai", fal: "https://fal.ai/dashboard/keys" } as const;

/** The first minute: the sandbox in one click, and how a key is set. */
export function WelcomePage() {
  const words = useWords();
  const { data } = useHealth();
  const navigate = useNavigate();
  const set = useLook((look) => look.set);

  function start() {
    const draft = useDraft.getState();
    const example = words.create.examples[2] ?? words.create.examples[0];
    // A filled form is one click away from a picture; what somebody wrote already stays.
    if (example && !draft.prompt) draft.change({ prompt: example.prompt });
    set({ welcomed: true });
    void navigate({ to: "/create" });
  }

  const real = data?.providers.some((one) => one.set_up && !one.sandbox);
  return (
    <div className={classes.page}>
      <img src="/icon.svg" alt="" width={52} height={52} />
      <Title order={1} mt="md">
        {words.welcome.title}
      </Title>
      <Text size="lg" className="quiet" maw={620} mt={6}>
        {words.welcome.lead}
      </Text>
      <div className={classes.cards}>
        <section className={classes.card} data-main>
          <FlaskConical size={24} aria-hidden />
          <Title order={2} size="h4">
            {real ? words.welcome.ready : words.welcome.sandboxTitle}
          </Title>
          {!real && <Text size="sm">{words.welcome.sandboxText}</Text>}
          <Button size="md" mt="auto" onClick={start} style={{ alignSelf: "flex-start" }} data-autofocus>
            {real ? words.nav.create : words.welcome.sandboxGo}
          </Button>
        </section>
        {data?.providers.map((one) => (
          <KeyCard key={one.provider} provider={one} />
        ))}
      </div>
      <div className={classes.look}>
        <LookControls />
      </div>
      <section className={classes.privacy}>
        <Title order={2} size="h5">
          {words.welcome.privacyTitle}
        </Title>
        <ul>
          {words.welcome.privacy.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function KeyCard({ provider }: { provider: Health["providers"][number] }) {
  const words = useWords().welcome;
  const isSet = provider.set_up && !provider.sandbox;
  return (
    <section className={classes.card}>
      <KeyRound size={24} aria-hidden />
      <Title order={2} size="h4">
        {words.keyTitle(NAMES[provider.provider])}
      </Title>
      {isSet ? (
        <>
          <Group gap={6} className="good">
            <CircleCheck size={16} aria-hidden />
            {words.isSet}
          </Group>
          <div>
            <KeyTest provider={provider.provider} />
          </div>
        </>
      ) : (
        <>
          <Text size="sm">{words.keyText}</Text>
          <ol className={classes.steps}>
            {words.keySteps.map((step, place) => (
              <li key={step}>
                {step}
                {place === 0 && <Code block>{`${provider.variable}=…`}</Code>}
              </li>
            ))}
          </ol>
          <Anchor href={LINKS[provider.provider]} target="_blank" rel="noreferrer" size="sm" mt="auto">
            {words.getKey} <ExternalLink size={13} aria-hidden />
          </Anchor>
        </>
      )}
    </section>
  );
}
