import { Box, Button, Group, NumberInput, SimpleGrid, Text } from "@mantine/core";
import { useWordsOf } from "@/words";
import { tools } from "@/words/tools";
import type { PixelSize } from "./request";
import classes from "./Tools.module.css";
import { isFramed, NO_SIDES, SIDES, type Sides, sidesFor } from "./tools";

interface Props {
  picture: (PixelSize & { address: string }) | null;
  sides: Sides;
  onChange: (sides: Sides) => void;
}

const ROOM = { width: 320, height: 174 }; // pixels of the page that the canvas has
const RATIOS: [string, number][] = [
  ["16:9", 16 / 9],
  ["1:1", 1],
  ["9:16", 9 / 16],
];
const MOST = 2048; // pixels that a model adds to a side

/** How much is added around a picture: by a ratio, all round, or in pixels a side, as it will be. */
export function FrameField({ picture, sides, onChange }: Props) {
  const words = useWordsOf(tools);
  if (!picture)
    return (
      <Box role="group" aria-label={words.frame}>
        <Text size="sm" fw={550}>
          {words.frame}
        </Text>
        <Text size="sm" className="quiet">
          {words.frameNeeds}
        </Text>
      </Box>
    );
  const width = picture.width + sides.left + sides.right;
  const height = picture.height + sides.top + sides.bottom;
  const quarter = (length: number) => Math.min(MOST, Math.round(length / 4));
  return (
    <Box role="group" aria-label={words.frame}>
      <Text size="sm" fw={550} mb={6}>
        {words.frame}
      </Text>
      <Canvas picture={picture} sides={sides} />
      <Group gap={6} mb="sm">
        {RATIOS.map(([name, ratio]) => (
          <Button
            key={name}
            size="compact-sm"
            variant="default"
            onClick={() => onChange(sidesFor(ratio, picture))}
          >
            {words.ratio(name)}
          </Button>
        ))}
        <Button
          size="compact-sm"
          variant="default"
          onClick={() =>
            onChange({
              top: quarter(picture.height),
              bottom: quarter(picture.height),
              left: quarter(picture.width),
              right: quarter(picture.width),
            })
          }
        >
          {words.everySide}
        </Button>
        {isFramed(sides) && (
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => onChange(NO_SIDES)}>
            {words.noFrame}
          </Button>
        )}
      </Group>
      <SimpleGrid cols={4} spacing={6}>
        {SIDES.map((side) => (
          <NumberInput
            key={side}
            size="xs"
            label={words.sides[side]}
            min={0}
            max={MOST}
            step={32}
            allowDecimal={false}
            clampBehavior="blur"
            value={sides[side]}
            onChange={(next) => typeof next === "number" && onChange({ ...sides, [side]: next })}
          />
        ))}
      </SimpleGrid>
      <Text size="xs" className="quiet figures" mt={6}>
        {words.result(width, height)}
      </Text>
    </Box>
  );
}

function Canvas({ picture, sides }: { picture: PixelSize & { address: string }; sides: Sides }) {
  const width = picture.width + sides.left + sides.right;
  const height = picture.height + sides.top + sides.bottom;
  const scale = Math.min(ROOM.width / width, ROOM.height / height);
  return (
    <div className={classes.frame}>
      <div className={classes.canvas} style={{ width: width * scale, height: height * scale }}>
        <img
          src={picture.address}
          alt=""
          style={{
            left: sides.left * scale,
            top: sides.top * scale,
            width: picture.width * scale,
            height: picture.height * scale,
          }}
        />
      </div>
    </div>
  );
}
