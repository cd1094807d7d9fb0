import { ActionIcon, Button, Group, Menu, Select, Text, Title, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { History, Plus } from "lucide-react";
import { useEffect, useRef } from "react";
import { api, data, problemOf } from "@/api/client";
import { place, useModels } from "@/api/queries";
import type { Generation } from "@/api/types";
import type { Reference } from "@/features/create/draft";
import { newId } from "@/identity";
import { useLook } from "@/look";
import { inLanguage, useWords } from "@/words";
import { Answer } from "./Answer";
import classes from "./Chat.module.css";
import { Composer } from "./Composer";
import { picturesOf, useChats } from "./chats";

/** A conversation: each message makes a picture, or changes the last one. */
export function ChatPage() {
  const words = useWords().chat;
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const { data: list } = useModels();
  const { chats, now, begin, open, setModel, say, answer } = useChats();
  const chat = chats.find((one) => one.id === now);
  const end = useRef<HTMLDivElement>(null);
  const { ref: thread, height } = useElementSize();
  const count = chat?.turns.length ?? 0;

  useEffect(() => {
    if (list && !chat) begin(list.default);
  }, [list, chat, begin]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever grows moves the end
  useEffect(() => {
    if (count > 0) void end.current?.scrollIntoView({ block: "end" });
  }, [height, now]);

  const models = (list?.models ?? []).filter(
    (one) =>
      one.available &&
      one.status === "active" &&
      one.modes.includes("edit") &&
      one.modes.includes("generate"),
  );
  /** The last picture of the conversation, as it is known when the message is sent. */
  function last(): string | undefined {
    const ids = (chat?.turns ?? []).map((turn) =>
      client.getQueryData<Generation>(["generation", turn.generation]),
    );
    return ids.flatMap((one) => one?.images[0]?.id ?? []).at(-1);
  }

  async function send(text: string, references: Reference[]) {
    if (!chat) return;
    const turn = newId();
    say({ id: turn, text, references, generation: "" });
    const pictures = picturesOf(references, last());
    try {
      const generation = await data(
        api.POST("/v1/generations", {
          params: { header: { "idempotency-key": turn } },
          body: {
            model: chat.model,
            prompt: text,
            on_unsupported: "report",
            ...(pictures.length ? { references: pictures } : {}),
          } as never,
        }),
      );
      place(client, generation);
      answer(turn, { generation: generation.id });
    } catch (error) {
      answer(turn, { refusal: problemOf(error).detail });
    }
  }

  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <Title order={1} size="h4">
          {words.title}
        </Title>
        <Group gap={6}>
          <Select
            size="xs"
            w={210}
            searchable
            allowDeselect={false}
            aria-label={words.model}
            value={chat?.model ?? null}
            data={models.map((one) => ({ value: one.id, label: inLanguage(one.titles, language) }))}
            onChange={(model) => model && setModel(model)}
          />
          <Menu position="bottom-end" width={300}>
            <Menu.Target>
              <Tooltip label={words.earlier}>
                <ActionIcon variant="default" size={30} aria-label={words.earlier}>
                  <History size={15} aria-hidden />
                </ActionIcon>
              </Tooltip>
            </Menu.Target>
            <Menu.Dropdown>
              {chats
                .filter((one) => one.turns.length)
                .map((one) => (
                  <Menu.Item key={one.id} onClick={() => open(one.id)}>
                    <span className="clamp1">{one.turns[0]?.text}</span>
                  </Menu.Item>
                ))}
            </Menu.Dropdown>
          </Menu>
          <Button
            size="xs"
            variant="default"
            leftSection={<Plus size={14} aria-hidden />}
            onClick={() => list && begin(chat?.model ?? list.default)}
          >
            {words.fresh}
          </Button>
        </Group>
      </header>
      <div className={classes.thread} role="log" aria-label={words.title}>
        {chat && count === 0 && <Greeting onChoose={(text) => void send(text, [])} />}
        <div ref={thread} className={classes.turns}>
          {chat?.turns.map((turn) => (
            <Answer key={turn.id} turn={turn} />
          ))}
        </div>
        <div ref={end} />
      </div>
      <Composer
        disabled={!chat}
        onSend={send}
        continues={Boolean(chat?.turns.some((turn) => turn.generation))}
      />
    </div>
  );
}

function Greeting({ onChoose }: { onChoose: (text: string) => void }) {
  const words = useWords().chat;
  return (
    <div className={classes.greeting}>
      <Title order={2} size="h3">
        {words.greeting}
      </Title>
      <Text className="quiet" mt={4} mb="lg">
        {words.greetingText}
      </Text>
      <div className={classes.starters}>
        {words.starters.map((text) => (
          <button key={text} type="button" onClick={() => onChoose(text)}>
            {text}
          </button>
        ))}
      </div>
    </div>
  );
}
