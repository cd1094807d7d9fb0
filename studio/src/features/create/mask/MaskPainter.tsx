import { Button, Group, Modal, SegmentedControl, Slider, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { Contrast, Trash2, Undo2 } from "lucide-react";
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { useWords } from "@/words";
import classes from "./Mask.module.css";
import { RectangleByNumbers } from "./RectangleByNumbers";
import { draw, isEmpty, type Point, type Stroke, toFile } from "./strokes";

type Tool = "brush" | "eraser" | "rectangle";

interface Props {
  picture: string;
  /** Takes the mask as a file of the picture's size. */
  onDone: (mask: File) => Promise<void>;
  onClose: () => void;
}

/** Paint what may change: brush, eraser, rectangle, the other way round, one step back. */
export default function MaskPainter({ picture, onDone, onClose }: Props) {
  const words = useWords();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [sides, setSides] = useState<{ width: number; height: number } | null>(null);
  const [broken, setBroken] = useState(false);
  const [tool, setTool] = useState<Tool>("brush");
  const [size, setSize] = useState(60);
  const [strokes, setStrokes] = useState<Stroke[]>([]);
  const [current, setCurrent] = useState<Stroke | null>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context && sides) draw(context, sides.width, sides.height, current ? [...strokes, current] : strokes);
  }, [strokes, current, sides]);
  useEffect(() => {
    let gone = false;
    // Asked of a picture of its own: one that is there already tells nobody that it has come.
    const image = new Image();
    image.src = picture;
    image.decode().then(
      () => !gone && setSides({ width: image.naturalWidth, height: image.naturalHeight }),
      () => !gone && setBroken(true),
    );
    return () => {
      gone = true;
    };
  }, [picture]);
  const undo = () => setStrokes((before) => before.slice(0, -1));
  useHotkeys([
    ["mod+z", undo],
    ["[", () => setSize((now) => Math.max(4, now - 10))],
    ["]", () => setSize((now) => Math.min(400, now + 10))],
  ]);

  function at(event: PointerEvent): Point {
    const box = event.currentTarget.getBoundingClientRect();
    const { width, height } = sides ?? { width: 1, height: 1 };
    return {
      x: ((event.clientX - box.left) / box.width) * width,
      y: ((event.clientY - box.top) / box.height) * height,
    };
  }
  function begin(event: PointerEvent) {
    event.currentTarget.setPointerCapture(event.pointerId);
    const point = at(event);
    setCurrent(
      tool === "rectangle" ? { kind: tool, from: point, to: point } : { kind: tool, size, points: [point] },
    );
  }
  function move(event: PointerEvent) {
    if (!current || current.kind === "invert") return;
    const point = at(event);
    setCurrent(
      current.kind === "rectangle"
        ? { ...current, to: point }
        : { ...current, points: [...current.points, point] },
    );
  }
  function end() {
    if (current) setStrokes((before) => [...before, current]);
    setCurrent(null);
  }
  async function done() {
    if (!sides) return;
    setBusy(true);
    await onDone(await toFile(sides.width, sides.height, strokes));
    onClose();
  }

  return (
    <Modal
      opened
      onClose={onClose}
      title={words.mask.title}
      size="auto"
      closeButtonProps={{ "aria-label": words.shell.close }}
    >
      <Group gap="sm" mb="sm">
        <SegmentedControl
          size="xs"
          aria-label={words.mask.tool}
          value={tool}
          onChange={(next) => setTool(next as Tool)}
          data={(["brush", "eraser", "rectangle"] as const).map((one) => ({
            value: one,
            label: words.mask[one],
          }))}
        />
        <Slider
          w={140}
          min={4}
          max={400}
          value={size}
          onChange={setSize}
          label={null}
          thumbLabel={words.mask.size}
        />
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Undo2 size={14} aria-hidden />}
          onClick={undo}
          disabled={!strokes.length}
        >
          {words.mask.undo}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Contrast size={14} aria-hidden />}
          onClick={() => setStrokes([...strokes, { kind: "invert" }])}
        >
          {words.mask.invert}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Trash2 size={14} aria-hidden />}
          onClick={() => setStrokes([])}
          disabled={!strokes.length}
        >
          {words.mask.clear}
        </Button>
      </Group>
      <div className={classes.board}>
        <img src={picture} alt={words.refs.number(1)} />
        {sides && (
          <canvas
            ref={canvas}
            width={sides.width}
            height={sides.height}
            data-testid="mask"
            onPointerDown={begin}
            onPointerMove={move}
            onPointerUp={end}
            onPointerCancel={end}
          />
        )}
      </div>
      {broken && (
        <Text size="sm" className="bad" role="alert">
          {words.problem.what.invalid_reference}
        </Text>
      )}
      {sides && <RectangleByNumbers sides={sides} onAdd={(stroke) => setStrokes([...strokes, stroke])} />}
      <Group justify="space-between" mt="sm">
        <Text size="sm" className="quiet">
          {words.mask.help}
        </Text>
        <Button onClick={() => void done()} disabled={!sides || isEmpty(strokes)} loading={busy}>
          {words.mask.done}
        </Button>
      </Group>
    </Modal>
  );
}
