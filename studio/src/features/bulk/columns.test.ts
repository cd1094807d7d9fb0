import { describe, expect, it } from "vitest";
import { columnsOf, guess, guesses, rowsOf, toCsv, withFiles } from "./columns";

describe("a table", () => {
  it.each([
    [
      "commas",
      "a,b\n1,2\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "semicolons",
      "a;b\r\n1,5;2",
      [
        ["a", "b"],
        ["1,5", "2"],
      ],
    ],
    [
      "tabs",
      "a\tb\n1\t2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "quotes",
      'a,b\n"x, ""y""\nz",2',
      [
        ["a", "b"],
        ['x, "y"\nz', "2"],
      ],
    ],
    [
      "a mark at its beginning",
      "\uFEFFa,b\n1,2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "empty lines",
      "a,b\n\n1,2\n,\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "a quote within a cell",
      'a,b\n5" pipe,2',
      [
        ["a", "b"],
        ['5" pipe', "2"],
      ],
    ],
    ["nothing", "", []],
  ])("with %s", (_, text, rows) => {
    expect(rowsOf(text)).toEqual(rows);
  });

  it("is read as far as it is shown", () => {
    const long = `a,b\n${"1,2\n".repeat(100_000)}`;
    expect(rowsOf(long, 4)).toHaveLength(4);
    expect(columnsOf(long)).toEqual(["a", "b"]);
    expect(columnsOf(' prompt ,,"my seed"\n')).toEqual(["prompt", "my seed"]);
  });

  it("is written so that it reads the same", () => {
    const rows = [
      ["a", "b"],
      ['x, "y"', "line\nend"],
      ["", "1;2"],
    ];
    expect(rowsOf(toCsv(rows))).toEqual(rows);
  });
});

describe("what a column means", () => {
  it.each([
    ["prompt", undefined],
    ["Prompt", "prompt"],
    ["Beschreibung", "prompt"],
    ["Foto", "references"],
    ["Guidance", "guidance_scale"],
    ["sku", undefined],
  ])("%s: %s", (column, meaning) => {
    expect(guess(column)).toBe(meaning);
  });

  it("is told once for each meaning, and for every picture", () => {
    expect(guesses(["Title", "Text", "Image", "Photo", "sku"])).toEqual({
      Title: "prompt",
      Image: "references",
      Photo: "references",
    });
    expect(guesses(["prompt", "Title"])).toEqual({});
  });
});

describe("files that were dropped with a table", () => {
  const known = new Map([
    ["a.jpg", "f".repeat(64)],
    ["b.png", "0".repeat(64)],
  ]);

  it("take the place of their names, wherever the folder was", () => {
    const table = "prompt;photo\na.jpg at night;photos/A.jpg\nboth;a.jpg | b.png\nnone;https://x.de/a.jpg";
    expect(rowsOf(withFiles(table, known)).slice(1)).toEqual([
      ["a.jpg at night", "f".repeat(64)],
      ["both", `${"f".repeat(64)}|${"0".repeat(64)}`],
      ["none", "https://x.de/a.jpg"],
    ]);
  });

  it("leave a table as it is when there are none", () => {
    expect(withFiles("a;b\n1;2", new Map())).toBe("a;b\n1;2");
  });
});
