import { Button, Popover, Stack, Switch, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { SlidersHorizontal } from "lucide-react";
import { problemOf } from "@/api/client";
import { switchAssistant, useAssistants } from "@/api/conversations";
import { useLook } from "@/look";
import { useWordsOf } from "@/words";
import { chat } from "@/words/chat";

/** Which assistants and chat models this gateway offers; who may not decide that is told so. */
export function Switches() {
  const words = useWordsOf(chat);
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const { data } = useAssistants(language);
  if (!data) return null;
  const set = (id: string, on: boolean) =>
    void switchAssistant(client, id, on).catch((error: unknown) =>
      notifications.show({ color: "red", message: problemOf(error).detail }),
    );
  return (
    <Popover width={360} position="bottom-start" trapFocus>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          leftSection={<SlidersHorizontal size={14} aria-hidden />}
        >
          {words.switches}
        </Button>
      </Popover.Target>
      <Popover.Dropdown mah={420} style={{ overflowY: "auto" }}>
        <Stack gap="sm">
          <Text size="sm" className="quiet">
            {words.switchesText}
          </Text>
          {[...data.assistants, ...data.models].map((one) => (
            <Switch
              key={`${"greeting" in one}-${one.id}`}
              label={one.name}
              description={one.description}
              checked={one.enabled}
              onChange={(event) => set(one.id, event.currentTarget.checked)}
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
