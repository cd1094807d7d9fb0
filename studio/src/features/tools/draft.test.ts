import { beforeEach, describe, expect, it } from "vitest";
import type { Reference } from "@/features/create/draft";
import { EMPTY, sound, useToolDrafts } from "./draft";

const slot = (source: string): Reference => ({
  slot: source,
  source,
  preview: "",
  name: source,
  state: "ready",
});
const change = useToolDrafts.getState().change;

beforeEach(() => useToolDrafts.setState({ drafts: {} }));

it("each tool has a draft of its own", () => {
  change("fill", () => ({ prompt: "a door" }));
  change("fill", (before) => ({ pictures: [...before.pictures, slot("a")] }));
  change("erase", () => ({ mask: slot("m") }));
  expect(useToolDrafts.getState().drafts).toEqual({
    fill: { ...EMPTY, prompt: "a door", pictures: [slot("a")] },
    erase: { ...EMPTY, mask: slot("m") },
  });
});

describe("stored drafts", () => {
  it.each([null, 3, {}, { drafts: 4 }, { drafts: { dance: {} } }, { drafts: { fill: 3 } }])(
    "%j are not used",
    (stored) => {
      expect(sound(stored)).toEqual({});
    },
  );

  it("are used as far as they are sound", () => {
    const stored = {
      drafts: {
        outpaint: {
          place: 4,
          prompt: "sea",
          values: [],
          pictures: [slot("a"), 3],
          mask: "m",
          sides: { top: 12.4, left: -3, right: "7" },
        },
      },
    };
    expect(sound(stored)).toEqual({
      outpaint: {
        ...EMPTY,
        prompt: "sea",
        pictures: [slot("a")],
        sides: { top: 12, right: 0, bottom: 0, left: 0 },
      },
    });
  });
});
