import { SegmentedControl, Select, Text, Title } from "@mantine/core";
import type { Assistant } from "@/api/conversations";
import { useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import classes from "./Chat.module.css";

interface Props {
  assistants: Assistant[];
  assistant: Assistant | undefined;
  onAssistant: (id: string) => void;
  onChoose: (text: string) => void;
}

const MOST_IN_A_ROW = 3;

/** Before anything was said: who is there, and five things to begin with. */
export function Greeting({ assistants, assistant, onAssistant, onChoose }: Props) {
  const words = useWordsOf(chat);
  const data = assistants.map((one) => ({ value: one.id, label: one.name }));
  return (
    <div className={classes.greeting}>
      {data.length > 1 && data.length <= MOST_IN_A_ROW && (
        <SegmentedControl
          className={classes.wideOnly}
          aria-label={words.assistant}
          mb="lg"
          value={assistant?.id ?? ""}
          data={data}
          onChange={onAssistant}
        />
      )}
      {data.length > 1 && (
        <Select
          className={data.length > MOST_IN_A_ROW ? undefined : classes.narrowOnly}
          label={words.assistant}
          mb="lg"
          maw={320}
          allowDeselect={false}
          value={assistant?.id ?? null}
          data={data}
          onChange={(id) => id && onAssistant(id)}
        />
      )}
      <Title order={2} size="h3">
        {assistant?.greeting || words.greeting}
      </Title>
      <Text className="quiet" mt={4} mb="lg">
        {words.greetingText}
      </Text>
      <div className={classes.starters}>
        {assistant?.starters.map((one) => (
          <button key={one.title} type="button" onClick={() => onChoose(one.message)}>
            <strong>{one.title}</strong>
            <span className="quiet clamp2">{one.message}</span>
          </button>
        ))}
      </div>
    </div>
  );
}
