import { ActionIcon, Button, Group, Modal, Text, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Search, Trash2 } from "lucide-react";
import { useState } from "react";
import { forget, useConversations } from "@/api/conversations";
import { useLook } from "@/look";
import { ago } from "@/numbers";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords, useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import classes from "./Chat.module.css";

const MANY = 8; // conversations among which one would rather search

/** All conversations, the newest first. */
export function Conversations({ now }: { now: string }) {
  const words = useWordsOf(chat);
  const shell = useWords().shell;
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 250);
  const { data } = useConversations(q);
  const [asked, setAsked] = useState("");

  async function drop() {
    setAsked("");
    await forget(client, asked);
    if (asked === now) void navigate({ to: "/chat" });
  }

  return (
    <nav aria-label={words.earlier} className={classes.list}>
      {(q || (data?.length ?? 0) >= MANY) && (
        <TextInput
          size="xs"
          mb="xs"
          aria-label={words.search}
          placeholder={words.search}
          leftSection={<Search size={14} aria-hidden />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )}
      {data?.length === 0 && (
        <Text size="sm" className="quiet" px="xs" role="status">
          {q ? words.noMatch : words.none}
        </Text>
      )}
      {data?.map((one) => (
        <span key={one.id} className={classes.entry} data-now={one.id === now || undefined}>
          <Link to="/chat/$id" params={{ id: one.id }} aria-current={one.id === now ? "page" : undefined}>
            <span className="clamp2">{one.title || words.untitled}</span>
            <Text component="span" size="xs" className="quiet">
              {ago(new Date(one.changed_at * 1000).toISOString(), language)}
            </Text>
          </Link>
          <Tooltip label={words.forget}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={28}
              aria-label={`${words.forget}: ${one.title || words.untitled}`}
              onClick={() => setAsked(one.id)}
            >
              <Trash2 size={14} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </span>
      ))}
      <Modal opened={asked !== ""} onClose={() => setAsked("")} title={words.forgetTitle} centered>
        <Text>{words.forgetText}</Text>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={() => setAsked("")}>
            {shell.cancel}
          </Button>
          <Button color="red" data-autofocus onClick={() => void drop().catch(tellTrouble)}>
            {words.forget}
          </Button>
        </Group>
      </Modal>
    </nav>
  );
}
