import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { emptyTrash } from "@/api/library";
import { Confirm } from "@/ui/Confirm";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords } from "@/words";

/** Deletes for good, and therefore asks. */
export function EmptyTrash() {
  const words = useWords().gallery;
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const empty = () =>
    void emptyTrash(client)
      .then((count) => notifications.show({ message: words.emptied(count) }))
      .catch(tellTrouble);
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setAsking(true)}>
        {words.emptyTrash}
      </Button>
      <Confirm
        opened={asking}
        title={words.emptyTrash}
        text={words.emptyTrashText}
        yes={words.emptyTrash}
        onNo={() => setAsking(false)}
        onYes={empty}
      />
    </>
  );
}
