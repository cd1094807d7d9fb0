import { Box, Button, FileButton, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Brush, Upload } from "lucide-react";
import { lazy, Suspense } from "react";
import type { Reference } from "@/features/create/draft";
import { ACCEPTED } from "@/features/create/references/upload";
import { takeFiles } from "@/features/request/pictures";
import { useWordsOf } from "@/words";
import { tools } from "@/words/tools";
import classes from "./Tools.module.css";

const MaskPainter = lazy(() => import("@/features/create/mask/MaskPainter"));

interface Props {
  /** Where the picture can be seen in its own pixels; empty while there is none. */
  picture: string;
  mask: Reference | null;
  onChange: (update: (before: Reference | null) => Reference | null) => void;
}

/** What of the picture changes: painted over it, or a black and white file. */
export function MaskField({ picture, mask, onChange }: Props) {
  const words = useWordsOf(tools);
  const [painting, { open, close }] = useDisclosure(false);

  async function take(file: File) {
    let taken = false;
    await takeFiles([file], (update) => {
      const first = !taken;
      taken = true;
      // What arrives later is the mask's only while it is still this one; a file that cannot be used changes nothing.
      onChange((now) => (first ? (update([])[0] ?? now) : (update(now ? [now] : [])[0] ?? null)));
    });
  }

  return (
    <Box role="group" aria-label={words.mask}>
      <Text size="sm" fw={550} mb={6}>
        {words.mask}
      </Text>
      <Group gap="sm">
        {mask?.preview && <img className={classes.mask} src={mask.preview} alt={words.maskDone} />}
        <Button
          variant={mask ? "default" : "filled"}
          leftSection={<Brush size={16} aria-hidden />}
          disabled={!picture}
          onClick={open}
        >
          {mask ? words.repaint : words.paint}
        </Button>
        <FileButton accept={ACCEPTED} onChange={(file) => file && void take(file)}>
          {(props) => (
            <Button
              {...props}
              size="compact-sm"
              variant="subtle"
              color="gray"
              leftSection={<Upload size={14} aria-hidden />}
            >
              {words.maskFile}
            </Button>
          )}
        </FileButton>
      </Group>
      {!picture && (
        <Text size="xs" className="quiet" mt={4}>
          {words.maskNeeds}
        </Text>
      )}
      {mask?.problem && (
        <Text size="xs" className="bad" mt={4} role="alert">
          {mask.problem}
        </Text>
      )}
      {painting && (
        <Suspense>
          <MaskPainter picture={picture} onDone={take} onClose={close} />
        </Suspense>
      )}
    </Box>
  );
}
