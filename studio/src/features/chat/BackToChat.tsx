import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { MessageSquare, Undo2 } from "lucide-react";
import { problemOf } from "@/api/client";
import { changeSettings } from "@/api/conversations";
import { useDraft } from "@/features/create/draft";
import { useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import { useOrigin } from "./origin";
import { settingsOfDraft } from "./talk";

/** The way back to the conversation that the form was opened from, with what was changed or without. */
export default function BackToChat({ conversation }: { conversation: string }) {
  const words = useWordsOf(chat);
  const client = useQueryClient();
  const navigate = useNavigate();

  async function back(withSettings: boolean) {
    try {
      if (withSettings) await changeSettings(client, conversation, settingsOfDraft(useDraft.getState()));
      useOrigin.setState({ conversation: "" });
      await navigate({ to: "/chat/$id", params: { id: conversation } });
    } catch (error) {
      notifications.show({ color: "red", message: problemOf(error).detail });
    }
  }
  return (
    <Group gap={6} px={16} py={8} style={{ borderBottom: "1px solid var(--fr-line)" }}>
      <Button
        size="compact-sm"
        leftSection={<MessageSquare size={14} aria-hidden />}
        onClick={() => void back(true)}
      >
        {words.backWith}
      </Button>
      <Button
        size="compact-sm"
        variant="subtle"
        color="gray"
        leftSection={<Undo2 size={14} aria-hidden />}
        onClick={() => void back(false)}
      >
        {words.back}
      </Button>
    </Group>
  );
}
