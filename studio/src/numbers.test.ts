import { describe, expect, it } from "vitest";
import { ago, daysAgo, fileSize, humanise, megapixels, money, pricesIn } from "./numbers";

describe("money", () => {
  it.each([
    ["0.045", "en", "$0.045"],
    ["0.0472", "en", "$0.0472"],
    ["0.03", "en", "$0.03"],
    ["0.001234", "en", "$0.00123"],
    ["0", "en", "$0.00"],
    ["0.2", "en", "$0.20"],
    ["0.0000012", "en", "$0.0000012"],
    ["12.3456", "en", "$12.35"],
    ["1234.5", "en", "$1,234.50"],
    ["0.045", "de", "0,045 $"],
  ] as const)("%s in %s is %s", (amount, language, text) => {
    expect(money(amount, language).replaceAll("\u00a0", " ")).toBe(text);
  });
});

it("counts megapixels as the providers do", () => {
  expect(megapixels(1024, 1024)).toBe(1);
  expect(megapixels(2048, 1024)).toBe(2);
});

it.each([
  [500, "0 kB"],
  [158_843, "155 kB"],
  [5_452_595, "5.2 MB"],
])("%i bytes are %s", (bytes, text) => {
  expect(fileSize(bytes, "en")).toBe(text);
});

it("says how long ago in words", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  expect(ago("2026-11-20T11:59:40Z", "en", now)).toBe("now");
  expect(ago("2026-11-20T11:57:00Z", "de", now)).toMatch(/vor 3 Min/);
  expect(ago("2026-11-19T12:00:00Z", "en", now)).toBe("yesterday");
  expect(ago("2026-10-01T12:00:00Z", "en", now)).toMatch(/Oct 1/);
});

it("makes a name readable", () => {
  expect(humanise("num_inference_steps")).toBe("Num inference steps");
});

describe("a price in a sentence", () => {
  it.each([
    [
      "$0.03 das erste MP, $0.015 jedes weitere",
      "de",
      "0,03\u00a0$ das erste MP, 0,015\u00a0$ jedes weitere",
    ],
    ["2 x ($0.03 + 0)", "en", "2 × ($0.03 + 0)"],
    ["kostenlos", "de", "kostenlos"],
  ] as const)("%j in %s", (text, language, wanted) => {
    expect(pricesIn(text, language)).toBe(wanted);
  });
});

describe("some days ago", () => {
  it("counts today, as UTC does", () => {
    const now = Date.parse("2026-03-01T00:30:00Z");
    expect([daysAgo(1, now), daysAgo(2, now), daysAgo(30, now)]).toEqual([
      "2026-03-01",
      "2026-02-28",
      "2026-01-31",
    ]);
  });
});
