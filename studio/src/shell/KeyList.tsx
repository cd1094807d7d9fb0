import { Modal, ScrollArea } from "@mantine/core";
import { Shortcuts } from "@/features/settings/Shortcuts";
import { useWords } from "@/words";

/** Every key, wherever one is. */
export default function KeyList({ onClose }: { onClose: () => void }) {
  const words = useWords();
  return (
    <Modal
      opened
      onClose={onClose}
      title={words.keys.title}
      size={560}
      scrollAreaComponent={ScrollArea.Autosize}
      closeButtonProps={{ "aria-label": words.shell.close }}
    >
      <Shortcuts />
    </Modal>
  );
}
