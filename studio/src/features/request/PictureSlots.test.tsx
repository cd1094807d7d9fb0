import { screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Reference } from "@/features/create/draft";
import { useLook } from "@/look";
import { file, gateway, problem, rendered } from "@/testing/rendered";
import { PictureSlots } from "./PictureSlots";
import { isUploading, previewOf, sourcesOf, takeFiles } from "./pictures";

const HASH = "a".repeat(64);

beforeEach(() => {
  useLook.setState({ language: "en" });
  URL.createObjectURL = () => "blob:here";
});

describe("files that are taken", () => {
  it("are uploaded in their order, whatever is done with the list meanwhile", async () => {
    let arrive: (() => void)[] = [];
    gateway({ "POST /v1/assets": { sha256: HASH } });
    const upload = globalThis.fetch;
    vi.stubGlobal("fetch", async (...given: Parameters<typeof fetch>) => {
      await new Promise<void>((resolve) => arrive.push(resolve));
      return upload(...given);
    });
    let list: Reference[] = [];
    const taking = takeFiles([file("a.png"), file("b.png"), file("c.png")], (update) => {
      list = update(list);
    });
    await vi.waitFor(() => expect(arrive).toHaveLength(3));
    expect(isUploading(list)).toBe(true);
    expect(sourcesOf(list)).toEqual([]);
    list = list.filter((one) => one.name !== "b.png");
    for (const one of arrive.reverse()) one();
    arrive = [];
    await taking;
    expect(list.map((one) => [one.name, one.source, one.preview])).toEqual([
      ["a.png", HASH, `/v1/assets/${HASH}/thumbnail`],
      ["c.png", HASH, `/v1/assets/${HASH}/thumbnail`],
    ]);
    expect(isUploading(list)).toBe(false);
  });

  it("that the gateway refuses stay, with the reason", async () => {
    gateway({ "POST /v1/assets": problem("invalid_reference", "It is broken.") });
    let list: Reference[] = [];
    await takeFiles([file("a.png")], (update) => {
      list = update(list);
    });
    expect(list[0]).toMatchObject({ state: "failed", problem: "It is broken.", source: "" });
    expect(sourcesOf(list)).toEqual([]);
  });

  it("of a wrong kind are left out", async () => {
    const calls = gateway({});
    let list: Reference[] = [];
    await takeFiles([file("a.txt", "text/plain"), file("b.heic", "image/heic")], (update) => {
      list = update(list);
    });
    expect([list, calls]).toEqual([[], []]);
  });
});

it("a hash can be seen, a foreign address not", () => {
  expect(previewOf(HASH)).toBe(`/v1/assets/${HASH}/thumbnail`);
  expect(previewOf("https://example.com/a.png")).toBe("");
});

describe("slots", () => {
  function Held({ limit, first = [] }: { limit?: number; first?: Reference[] }) {
    const [pictures, setPictures] = useState(first);
    return <PictureSlots label="Photo" pictures={pictures} onChange={setPictures} limit={limit} />;
  }
  const slot = (name: string, change: Partial<Reference> = {}): Reference => ({
    slot: name,
    source: name,
    preview: `/p/${name}`,
    name,
    state: "ready",
    ...change,
  });

  it("show what is in them, and give it away again", async () => {
    const { user } = await rendered(<Held first={[slot("a"), slot("b")]} />);
    expect(screen.getByRole("region", { name: "Photo" })).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Remove image 1 (Photo)" }));
    expect(screen.queryByAltText("image 1: a")).toBeNull();
    expect(screen.getByAltText("image 1: b")).toBeTruthy();
  });

  it("offer no more than the limit", async () => {
    await rendered(<Held limit={1} first={[slot("a")]} />);
    expect(screen.queryByRole("button", { name: /From the gallery/ })).toBeNull();
  });

  it("take a chosen file", async () => {
    gateway({ "POST /v1/assets": { sha256: HASH } });
    const { user, container } = await rendered(<Held limit={1} />);
    const input = container.querySelector<HTMLInputElement>("input[type=file]");
    if (!input) throw new Error("no input");
    await user.upload(input, file("cup.png"));
    await waitFor(() => expect(screen.getByAltText("image 1: cup.png").getAttribute("src")).toContain(HASH));
  });

  it("say why a picture cannot be used, and name a foreign one", async () => {
    const failed = slot("a", { state: "failed", problem: "It is broken." });
    await rendered(<Held first={[failed, slot("b", { preview: "", name: "https://x.de/b.png" })]} />);
    expect(screen.getByRole("alert").textContent).toBe("Not usable: It is broken.");
    expect(screen.getByLabelText("from the web")).toBeTruthy();
  });
});
