import { describe, expect, it } from "vitest";
import { searchOf, wantedOf } from "./search";

describe("an address of the gallery", () => {
  it("asks the gateway for what it says", () => {
    const search = searchOf({ q: "fox", tag: "keep", rating: 4, provider: "fal", show: "trash", page: 3 });
    expect(search).toEqual({ q: "fox", tag: "keep", rating: 4, provider: "fal", show: "trash" });
    expect(wantedOf(search)).toEqual({
      q: "fox",
      tag: ["keep"],
      rating: 4,
      provider: "fal",
      trashed: true,
      hidden: "yes",
    });
  });

  it.each([{}, { q: "" }, { q: 3, rating: "many", provider: "other", show: "all" }, { rating: -1 }])(
    "with nonsense in it shows everything: %j",
    (given) => {
      expect(wantedOf(searchOf(given))).toEqual({});
    },
  );
});
