import { Button, TextInput } from "@mantine/core";
import { Link2 } from "lucide-react";
import { useState } from "react";
import { IconPopover } from "@/ui/IconPopover";
import { useWords } from "@/words";
import { useDraft } from "../draft";
import { slotOfUrl } from "./upload";

/** A picture that stands somewhere in the web; the provider fetches it. */
export function ByUrl() {
  const words = useWords().refs;
  const [address, setAddress] = useState("");
  const [opened, setOpened] = useState(false);
  const good = /^https:\/\/[^\s/]+\.[^\s/]+\S*$/.test(address.trim());
  function add() {
    if (!good) return;
    useDraft.getState().addReferences([slotOfUrl(address.trim())]);
    setAddress("");
    setOpened(false);
  }
  return (
    <IconPopover
      label={words.url}
      icon={Link2}
      opened={opened}
      onChange={setOpened}
      width={320}
      position="bottom-start"
    >
      <TextInput
        label={words.urlLabel}
        placeholder="https://"
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && add()}
        error={address && !good ? words.urlBad : undefined}
      />
      <Button mt="xs" size="xs" onClick={add} disabled={!good}>
        {words.add}
      </Button>
    </IconPopover>
  );
}
