// What people type into the search: words of prompts, and between them what else is wanted of a picture.

import type { Wanted } from "@/api/library";

export interface Query {
  /** What is left for the search of words. */
  words: string;
  wanted: Wanted;
}

/** A pattern, and what it says; false when it says nothing after all. */
type Reader = [RegExp, (found: RegExpExecArray, wanted: Wanted) => boolean];

const READERS: Reader[] = [
  // ★4, 4★, ★★★★
  [/^★([1-5])$|^([1-5])★$/, (found, wanted) => set(wanted, { rating: Number(found[1] ?? found[2]) })],
  [/^★{1,5}$/, (found, wanted) => set(wanted, { rating: found[0].length })],
  [/^rating:([1-5])$/i, (found, wanted) => set(wanted, { rating: Number(found[1]) })],
  // 2026, 2026-10, 2026-10-05
  [/^(20\d\d)$/, ([, year = ""], wanted) => set(wanted, { since: `${year}-01-01`, until: `${year}-12-31` })],
  [/^(20\d\d)-(0[1-9]|1[0-2])$/, (found, wanted) => set(wanted, monthOf(Number(found[1]), Number(found[2])))],
  [/^(20\d\d-\d\d-\d\d)$/, ([, day = ""], wanted) => isDay(day) && set(wanted, { since: day, until: day })],
  [/^model:(\S+)$/i, ([, model], wanted) => set(wanted, { model })],
  [/^provider:(bfl|fal)$/i, (found, wanted) => set(wanted, { provider: found[1]?.toLowerCase() as "bfl" })],
  [/^tag:(\S+)$/i, ([, tag = ""], wanted) => set(wanted, { tag: [...(wanted.tag ?? []), tag] })],
  [/^is:favourite$/i, (_, wanted) => set(wanted, { favourite: true })],
  [/^is:hidden$/i, (_, wanted) => set(wanted, { hidden: "only" })],
];

function set(wanted: Wanted, change: Partial<Wanted>): boolean {
  Object.assign(wanted, change);
  return true;
}

/** `red shoe ★4 2026-10` is: words "red shoe", at least four stars, October. What is not understood is a word. */
export function readQuery(text: string): Query {
  const wanted: Wanted = {};
  const words = (text.match(/"[^"]*"?|\S+/g) ?? []).filter((token) => !understood(token, wanted));
  return { words: words.join(" "), wanted };
}

function understood(token: string, wanted: Wanted): boolean {
  return READERS.some(([pattern, read]) => {
    const found = pattern.exec(token);
    return found !== null && read(found, wanted);
  });
}

function monthOf(year: number, month: number): Partial<Wanted> {
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const text = `${year}-${String(month).padStart(2, "0")}`;
  return { since: `${text}-01`, until: `${text}-${last}` };
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
