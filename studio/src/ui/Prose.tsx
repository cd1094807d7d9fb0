import { Code } from "@mantine/core";

/** A sentence in which names of parameters stand between backticks. */
export function Prose({ text }: { text: string }) {
  return text.split("`").map((part, place) =>
    place % 2 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: a part is what stands at its place
      <Code key={place}>{part}</Code>
    ) : (
      part
    ),
  );
}
