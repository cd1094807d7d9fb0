import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { checkKey, type KeyCheck } from "@/api/gateway";
import type { ProviderName } from "@/api/types";
import { useLook } from "@/look";
import { decimal } from "@/numbers";
import { useWords, type Words } from "@/words";
import { tellTrouble } from "./tellTrouble";

/** Asks the provider whether it knows the gateway's key. */
export function KeyTest({ provider }: { provider: ProviderName }) {
  const words = useWords().settings;
  const language = useLook((look) => look.language);
  const [found, setFound] = useState<KeyCheck | null>(null);
  const [busy, setBusy] = useState(false);
  async function ask() {
    setBusy(true);
    setFound(await checkKey(provider).catch((error: unknown) => tellTrouble(error) ?? null));
    setBusy(false);
  }
  return (
    <>
      <Button size="compact-sm" variant="default" loading={busy} onClick={() => void ask()}>
        {words.try}
      </Button>
      {found && (
        <Text size="sm" role="status" className={found.good ? "good" : found.good === false ? "bad" : "warn"}>
          {said(words, found, (credits) => decimal(credits, language, 2))} {found.sandbox && words.keyPlayed}
        </Text>
      )}
    </>
  );
}

function said(words: Words["settings"], found: KeyCheck, number: (credits: number) => string): string {
  if (found.good === null) return words.keyUnknown;
  if (!found.good) return words.keyBad;
  return found.credits === null ? words.keyGood : words.keyCredits(number(found.credits));
}
