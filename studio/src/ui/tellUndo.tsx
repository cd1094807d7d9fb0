import { Button, Kbd } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { wordsNow } from "@/words";
import { mod } from "./keys";

const PATIENCE = 15_000; // milliseconds

/** Says what was done, with the way back: a button, and the key that everybody knows for it. */
export function tellUndo(said: string, undo: () => void): void {
  const act = () => {
    notifications.hide(id);
    undo();
  };
  const press = (event: KeyboardEvent) => {
    const typing = /INPUT|TEXTAREA|SELECT/.test((event.target as HTMLElement).tagName);
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || typing) return;
    event.preventDefault();
    // Of two the later one: each press takes one back.
    event.stopImmediatePropagation();
    act();
  };
  const id = notifications.show({
    autoClose: PATIENCE,
    onClose: () => window.removeEventListener("keydown", press, true),
    message: (
      <span style={{ display: "flex", alignItems: "center", gap: 12 }}>
        {said}
        <Button
          size="compact-sm"
          variant="default"
          rightSection={<Kbd size="xs">{mod()} Z</Kbd>}
          aria-label={wordsNow().gallery.undo}
          onClick={act}
        >
          {wordsNow().gallery.undo}
        </Button>
      </span>
    ),
  });
  window.addEventListener("keydown", press, true);
}
