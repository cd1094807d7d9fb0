import { type KeyboardEvent, type ReactNode, useRef } from "react";
import classes from "../Create.module.css";
import { shapeOf } from "./sizes";

interface Choice {
  value: string;
  label: string;
  /** Width over height of the drawn shape; without it an icon is shown. */
  ratio?: number | null;
  icon?: ReactNode;
  hint?: string;
}

const STEPS: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Tiles of which one is chosen: one stop of the tab key, arrows between them. */
export function Choices({
  label,
  choices,
  value,
  onChange,
}: {
  label: string;
  choices: Choice[];
  value: string;
  onChange: (value: string) => void;
}) {
  const list = useRef<HTMLDivElement>(null);
  const chosen = choices.findIndex((one) => one.value === value);

  function step(event: KeyboardEvent) {
    const by = STEPS[event.key];
    if (!by) return;
    event.preventDefault();
    const to = (Math.max(chosen, 0) + by + choices.length) % choices.length;
    const next = choices[to];
    if (next) onChange(next.value);
    (list.current?.children[to] as HTMLElement | undefined)?.focus();
  }

  return (
    <div ref={list} role="radiogroup" aria-label={label} className={classes.choices} onKeyDown={step}>
      {choices.map((one, place) => (
        // biome-ignore lint/a11y/useSemanticElements: a tile with a drawing in it, which no radio input can be
        <button
          key={one.value}
          type="button"
          role="radio"
          aria-checked={one.value === value}
          tabIndex={place === Math.max(chosen, 0) ? 0 : -1}
          className={classes.choice}
          title={one.hint}
          onClick={() => onChange(one.value)}
        >
          {one.ratio ? (
            <span className={classes.shape} style={shapeOf(one.ratio, 19)} aria-hidden />
          ) : (
            one.icon
          )}
          {one.label}
        </button>
      ))}
    </div>
  );
}
