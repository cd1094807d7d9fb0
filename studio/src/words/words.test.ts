import { describe, expect, it } from "vitest";
import { de } from "./de";
import { en } from "./en";
import type { Both } from "./index";

type Leaf = [path: string, value: unknown];

function leaves(value: unknown, path = ""): Leaf[] {
  if (value && typeof value === "object") {
    return Object.entries(value).flatMap(([name, inner]) => leaves(inner, `${path}.${name}`));
  }
  return [[path, value]];
}

const said = (value: unknown) => (typeof value === "function" ? String(value("1", "2", "3")) : String(value));

/** Words that are the same in both languages. */
const SAME = new Set(
  "Name Seeds JSON Prompt Details Code Seed Sandbox Details Budgets Version Status curl Python JavaScript Auto Text System".split(
    " ",
  ),
);

/** Every dictionary: the one of the whole page, and those that come with a screen. */
const files = import.meta.glob<Record<string, Both<object>>>(["./*.ts", "!./*.test.ts", "!./index.ts"], {
  eager: true,
});
const own = Object.values(files).flatMap((file) =>
  Object.entries(file).filter(([, one]) => "en" in one && "de" in one),
);
const dictionaries: [string, Both<object>][] = [["page", { en, de }], ...own];

describe.each(dictionaries)("German of %s", (_, { en, de }) => {
  it("has every key of English and no other", () => {
    expect(leaves(de).map(([path]) => path)).toEqual(leaves(en).map(([path]) => path));
  });

  it("is German wherever there are words", () => {
    const english = new Map(leaves(en));
    const untranslated = leaves(de).filter(
      ([path, value]) =>
        said(value) === said(english.get(path)) &&
        /[a-z]{4,}/.test(said(value)) &&
        !SAME.has(said(value)) &&
        !path.endsWith(".size"),
    );
    expect(untranslated.map(([path, value]) => `${path}: ${said(value)}`)).toEqual([]);
  });

  it("is never empty, and takes what it is given", () => {
    for (const [path, value] of [...leaves(en), ...leaves(de)]) {
      expect(said(value).trim(), path).not.toBe("");
      expect(said(value), path).not.toMatch(/undefined|\[object/);
    }
  });
});
