import { Button, Group, Modal, Text } from "@mantine/core";
import { useLook } from "@/look";
import { useWords } from "@/words";

const MOST_UNASKED = 25; // pictures in one request

interface Props {
  opened: boolean;
  title?: string;
  text: string;
  detail?: string;
  yes: string;
  onNo: () => void;
  onYes: () => void;
}

/** Asks before something dear, or something that cannot be undone. */
export function Confirm({ opened, title, text, detail, yes, onNo, onYes }: Props) {
  const words = useWords();
  return (
    <Modal
      opened={opened}
      onClose={onNo}
      title={title ?? words.create.confirmTitle}
      centered
      closeButtonProps={{ "aria-label": words.shell.close }}
    >
      <Text>{text}</Text>
      {detail && (
        <Text size="sm" className="quiet figures" mt={4}>
          {detail}
        </Text>
      )}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onNo}>
          {words.shell.cancel}
        </Button>
        <Button
          data-autofocus
          onClick={() => {
            onNo();
            onYes();
          }}
        >
          {yes}
        </Button>
      </Group>
    </Modal>
  );
}

/** Whether a price or a number of pictures is asked about first. */
export function useIsDear(): (price: number, pictures: number) => boolean {
  const confirmAbove = useLook((look) => look.confirmAbove);
  return (price, pictures) => price > confirmAbove || pictures > MOST_UNASKED;
}
