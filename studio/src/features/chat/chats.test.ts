import { beforeEach, describe, expect, it } from "vitest";
import type { Reference } from "@/features/create/draft";
import { picturesOf, sound, useChats } from "./chats";

const slot = (source: string, state: Reference["state"] = "ready"): Reference => ({
  slot: source,
  source,
  preview: "",
  name: source,
  state,
});
const turn = (id: string) => ({ id, text: id, references: [], generation: "" });

beforeEach(() => useChats.setState({ chats: [], now: "" }));

describe("a conversation", () => {
  it("keeps what was said and which generation answered", () => {
    useChats.getState().begin("flux-2-pro");
    useChats.getState().say(turn("one"));
    useChats.getState().answer("one", { generation: "g1" });
    useChats.getState().setModel("flux-2-flex");
    expect(useChats.getState().chats[0]).toMatchObject({
      model: "flux-2-flex",
      turns: [{ text: "one", generation: "g1" }],
    });
  });

  it("that has not begun leaves no trace when another one begins", () => {
    useChats.getState().begin("a");
    useChats.getState().begin("b");
    expect(useChats.getState().chats.map((one) => one.model)).toEqual(["b"]);
    useChats.getState().say(turn("one"));
    useChats.getState().begin("c");
    expect(useChats.getState().chats.map((one) => one.model)).toEqual(["c", "b"]);
  });

  it("can be opened again and forgotten", () => {
    useChats.getState().begin("a");
    const { now } = useChats.getState();
    useChats.getState().forget(now);
    expect(useChats.getState()).toMatchObject({ chats: [], now: "" });
  });
});

describe("the pictures of a message", () => {
  it("are the last one made, then those that were given with it", () => {
    expect(picturesOf([slot("a"), slot("b", "failed")], "last")).toEqual(["last", "a"]);
    expect(picturesOf([slot("last")], "last")).toEqual(["last"]);
    expect(picturesOf([], undefined)).toEqual([]);
  });
});

it.each([null, 3, { chats: 4 }, { chats: [{ id: 3 }, null, "x"] }])(
  "stored nonsense is not used: %j",
  (stored) => {
    expect(sound(stored).chats ?? []).toEqual([]);
  },
);
