import { Button, Code, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useWords } from "@/words";

/** What is seen in place of a screen that broke. */
export function Broken({ error }: { error: unknown }) {
  const words = useWords().shell;
  return (
    <Stack align="center" p="xl" role="alert">
      <Title order={2}>{words.broken}</Title>
      <Text maw={480} ta="center">
        {words.brokenNext}
      </Text>
      <Code block maw={640}>
        {error instanceof Error ? (error.stack ?? error.message) : String(error)}
      </Code>
      <Button onClick={() => location.reload()}>{words.reload}</Button>
    </Stack>
  );
}

export function Missing() {
  const words = useWords().shell;
  return (
    <Stack align="center" p="xl">
      <Title order={2}>{words.notFound}</Title>
      <Button component={Link} to="/create">
        {words.notFoundNext}
      </Button>
    </Stack>
  );
}
