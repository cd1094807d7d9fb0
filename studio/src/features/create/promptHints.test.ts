import { describe, expect, it } from "vitest";
import { looksNegative, pieces, readPrompt } from "./promptHints";

describe("a prompt", () => {
  it("names colours and references, each once", () => {
    expect(readPrompt("#FF0000 on #00ff7f, #FF0000; image 2 in the light of Image 1 and image 2")).toEqual({
      colours: ["#FF0000", "#00ff7f"],
      images: [2, 1],
    });
    expect(readPrompt("Bild 3 neben bild 1").images).toEqual([3, 1]);
  });

  it.each(["imagery 2", "image two", "#ff00", "image 0", "reimage 4"])("says neither by %j", (text) => {
    expect(readPrompt(text)).toEqual({ colours: [], images: [] });
  });

  it.each([
    ["a street without cars", true],
    ["no text, please", true],
    ["ein Raum ohne Fenster", true],
    ["a notable nose", false],
    ["an empty street", false],
  ])("%j says what to avoid: %s", (text, negative) => {
    expect(looksNegative(text)).toBe(negative);
  });

  it("falls into pieces that are the whole of it again", () => {
    const text = "put image 1 on\nimage 12, not on Bild 3";
    const found = pieces(text);
    expect(found.map((one) => one.text).join("")).toBe(text);
    expect(found.filter((one) => one.image !== null).map((one) => one.image)).toEqual([1, 12, 3]);
    expect(pieces("")).toEqual([]);
    expect(pieces("image 4")).toEqual([{ text: "image 4", image: 4 }]);
  });
});
