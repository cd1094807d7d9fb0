import { Button, Group, NumberInput } from "@mantine/core";
import { useState } from "react";
import { useWords } from "@/words";
import type { Stroke } from "./strokes";

interface Props {
  sides: { width: number; height: number };
  onAdd: (stroke: Stroke) => void;
}

/** A rectangle without dragging, for whoever cannot or wants it exact. */
export function RectangleByNumbers({ sides, onAdd }: Props) {
  const words = useWords().mask;
  const [box, setBox] = useState({
    x: Math.round(sides.width / 4),
    y: Math.round(sides.height / 4),
    width: Math.round(sides.width / 2),
    height: Math.round(sides.height / 2),
  });
  const most = { x: sides.width, y: sides.height, width: sides.width, height: sides.height };
  return (
    <Group gap={6} mt="sm" role="group" aria-label={words.byNumbers}>
      {(["x", "y", "width", "height"] as const).map((name) => (
        <NumberInput
          key={name}
          size="xs"
          w={92}
          min={0}
          max={most[name]}
          allowDecimal={false}
          aria-label={words.place[name]}
          value={box[name]}
          onChange={(next) => typeof next === "number" && setBox({ ...box, [name]: next })}
        />
      ))}
      <Button
        size="compact-sm"
        variant="default"
        onClick={() =>
          onAdd({
            kind: "rectangle",
            from: { x: box.x, y: box.y },
            to: { x: box.x + box.width, y: box.y + box.height },
          })
        }
      >
        {words.byNumbers}
      </Button>
    </Group>
  );
}
