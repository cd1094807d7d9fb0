import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useWords } from "@/words";

/** A gateway with keys asks for one; the answer is a cookie that scripts cannot read. */
export function Locked() {
  const words = useWords().session;
  const [key, setKey] = useState("");
  const [wrong, setWrong] = useState(false);
  const [busy, setBusy] = useState(false);

  async function open(event: React.FormEvent) {
    event.preventDefault();
    setBusy(true);
    const answer = await fetch("/v1/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key }),
    }).catch(() => null);
    if (answer?.ok) location.reload();
    else {
      setWrong(true);
      setBusy(false);
    }
  }

  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper component="form" withBorder p="xl" maw={440} onSubmit={open}>
        <Stack>
          <Title order={1} size="h3">
            {words.title}
          </Title>
          <Text size="sm">{words.text}</Text>
          <PasswordInput
            label={words.label}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            autoComplete="current-password"
            required
            data-autofocus
          />
          {wrong && (
            <Alert color="red" role="alert">
              {words.wrong}
            </Alert>
          )}
          <Button type="submit" loading={busy}>
            {words.open}
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
