import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inOtherWords } from "@/ui/why";
import { de } from "./de";
import { en } from "./en";

const codes = Object.keys(JSON.parse(readFileSync("../tests/golden/errors.json", "utf8")));

describe("a problem", () => {
  it.each(codes)("%s is said in both languages", (code) => {
    expect(en.problem.what[code]).toBeTruthy();
    expect(de.problem.what[code]).toBeTruthy();
    expect(de.problem.what[code]).not.toBe(en.problem.what[code]);
  });

  it("has advice in both languages or in none", () => {
    expect(Object.keys(de.problem.advice).sort()).toEqual(Object.keys(en.problem.advice).sort());
    expect(Object.keys(en.problem.advice).filter((code) => !(code in en.problem.what))).toEqual([]);
  });
});

describe("what was not sent", () => {
  it.each([
    ["flux-3-image at bfl has no such parameter", "diese Einstellung hat das Modell nicht"],
    ["the last 4 of 12 are left out: bfl/flux-2-pro takes up to 8", "dieses Modell nimmt höchstens 8"],
    ["513x700 has none of the ratios 1:1, 4:3", "dieses Seitenverhältnis hat das Modell nicht"],
    ["something that nobody foresaw", "dieses Modell nimmt das nicht an"],
  ])("%j is said in German", (said, german) => {
    expect(inOtherWords(de.create, said)).toBe(german);
  });
});
