import { Button, Checkbox, Group, NumberInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type KeyRequest, makeKey } from "@/api/gateway";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords } from "@/words";

type Scope = NonNullable<KeyRequest["scopes"]>[number];

/** A new key: whose it is, what it may do, what it may spend a day. */
export function KeyForm({ onMade }: { onMade: (name: string, key: string) => void }) {
  const words = useWords().settings;
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read", "generate"]);
  const [budget, setBudget] = useState<number | string>("");
  const [busy, setBusy] = useState(false);

  async function make(event: React.FormEvent) {
    event.preventDefault();
    if (busy || !name.trim()) return;
    const body: KeyRequest = {
      name: name.trim(),
      owner: "",
      scopes: scopes as Scope[],
      budget_day: budget === "" ? "" : String(budget),
      budget_month: "",
    };
    setBusy(true);
    try {
      onMade(body.name, await makeKey(client, body));
      setName((now) => (now === name ? "" : now));
    } catch (error) {
      tellTrouble(error);
    }
    setBusy(false);
  }

  return (
    <form onSubmit={make}>
      <Group align="flex-end" gap="sm">
        <TextInput
          label={words.keyName}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          w={180}
        />
        <Checkbox.Group label={words.scopes} value={scopes} onChange={setScopes}>
          <Group gap="sm" h={36}>
            {(["read", "generate", "admin"] as const).map((scope) => (
              <Checkbox key={scope} value={scope} label={words.scope[scope]} />
            ))}
          </Group>
        </Checkbox.Group>
        <NumberInput
          label={words.budgetDay}
          prefix="$ "
          min={0}
          w={130}
          value={budget}
          onChange={setBudget}
        />
        <Button type="submit" variant="default" loading={busy} disabled={!name.trim() || !scopes.length}>
          {words.makeKey}
        </Button>
      </Group>
    </form>
  );
}
