import { Alert, Group, Skeleton, Text } from "@mantine/core";
import type { Message } from "@/api/conversations";
import { useGeneration } from "@/api/queries";
import type { Problem } from "@/api/types";
import { previewOf } from "@/features/request/pictures";
import { humanise } from "@/numbers";
import { ProblemText } from "@/ui/ProblemText";
import { useWords, useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import classes from "./Chat.module.css";
import { Made } from "./Made";

interface SaidProps {
  message: Pick<Message, "content" | "pictures">;
  /** By hash: where pictures that were made in this conversation can be seen. */
  addresses: Map<string, string>;
}

/** What a person said, with the pictures it is about. */
export function Said({ message, addresses }: SaidProps) {
  const refs = useWords().refs;
  const seen = message.pictures.map((one) => addresses.get(one) ?? previewOf(one));
  return (
    <div className={classes.said}>
      {seen.length > 0 && (
        <Group gap={6} mb={6}>
          {seen.map((address, place) => {
            const name = refs.number(place + 1);
            return address ? (
              <img key={name} src={address} alt={name} width={56} height={56} />
            ) : (
              <span key={name}>{refs.fromWeb}</span>
            );
          })}
        </Group>
      )}
      {message.content.join("\n")}
    </div>
  );
}

interface Props {
  message: Message;
  conversation: string;
  /** The id of the picture that goes on. */
  base: string | undefined;
  onPick: (image: string) => void;
  /** Puts words back to where messages are written. */
  onSayAgain: (text: string) => void;
}

/** What came of it: pictures, on their way or there, or why there are none. */
export function Answer({ message, ...made }: Props) {
  const words = useWordsOf(chat);
  const { data: generation } = useGeneration(message.generation ?? undefined);
  const problem = message.generation ? null : (message.error as Problem | null);
  const leftOut = message.note.left_out;
  const notSent = (message.note.not_sent ?? []) as { name: string; why: string }[];
  return (
    <div className={classes.answer}>
      {problem && (
        <Alert color="red" variant="light" role="alert">
          <ProblemText problem={problem} compact />
        </Alert>
      )}
      {!problem && !generation && <Skeleton height={200} width={280} />}
      {generation && <Made generation={generation} {...made} />}
      {typeof leftOut === "string" && (
        <Text size="xs" className="warn" mt={4}>
          {words.leftOut}: <span lang="en">{leftOut}</span>
        </Text>
      )}
      {notSent.length > 0 && (
        <Text size="xs" className="quiet" mt={4}>
          {words.notSent}:{" "}
          <span lang="en">{notSent.map((one) => `${humanise(one.name)} (${one.why})`).join("; ")}</span>
        </Text>
      )}
    </div>
  );
}
