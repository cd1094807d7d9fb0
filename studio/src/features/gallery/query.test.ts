import { describe, expect, it } from "vitest";
import { readQuery } from "./query";

describe("a typed search", () => {
  it.each([
    ["red shoe ★4 2026-10", "red shoe", { rating: 4, since: "2026-10-01", until: "2026-10-31" }],
    ["★★★ fox", "fox", { rating: 3 }],
    ["5★", "", { rating: 5 }],
    ["rating:2 2024-02", "", { rating: 2, since: "2024-02-01", until: "2024-02-29" }],
    ["2026", "", { since: "2026-01-01", until: "2026-12-31" }],
    ["2026-11-20 harbour", "harbour", { since: "2026-11-20", until: "2026-11-20" }],
    ["model:flux-2-pro provider:FAL", "", { model: "flux-2-pro", provider: "fal" }],
    ["tag:client tag:keep fox", "fox", { tag: ["client", "keep"] }],
    ["is:favourite is:hidden", "", { favourite: true, hidden: "only" }],
  ])("%j", (text, words, wanted) => {
    expect(readQuery(text)).toEqual({ words, wanted });
  });

  it.each(["2026-13", "2026-02-30", "★9", "model:", "provider:other", 'a "phrase with ★4 in it"', "50% off"])(
    "takes %j for words",
    (text) => {
      expect(readQuery(text)).toEqual({ words: text, wanted: {} });
    },
  );
});
