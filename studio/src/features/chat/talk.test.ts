import { describe, expect, it } from "vitest";
import type { Message } from "@/api/conversations";
import { addressesOf, baseOf, lastPicture, picturesOf, settingsOf, settingsOfDraft, told } from "./talk";

const message = (...images: string[]) => ({ images: images.map((id) => ({ id })) }) as unknown as Message;

describe("the picture that goes on", () => {
  it("is the last one made, whatever was said since", () => {
    expect(lastPicture([])).toBeNull();
    expect(lastPicture([message(), message("a", "b"), message()])).toEqual(baseOf("b"));
    expect(lastPicture([message("a"), message("c")])?.image).toBe("c");
  });
});

it("a picture that was made here is seen by its id", () => {
  const made = { images: [{ id: "a", sha256: "f00" }] } as unknown as Message;
  expect([...addressesOf([message(), made])]).toEqual([["f00", "/v1/images/a/thumbnail?size=256"]]);
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

it("settings are what is set, and are told in the page's words", () => {
  expect(settingsOf({ model: null, seed: 3 })).toEqual({ seed: 3 });
  expect(settingsOf({ model: "other", seed: 0 })).toEqual({ model: "other", seed: 0 });
  const settings = { model: "m", seed: 3, image_size: { width: 1 }, style: "", region: null };
  expect(told(settings, (name) => name.toUpperCase())).toBe('SEED 3, IMAGE_SIZE {"width":1}');
});

it("the form's settings are those of the messages to come", () => {
  const values = { flux: { seed: 7, image_size: "square_hd" }, other: { raw: true } };
  const form = { model: "flux", provider: "auto", values, seedMode: "random" } as const;
  expect(settingsOfDraft(form)).toEqual({ model: "flux", image_size: "square_hd" });
  expect(settingsOfDraft({ ...form, provider: "fal", seedMode: "fixed" })).toEqual({
    model: "fal/flux",
    image_size: "square_hd",
    seed: 7,
  });
  expect(settingsOfDraft({ ...form, values: {} })).toEqual({ model: "flux" });
});
