import { fireEvent, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LibraryImage } from "@/api/library";
import { useLook } from "@/look";
import { type Call, gateway, problem, rendered } from "@/testing/rendered";
import { Grid } from "./Grid";
import { SelectionBar } from "./SelectionBar";

const images = ["a", "b", "c", "d", "e"].map(
  (id) =>
    ({
      id,
      prompt: `prompt of ${id}`,
      thumbnail: `/t/${id}`,
      model: "m",
      provider: "bfl",
      rating: 0,
      favourite: false,
      charged: null,
    }) as unknown as LibraryImage,
);
const sent = (calls: Call[]) => calls.filter((one) => one.method !== "GET").map((one) => one.body);

beforeEach(() => {
  useLook.setState({ language: "en", tile: 200 });
  // What a browser measures: a window of three columns.
  const box = { width: 620, height: 900, top: 0, left: 0, right: 620, bottom: 900, x: 0, y: 0 };
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(900);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(620);
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(box as DOMRect);
  class Measured {
    private readonly tell: ResizeObserverCallback;
    constructor(tell: ResizeObserverCallback) {
      this.tell = tell;
    }
    observe(target: Element) {
      const entry = { target, contentRect: box, borderBoxSize: [{ inlineSize: 620, blockSize: 900 }] };
      this.tell([entry as unknown as ResizeObserverEntry], this as unknown as ResizeObserver);
    }
    unobserve() {}
    disconnect() {}
  }
  vi.stubGlobal("ResizeObserver", Measured);
});

describe("the grid", () => {
  const grid = async (answers: Record<string, unknown> = {}) => {
    const calls = gateway({ "POST /v1/images/actions": {}, ...answers });
    let chosen: string[] = [];
    const all = vi.fn();
    function Held() {
      const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
      chosen = [...selected];
      return (
        <Grid
          images={images}
          total={5}
          selected={selected}
          onSelect={setSelected}
          onEnd={() => {}}
          onAll={all}
        />
      );
    }
    const view = await rendered(<Held />);
    await waitFor(() => expect(screen.getAllByRole("gridcell")).toHaveLength(5));
    const press = (key: string, more: object = {}) =>
      fireEvent.keyDown(screen.getByRole("grid"), { key, ...more });
    const current = () =>
      document.querySelector("[role=gridcell] a[tabindex='0']")?.getAttribute("aria-label");
    return { ...view, calls, press, current, chosen: () => chosen, all };
  };

  it("is walked through with the arrows, and never left by them", async () => {
    const { press, current } = await grid();
    expect(current()).toContain("prompt of a");
    const walk = [
      ["ArrowRight", "b"],
      ["ArrowDown", "e"],
      ["ArrowDown", "e"],
      ["ArrowUp", "b"],
      ["End", "e"],
      ["Home", "a"],
      ["ArrowLeft", "a"],
    ] as const;
    for (const [key, id] of walk) {
      press(key);
      expect(current()).toContain(`prompt of ${id}`);
    }
  });

  it("selects one, from here to there, all, and none", async () => {
    const { press, chosen, all } = await grid();
    press(" ");
    expect(chosen()).toEqual(["a"]);
    press("ArrowRight", { shiftKey: true });
    press("ArrowRight", { shiftKey: true });
    expect(chosen()).toEqual(["a", "b", "c"]);
    press(" ");
    expect(chosen()).toEqual(["a", "b"]);
    press("Escape");
    expect(chosen()).toEqual([]);
    press("a");
    expect(all).not.toHaveBeenCalled();
    press("a", { ctrlKey: true });
    expect(all).toHaveBeenCalledOnce();
  });

  it("marks the picture one stands on", async () => {
    const { press, calls } = await grid({ "PATCH /v1/images/b": images[1] });
    press("ArrowRight");
    press("4");
    await waitFor(() => expect(sent(calls)).toEqual([{ rating: 4 }]));
    press(".");
    await waitFor(() => expect(sent(calls)).toEqual([{ rating: 4 }, { favourite: true }]));
  });

  it("opens it", async () => {
    const { press, router } = await grid();
    press("ArrowRight");
    press("Enter");
    await waitFor(() => expect(router.state.location.pathname).toBe("/i/b"));
  });

  it("throws away what is selected, else the one, and fetches it back", async () => {
    const { press, calls, user, chosen } = await grid();
    press(" ");
    press("ArrowRight", { shiftKey: true });
    press("Delete");
    expect(await screen.findByText("2 pictures are in the trash.")).toBeTruthy();
    expect(chosen()).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(sent(calls)).toHaveLength(2));
    expect(
      sent(calls).map((one) => [(one as { action: string }).action, (one as { ids: string[] }).ids]),
    ).toEqual([
      ["trash", ["a", "b"]],
      ["restore", ["a", "b"]],
    ]);
  });

  it.each([
    ["4", "PATCH /v1/images/a"],
    ["Delete", "POST /v1/images/actions"],
  ])("says when the gateway refuses %s", async (key, route) => {
    const { press } = await grid({ [route]: problem("scope_missing", "Not you.", 403) });
    press(key);
    expect(await screen.findByRole("alert")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });
});

describe("what can be done with what is selected", () => {
  const bar = async (answers: Record<string, unknown>, show?: "trash" | "favourites" | "hidden") => {
    const calls = gateway(answers);
    const done = vi.fn();
    const view = await rendered(
      <SelectionBar ids={["a", "b"]} show={show} total={5} onAll={() => {}} onDone={done} />,
    );
    return { ...view, calls, done };
  };

  it.each([
    [undefined, "Move to the trash", "trash"],
    [undefined, "Hide", "hide"],
    ["hidden", "Show again", "show"],
    ["trash", "Restore", "restore"],
  ] as const)("in %s: %s", async (show, name, action) => {
    const { user, calls, done } = await bar({ "POST /v1/images/actions": {} }, show);
    await user.click(screen.getByRole("button", { name }));
    await waitFor(() => expect(done).toHaveBeenCalledOnce());
    expect(sent(calls)[0]).toMatchObject({ action, ids: ["a", "b"] });
  });

  it("stays selected when the gateway refuses, and says so", async () => {
    const { user, done } = await bar({
      "POST /v1/images/actions": problem("scope_missing", "Not you.", 403),
    });
    await user.click(screen.getByRole("button", { name: "Move to the trash" }));
    expect(await screen.findByRole("alert")).toBeTruthy();
    expect(done).not.toHaveBeenCalled();
  });
});
