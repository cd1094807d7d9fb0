// A sheet that is being put together: a table, or pictures with prompts, and what holds for all rows.

import { create } from "zustand";
import type { components } from "@/api/schema";
import type { Reference } from "@/features/create/draft";
import { sourcesOf } from "@/features/request/pictures";
import { columnsOf, guesses, rowsOf, withFiles } from "./columns";

export type Seeds = "as_given" | "random" | "counted";

export interface Sheet {
  table: string;
  columns: Record<string, string>;
  pictures: Reference[];
  /** One a line, each for every picture. */
  prompts: string;
  name: string;
  model: string;
  seeds: Seeds;
  fileName: string;
  budget: number | null;
}

const EMPTY: Sheet = {
  table: "",
  columns: {},
  pictures: [],
  prompts: "",
  name: "",
  model: "",
  seeds: "as_given",
  fileName: "{row}-{prompt}",
  budget: null,
};

interface Store extends Sheet {
  set: (change: Partial<Sheet>) => void;
  setTable: (table: string) => void;
  setPictures: (update: (before: Reference[]) => Reference[]) => void;
}

/** Kept while the page is open: somebody who looks at another screen comes back to it. */
export const useSheet = create<Store>()((set) => ({
  ...EMPTY,
  set,
  setTable: (table) => set({ table, columns: isLines(table) ? {} : guesses(columnsOf(table)) }),
  setPictures: (update) => set(({ pictures }) => ({ pictures: update(pictures) })),
}));

/** JSON Lines instead of a table with columns. */
export function isLines(table: string): boolean {
  return table.trimStart().startsWith("{");
}

export function promptsOf(text: string): string[] {
  return text
    .split("\n")
    .map((one) => one.trim())
    .filter(Boolean);
}

/** Whether there is something to check. */
export function isReady(sheet: Sheet): boolean {
  if (sheet.pictures.some((one) => one.state === "uploading")) return false;
  return (
    sheet.table.trim() !== "" || (sourcesOf(sheet.pictures).length > 0 && promptsOf(sheet.prompts).length > 0)
  );
}

export type SheetBody = components["schemas"]["SheetBody"];

/** The sheet as it is checked and sent. */
export function bodyOf(sheet: Sheet, name: string, model: string): SheetBody {
  const lines = isLines(sheet.table);
  const known = new Map(
    sheet.pictures
      .filter((one) => one.state === "ready")
      .map((one): [string, string] => [one.name.toLowerCase(), one.source]),
  );
  const table = sheet.table.trim() !== "";
  return {
    name: sheet.name.trim() || name,
    rows: [],
    csv: table && !lines ? withFiles(sheet.table, known) : "",
    jsonl: table && lines ? sheet.table : "",
    columns: sheet.columns,
    sources: table ? [] : sourcesOf(sheet.pictures),
    prompts: table ? [] : promptsOf(sheet.prompts),
    defaults: { ...(model ? { model } : {}), on_unsupported: "report" },
    seeds: sheet.seeds,
    file_name: sheet.fileName,
  };
}

/** The header and the first rows, to see what the columns mean. */
export function preview(table: string, most = 3): { header: string[]; rows: string[][]; more: boolean } {
  const found = rowsOf(table, most + 2);
  const [header = [], ...rows] = found;
  return { header: header.map((one) => one.trim()), rows: rows.slice(0, most), more: rows.length > most };
}
