import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { Words } from "@/words";

/** Says what went into the trash, with the way back. */
export function tellTrashed(words: Words, undo: () => void, count: number): void {
  const id = notifications.show({
    autoClose: 9000,
    message: (
      <span style={{ display: "flex", alignItems: "center", gap: 12 }}>
        {words.gallery.deleted(count)}
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            undo();
            notifications.hide(id);
          }}
        >
          {words.gallery.undo}
        </Button>
      </span>
    ),
  });
}
