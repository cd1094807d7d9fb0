import { beforeEach, describe, expect, it } from "vitest";
import type { Reference } from "@/features/create/draft";
import { sortOf } from "./dropped";
import { bodyOf, isReady, preview, promptsOf, useSheet } from "./sheet";

const picture = (name: string, state: Reference["state"] = "ready"): Reference => ({
  slot: name,
  source: state === "ready" ? `hash-of-${name}` : "",
  preview: "",
  name,
  state,
});
const sheet = () => useSheet.getState();
const body = () => bodyOf(sheet(), "Bulk today", "flux");

beforeEach(() =>
  sheet().set({
    table: "",
    columns: {},
    pictures: [],
    prompts: "",
    name: "",
    seeds: "as_given",
    budget: null,
  }),
);

describe("a sheet", () => {
  it("of a table has its columns guessed anew with each table", () => {
    sheet().setTable("Beschreibung;Foto\na cup;a.jpg");
    expect(sheet().columns).toEqual({ Beschreibung: "prompt", Foto: "references" });
    sheet().setPictures(() => [picture("A.jpg"), picture("b.jpg", "failed")]);
    expect(body()).toMatchObject({
      name: "Bulk today",
      csv: "Beschreibung,Foto\na cup,hash-of-A.jpg",
      jsonl: "",
      sources: [],
      prompts: [],
      defaults: { model: "flux", on_unsupported: "report" },
    });
    sheet().setTable("prompt\nx");
    expect(sheet().columns).toEqual({});
  });

  it("of JSON Lines goes as such", () => {
    sheet().setTable('{"prompt": "a cup, red"}\n{"prompt": "b"}');
    expect(sheet().columns).toEqual({});
    expect(body()).toMatchObject({ csv: "", jsonl: sheet().table });
  });

  it("of pictures has each with each prompt", () => {
    sheet().setPictures(() => [picture("a.jpg"), picture("b.jpg")]);
    sheet().set({ prompts: " at dusk \n\nin snow", name: " mine " });
    expect(body()).toMatchObject({
      name: "mine",
      csv: "",
      sources: ["hash-of-a.jpg", "hash-of-b.jpg"],
      prompts: ["at dusk", "in snow"],
    });
    expect(promptsOf("\n")).toEqual([]);
  });

  it("can be checked when there is something in it and everything has arrived", () => {
    expect(isReady(sheet())).toBe(false);
    sheet().setPictures(() => [picture("a.jpg")]);
    expect(isReady(sheet())).toBe(false);
    sheet().set({ prompts: "x" });
    expect(isReady(sheet())).toBe(true);
    sheet().setPictures((before) => [...before, picture("b.jpg", "uploading")]);
    expect(isReady(sheet())).toBe(false);
    sheet().setPictures(() => []);
    sheet().setTable("prompt\nx");
    expect(isReady(sheet())).toBe(true);
  });
});

it("the first rows are seen before it is checked", () => {
  const table = `a,b\n${"1,2\n".repeat(9)}`;
  expect(preview(table, 2)).toEqual({
    header: ["a", "b"],
    rows: [
      ["1", "2"],
      ["1", "2"],
    ],
    more: true,
  });
  expect(preview("a,b\n1,2", 2)).toMatchObject({ more: false });
  expect(preview("")).toEqual({ header: [], rows: [], more: false });
});

it.each([
  ["cups.csv", "table"],
  ["rows.jsonl", "table"],
  ["cups.xlsx", "excel"],
  ["a.jpg", "picture"],
  ["a.heic", "picture"],
  [".DS_Store", "hidden"],
  ["Thumbs.db", "hidden"],
])("%s is a %s", (name, sort) => {
  expect(sortOf(new File(["x"], name))).toBe(sort);
});
