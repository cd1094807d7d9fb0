import { Group, Text, Textarea, Tooltip } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useRef } from "react";
import type { Field } from "@/form/fields";
import { useLook } from "@/look";
import { useWords } from "@/words";
import classes from "./Create.module.css";
import { useDraft } from "./draft";
import { Expand } from "./Expand";
import { Named } from "./Named";
import { looksNegative, readPrompt } from "./promptHints";
import { RecentPrompts } from "./RecentPrompts";
import { asPrompt } from "./request";

/** The prompt, with what can be said about it while it is written. */
export function PromptBox({ field }: { field: Field }) {
  const words = useWords();
  const box = useRef<HTMLTextAreaElement>(null);
  const prompt = useDraft((draft) => draft.prompt);
  const references = useDraft((draft) => draft.references);
  const change = useDraft((draft) => draft.change);
  const singleKeys = useLook((look) => look.singleKeys);
  useHotkeys(singleKeys ? [["p", () => box.current?.focus()]] : []);

  const { colours, images } = readPrompt(prompt);
  const json = typeof asPrompt(prompt) === "object";
  const missing = images.filter((number) => number > references.length);
  const editing = references.length > 0;
  const placeholder = editing ? words.create.promptEdit : field.placeholder || words.create.promptPlaceholder;

  function insert(text: string) {
    const place = box.current?.selectionStart ?? prompt.length;
    const before = prompt.slice(0, place);
    const gap = before && !before.endsWith(" ") ? " " : "";
    change({ prompt: `${before}${gap}${text} ${prompt.slice(place).trimStart()}` });
    box.current?.focus();
  }

  return (
    <div>
      <div className={classes.label}>
        <label htmlFor="prompt">{field.required ? words.create.prompt : words.create.promptOptional}</label>
        {json && <span className="quiet">· {words.create.promptJson}</span>}
        <Group gap={2} className={classes.value}>
          <Expand />
          <RecentPrompts />
        </Group>
      </div>
      <div className={classes.promptFrame}>
        {images.length > 0 && <Named prompt={prompt} box={box} count={references.length} />}
        <Textarea
          id="prompt"
          ref={box}
          autosize
          minRows={4}
          maxRows={14}
          value={prompt}
          placeholder={placeholder}
          onChange={(event) => change({ prompt: event.currentTarget.value })}
          classNames={json ? { input: classes.code } : undefined}
        />
      </div>
      <Group gap={6} mt={6}>
        {references.map((one, place) => (
          <Tooltip key={one.slot} label={words.create.insertImage(place + 1)}>
            <button
              type="button"
              className={classes.token}
              data-used={images.includes(place + 1) || undefined}
              data-reference={place + 1}
              onMouseEnter={() => point(place + 1)}
              onMouseLeave={() => point(null)}
              onFocus={() => point(place + 1)}
              onBlur={() => point(null)}
              aria-label={words.create.insertImage(place + 1)}
              onClick={() => insert(`image ${place + 1}`)}
            >
              {one.preview && <img src={one.preview} alt="" />}
              {words.refs.number(place + 1)}
            </button>
          </Tooltip>
        ))}
        {colours.length > 0 && (
          <span
            className={classes.token}
            role="note"
            aria-label={`${words.create.promptColours}: ${colours.join(", ")}`}
          >
            {colours.map((colour) => (
              <Tooltip key={colour} label={colour}>
                <span className={classes.swatch} style={{ background: colour }} />
              </Tooltip>
            ))}
          </span>
        )}
      </Group>
      <div role="status">
        {missing.map((number) => (
          <Text key={number} size="xs" className="warn" mt={4}>
            {words.create.promptNoSuchImage(number)}
          </Text>
        ))}
        {looksNegative(prompt) && (
          <Text size="xs" className="quiet" mt={4}>
            {words.create.promptNegative}
          </Text>
        )}
      </div>
    </div>
  );
}

/** Marks the slot of a reference while its name is pointed at. */
function point(number: number | null) {
  for (const slot of document.querySelectorAll<HTMLElement>("[data-slot]"))
    slot.toggleAttribute("data-named", slot.dataset.slot === String(number));
}
