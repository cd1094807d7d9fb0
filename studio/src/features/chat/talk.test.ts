import { describe, expect, it } from "vitest";
import type { Message } from "@/api/conversations";
import { baseOf, lastPicture, picturesOf, settingsOf, told } from "./talk";

const message = (...images: string[]) => ({ images: images.map((id) => ({ id })) }) as unknown as Message;

describe("the picture that goes on", () => {
  it("is the last one made, whatever was said since", () => {
    expect(lastPicture([])).toBeNull();
    expect(lastPicture([message(), message("a", "b"), message()])).toEqual(baseOf("b"));
    expect(lastPicture([message("a"), message("c")])?.image).toBe("c");
  });
});

describe("the pictures of a message", () => {
  const last = baseOf("last");

  it("are left to the gateway when it is about the last one alone", () => {
    expect(picturesOf([], null, last)).toEqual([]);
    expect(picturesOf([], null, null)).toEqual([]);
  });

  it("are the one that goes on, then one's own", () => {
    expect(picturesOf(["a", "b"], null, last)).toEqual(["last", "a", "b"]);
    expect(picturesOf(["a"], null, null)).toEqual(["a"]);
  });

  it("begin with an earlier one when that was picked", () => {
    expect(picturesOf([], baseOf("old"), last)).toEqual(["old"]);
    expect(picturesOf(["a"], baseOf("old"), last)).toEqual(["old", "a"]);
    expect(picturesOf(["old"], baseOf("old"), last)).toEqual(["old"]);
  });
});

it("settings have a model, and are told in the page's words", () => {
  expect(settingsOf(undefined, "flux")).toEqual({ model: "flux" });
  expect(settingsOf({ model: "other", seed: 3 }, "flux")).toEqual({ model: "other", seed: 3 });
  const settings = { model: "m", seed: 3, image_size: { width: 1 }, style: "", region: null };
  expect(told(settings, (name) => name.toUpperCase())).toBe('SEED 3, IMAGE_SIZE {"width":1}');
});
