import { Select, Text, Title } from "@mantine/core";
import type { Assistant } from "@/api/conversations";
import { useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import classes from "./Chat.module.css";
import { Switches } from "./Switches";
import { NOBODY } from "./useCast";

interface Props {
  assistants: Assistant[];
  assistant: Assistant | undefined;
  starters: Assistant["starters"];
  onAssistant: (id: string) => void;
  onChoose: (text: string) => void;
}

/** Before anything was said: who is there, and five things to begin with. */
export function Greeting({ assistants, assistant, starters, onAssistant, onChoose }: Props) {
  const words = useWordsOf(chat);
  const data = [
    ...assistants.map((one) => ({ value: one.id, label: one.name })),
    { value: NOBODY, label: words.nobody },
  ];
  return (
    <div className={classes.greeting}>
      {assistants.length > 0 && (
        <Select
          label={words.assistant}
          description={assistant?.description}
          inputWrapperOrder={["label", "input", "description"]}
          mb="lg"
          maw={420}
          allowDeselect={false}
          value={assistant?.id ?? NOBODY}
          data={data}
          onChange={(id) => onAssistant(id ?? NOBODY)}
        />
      )}
      <Title order={2} size="h3">
        {assistant?.greeting || words.greeting}
      </Title>
      <Text className="quiet" mt={4} mb="lg">
        {words.greetingText}
      </Text>
      <div className={classes.starters}>
        {starters.map((one) => (
          <button key={one.title} type="button" onClick={() => onChoose(one.message)}>
            <strong>{one.title}</strong>
            <span className="quiet clamp2">{one.message}</span>
          </button>
        ))}
      </div>
      <div style={{ marginTop: 12 }}>
        <Switches />
      </div>
    </div>
  );
}
