import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { OFFLINE, troubleOf } from "@/api/client";
import { useWords } from "@/words";

/** A gateway with keys asks for one; the answer is a cookie that scripts cannot read. */
export function Locked() {
  const words = useWords();
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  async function open(event: React.FormEvent) {
    event.preventDefault();
    setBusy(true);
    const answer = await fetch("/v1/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key }),
    }).catch(() => null);
    if (answer?.ok) return location.reload();
    const refused = answer?.status === 401 || answer?.status === 403;
    const why = answer ? (await troubleOf(answer)).problem : OFFLINE;
    setProblem(refused ? words.session.wrong : (words.problem.what[why.code] ?? why.detail));
    setBusy(false);
  }

  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper component="form" withBorder p="xl" maw={440} onSubmit={open}>
        <Stack>
          <Title order={1} size="h3">
            {words.session.title}
          </Title>
          <Text size="sm">{words.session.text}</Text>
          <PasswordInput
            label={words.session.label}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            autoComplete="current-password"
            required
            data-autofocus
          />
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          <Button type="submit" loading={busy}>
            {words.session.open}
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
