import {
  ActionIcon,
  Alert,
  Button,
  Drawer,
  Group,
  Select,
  Skeleton,
  Text,
  Title,
  Tooltip,
} from "@mantine/core";
import { useDisclosure, useElementSize } from "@mantine/hooks";
import { Link, useParams } from "@tanstack/react-router";
import { History, Plus } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTalk } from "@/api/conversations";
import { humanise } from "@/numbers";
import { ProblemText } from "@/ui/ProblemText";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords, useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import { Answer, Said } from "./Answer";
import classes from "./Chat.module.css";
import { Composer } from "./Composer";
import { Conversations } from "./Conversations";
import { Greeting } from "./Greeting";
import { addressesOf, told } from "./talk";
import { useCast } from "./useCast";
import { useNextMessage } from "./useNextMessage";

/** A conversation: each message makes a picture, or changes one. */
export function ChatPage() {
  const words = useWordsOf(chat);
  const shell = useWords().shell;
  const { id = "" } = useParams({ strict: false });
  const { data: talk, isError, isPending } = useTalk(id);
  const cast = useCast(id, talk);
  const next = useNextMessage(id, talk, cast);
  const [listed, { open, close }] = useDisclosure(false);
  const end = useRef<HTMLDivElement>(null);
  const { ref: turns, height } = useElementSize();
  const messages = talk?.messages ?? [];
  const addresses = addressesOf(messages);
  const begun = messages.length > 0 || next.pending !== null;

  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever has chosen one wants to see it
  useEffect(close, [id]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever grows moves the end
  useEffect(() => {
    if (begun) end.current?.scrollIntoView({ block: "end" });
  }, [height, begun, id]);

  return (
    <div className={classes.page}>
      <aside className={classes.side}>
        <Fresh />
        <Conversations now={id} />
      </aside>
      <section className={classes.talk}>
        <header className={classes.head}>
          <Title order={1} size="h4" className="clamp1">
            {talk?.title || words.title}
          </Title>
          <Group gap={6} wrap="nowrap">
            <Select
              size="xs"
              w={210}
              searchable
              allowDeselect={false}
              aria-label={words.model}
              value={cast.settings.model || null}
              data={cast.models}
              onChange={(model) => model && void cast.setModel(model).catch(tellTrouble)}
            />
            <Tooltip label={words.earlier}>
              <ActionIcon
                className={classes.narrowOnly}
                variant="default"
                size={30}
                aria-label={words.earlier}
                onClick={open}
              >
                <History size={15} aria-hidden />
              </ActionIcon>
            </Tooltip>
          </Group>
        </header>
        <div className={classes.thread} role="log" aria-label={words.title}>
          {isError && !talk && <Alert color="red">{words.gone}</Alert>}
          {id !== "" && isPending && <Skeleton height={220} />}
          {!begun && (id === "" || talk) && (
            <Greeting
              assistants={cast.assistants}
              assistant={cast.assistant}
              starters={cast.starters}
              onAssistant={cast.setAssistant}
              onChoose={(text) => void next.send(text, [])}
            />
          )}
          <div ref={turns} className={classes.turns}>
            {messages.map((one) =>
              one.role === "user" ? (
                <Said key={one.id} message={one} addresses={addresses} />
              ) : (
                <Answer
                  key={one.id}
                  message={one}
                  conversation={id}
                  base={next.base?.image}
                  onPick={next.pick}
                  onSayAgain={next.setText}
                />
              ),
            )}
            {next.pending && (
              <>
                <Said message={next.pending} addresses={addresses} />
                <Skeleton height={200} width={280} />
              </>
            )}
          </div>
          <div ref={end} />
        </div>
        {next.problem && (
          <Alert color="red" variant="light" mx={20} mb="sm" role="alert">
            <ProblemText problem={next.problem} compact />
          </Alert>
        )}
        {told(cast.settings, humanise) && (
          <Text size="xs" className="quiet" px={20} pb={4}>
            {words.settings(told(cast.settings, humanise))}
          </Text>
        )}
        <Composer
          text={next.text}
          onText={next.setText}
          pictures={next.pictures}
          onPictures={next.setPictures}
          base={next.base}
          picked={next.picked}
          onUnpick={() => next.pick("")}
          price={next.price}
          busy={next.pending !== null}
          onSend={(text, pictures) => void next.send(text, pictures)}
        />
      </section>
      <Drawer
        opened={listed}
        onClose={close}
        title={words.earlier}
        closeButtonProps={{ "aria-label": shell.close }}
      >
        <Fresh onClick={close} />
        <Conversations now={id} />
      </Drawer>
    </div>
  );
}

function Fresh({ onClick }: { onClick?: () => void }) {
  const words = useWordsOf(chat);
  return (
    <Button
      component={Link}
      to="/chat"
      onClick={onClick}
      fullWidth
      variant="default"
      mb="sm"
      leftSection={<Plus size={15} aria-hidden />}
    >
      {words.fresh}
    </Button>
  );
}
