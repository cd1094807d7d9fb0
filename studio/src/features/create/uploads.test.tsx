import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Json } from "@/api/types";
import type { Field } from "@/form/fields";
import { useLook } from "@/look";
import { file, gateway, held, problem, rendered } from "@/testing/rendered";
import { useDraft } from "./draft";
import { PictureField } from "./fields/PictureField";
import { References } from "./references/References";
import { addFiles, again, setMask } from "./references/useUploads";

const HASH = "a".repeat(64);
const OTHER = "b".repeat(64);
const draft = () => useDraft.getState();
const states = () => draft().references.map((one) => [one.name, one.state, one.source]);

beforeEach(() => {
  useLook.setState({ language: "en" });
  draft().reset();
  URL.createObjectURL = () => "blob:here";
});

describe("files that become references", () => {
  it("stand in their order at once, and are ready as each arrives", async () => {
    const late = held();
    const answers: unknown[] = [late.answer, { sha256: OTHER }];
    gateway({ "POST /v1/assets": () => answers.shift() });
    const done = addFiles([file("a.png"), file("b.png")]);
    expect(states().map(([name, state]) => [name, state])).toEqual([
      ["a.png", "uploading"],
      ["b.png", "uploading"],
    ]);
    await waitFor(() => expect(states()[1]).toEqual(["b.png", "ready", OTHER]));
    expect(states()[0]).toEqual(["a.png", "uploading", ""]);
    await late.give({ sha256: HASH });
    await done;
    expect(states()[0]).toEqual(["a.png", "ready", HASH]);
  });

  it("may be moved and taken out while they are on their way", async () => {
    const late = held();
    gateway({ "POST /v1/assets": () => late.answer });
    const done = addFiles([file("a.png"), file("b.png"), file("c.png")]);
    const [a, b] = draft().references;
    draft().removeReference(a?.slot ?? "");
    draft().moveReference(b?.slot ?? "", 1);
    await late.give({ sha256: HASH });
    await done;
    expect(states()).toEqual([
      ["c.png", "ready", HASH],
      ["b.png", "ready", HASH],
    ]);
  });

  it("that the gateway refuses say why, and can be sent once more", async () => {
    const answers: unknown[] = [problem("storage_full", "The disk is full.", 507), { sha256: HASH }];
    gateway({ "POST /v1/assets": () => answers.shift() });
    await addFiles([file("a.png")]);
    const [slot] = draft().references;
    expect(slot).toMatchObject({ state: "failed", problem: "The disk is full." });
    await again(slot?.slot ?? "");
    expect(states()).toEqual([["a.png", "ready", HASH]]);
    expect(draft().references[0]?.problem).toBeUndefined();
    await again("a slot of yesterday");
    expect(states()).toHaveLength(1);
  });

  it("that cannot be used are told and left out; the others are taken", async () => {
    gateway({ "POST /v1/assets": { sha256: HASH } });
    await rendered(<span />);
    await act(() => addFiles([file("notes.txt", "text/plain"), file("a.png")]));
    expect(await screen.findByText("notes.txt is not a PNG, JPEG or WebP picture.")).toBeTruthy();
    expect(states()).toEqual([["a.png", "ready", HASH]]);
  });

  it("of a mask: the later one stays, whichever arrives last", async () => {
    const late = held();
    const answers: unknown[] = [late.answer, { sha256: OTHER }];
    gateway({ "POST /v1/assets": () => answers.shift() });
    const first = setMask(file("first.png"));
    await setMask(file("second.png"));
    await late.give({ sha256: HASH });
    await first;
    expect(draft().mask).toMatchObject({ name: "second.png", source: OTHER, state: "ready" });
  });
});

describe("references", () => {
  const zone = async (answers: Record<string, unknown>) => {
    gateway(answers);
    await rendered(<References field={{ schema: {} } as unknown as Field} limit={2} />);
    return screen.getByRole("region", { name: "References" });
  };
  const transfer = (image: string, ...files: File[]) => ({ dataTransfer: { getData: () => image, files } });

  it("are dropped: a file, or a picture that was made here", async () => {
    const target = await zone({
      "POST /v1/assets": { sha256: HASH },
      "GET /v1/images/i1": { id: "i1", thumbnail: "/v1/images/i1/thumbnail" },
    });
    fireEvent.drop(target, transfer("", file("a.png")));
    fireEvent.drop(target, transfer("i1"));
    await waitFor(() => expect(draft().references.map((one) => one.source)).toEqual([HASH, "i1"]));
  });

  it("that are gone from the gateway are none", async () => {
    const target = await zone({});
    fireEvent.drop(target, transfer("gone"));
    await waitFor(() => expect(globalThis.fetch).toBeTruthy());
    expect(draft().references).toEqual([]);
  });

  it("are pasted anywhere, unless it is text", async () => {
    await zone({ "POST /v1/assets": { sha256: HASH } });
    const paste = (files: File[]) => {
      const event = Object.assign(new Event("paste", { cancelable: true }), { clipboardData: { files } });
      act(() => void window.dispatchEvent(event));
      return event.defaultPrevented;
    };
    expect(paste([])).toBe(false);
    expect(paste([file("pasted.png")])).toBe(true);
    await waitFor(() => expect(states()).toEqual([["pasted.png", "ready", HASH]]));
  });

  it("over the limit are kept, and it is said that they are not sent", async () => {
    await zone({});
    act(() =>
      draft().addReferences(
        ["a", "b", "c"].map((name) => ({ slot: name, source: name, preview: "", name, state: "ready" })),
      ),
    );
    expect(await screen.findByText("Kept, not sent: this model takes 2.")).toBeTruthy();
    expect(screen.getAllByText(/not sent/).some((one) => one.textContent?.startsWith("image 3"))).toBe(true);
  });
});

describe("a field that takes a picture", () => {
  const FIELD = { name: "control", title: "Control", help: "", kind: "ref", schema: {} } as unknown as Field;
  const field = async (answer: unknown) => {
    gateway({ "POST /v1/assets": answer });
    const change = vi.fn();
    function Held() {
      const [value, setValue] = useState<Json | undefined>();
      return (
        <PictureField
          field={FIELD}
          value={value}
          onChange={(next) => {
            change(next);
            setValue(next);
          }}
        />
      );
    }
    const view = await rendered(<Held />);
    const input = view.container.querySelector<HTMLInputElement>("input[type=file]");
    if (!input) throw new Error("no input");
    const box = screen.getByRole<HTMLInputElement>("textbox");
    return { ...view, box, change, take: (name: string) => view.user.upload(input, file(name)) };
  };

  it("has its hash once it has arrived", async () => {
    const { take, box } = await field({ sha256: HASH });
    await take("pose.png");
    await waitFor(() => expect(box.value).toBe(HASH));
  });

  it("keeps the address that is written while a file is on its way", async () => {
    const late = held();
    const { take, box, user } = await field(() => late.answer);
    await take("pose.png");
    await user.type(box, "https://x.de/a.png");
    await late.give({ sha256: HASH });
    expect(box.value).toBe("https://x.de/a.png");
  });

  it("keeps the later of two files", async () => {
    const late = held();
    const answers: unknown[] = [late.answer, { sha256: OTHER }];
    const { take, box } = await field(() => answers.shift());
    await take("first.png");
    await take("second.png");
    await waitFor(() => expect(box.value).toBe(OTHER));
    await late.give({ sha256: HASH });
    expect(box.value).toBe(OTHER);
  });

  it("says why a file was not taken, until another address is written", async () => {
    const { take, user, box, change } = await field(problem("storage_full", "The disk is full.", 507));
    await take("pose.png");
    expect(await screen.findByText("The disk is full.")).toBeTruthy();
    expect(change).not.toHaveBeenCalled();
    await user.type(box, "h");
    expect(screen.queryByText("The disk is full.")).toBeNull();
  });
});
