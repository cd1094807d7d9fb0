import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { useLive } from "@/api/events";
import type { Generation } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { useLook } from "@/look";
import { type Call, gateway, held, problem, rendered } from "@/testing/rendered";
import { Banner } from "./Banner";
import { Locked } from "./Locked";
import Palette from "./Palette";
import { QueueDrawer } from "./QueueDrawer";
import { useGoKeys } from "./useGoKeys";

const made = (id: string, state: string, change: object = {}): Generation =>
  ({
    id,
    prompt: `prompt of ${id}`,
    model: "m",
    provider: "bfl",
    state,
    settled: !["queued", "running"].includes(state),
    receipt: { state: "not_charged", reserved: "0.03" },
    created_at: "2026-01-02T03:04:05Z",
    jobs: [],
    images: [],
    ...change,
  }) as unknown as Generation;
const methods = (calls: Call[], method: string) =>
  calls.filter((one) => one.method === method).map((one) => one.path);

beforeEach(() => {
  useLook.setState({ language: "en" });
  useDraft.getState().reset();
});

describe("the queue", () => {
  const queue = async (answers: Record<string, unknown>, ...generations: Generation[]) => {
    const calls = gateway({ "GET /v1/generations": { generations, next: null }, ...answers });
    const view = await rendered(<QueueDrawer opened onClose={() => {}} />);
    return { ...view, calls };
  };
  const cancelled = (id: string) => ({ generation: made(id, "cancelled"), jobs: [] });

  it("is empty at first, and says so", async () => {
    await queue({});
    expect(await screen.findByText("What you start appears here, on every screen.")).toBeTruthy();
  });

  it("cancels what waits, not what runs, and asks again for it when that is taken back", async () => {
    const answers = {
      "DELETE /v1/generations/c": cancelled("c"),
      "DELETE /v1/generations/b": cancelled("b"),
      "POST /v1/generations/c/retry": made("e", "queued"),
      "POST /v1/generations/b/retry": made("d", "queued"),
    };
    const { user, calls } = await queue(
      answers,
      made("c", "queued"),
      made("b", "queued"),
      made("a", "running"),
    );
    await user.click(await screen.findByRole("button", { name: "Cancel all waiting" }));
    expect(await screen.findByText("2 requests were cancelled.")).toBeTruthy();
    expect(methods(calls, "DELETE")).toEqual(["/v1/generations/c", "/v1/generations/b"]);
    await user.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(methods(calls, "POST")).toHaveLength(2));
    expect(await screen.findByText("prompt of e")).toBeTruthy();
  });

  it("cancels one of them", async () => {
    const { user, calls } = await queue(
      { "DELETE /v1/generations/b": cancelled("b") },
      made("b", "queued"),
      made("a", "queued"),
    );
    await user.click(await screen.findByRole("button", { name: "Cancel: prompt of b" }));
    expect(await screen.findByText("1 request was cancelled.")).toBeTruthy();
    expect(methods(calls, "DELETE")).toEqual(["/v1/generations/b"]);
  });

  it("says what could not be cancelled, and offers no way back from nothing", async () => {
    const refused = problem("unavailable", "BFL is away.", 503);
    const { user } = await queue({ "DELETE /v1/generations/a": refused }, made("a", "queued"));
    await user.click(await screen.findByRole("button", { name: "Cancel all waiting" }));
    expect(await screen.findByText("The provider could not be reached or is overloaded.")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });
});

describe("the palette", () => {
  const image = { id: "i1", prompt: "a heron in the reeds" };
  const models = [
    { id: "flux-2-pro", titles: { en: "FLUX.2 [pro]" }, available: true },
    { id: "flux-of-old", titles: { en: "FLUX of old" }, available: false },
  ];
  const open = async (answers: Record<string, unknown> = {}) => {
    gateway({
      "GET /v1/models": { default: "flux-2-pro", models },
      "GET /v1/images": { images: [image] },
      ...answers,
    });
    const closed = vi.fn();
    const view = await rendered(<Palette onClose={closed} onQueue={() => {}} onShortcuts={() => {}} />);
    const box = await screen.findByRole("combobox", { name: "Search or command" });
    const options = () =>
      screen
        .getAllByRole("option", { hidden: true })
        .map((one) => one.firstElementChild?.nextElementSibling?.textContent);
    return { ...view, box, options, closed };
  };

  it("finds a screen, a model that can be had, and an old prompt", async () => {
    useDraft.setState({ recent: ["a fluxional prompt"] });
    const { user, box, options } = await open();
    await user.type(box, "flux");
    await waitFor(() => expect(options()).toContain("FLUX.2 [pro]"));
    expect(options()).toContain("a fluxional prompt");
    expect(options()).not.toContain("FLUX of old");
    await user.clear(box);
    await user.type(box, "setti");
    expect(options()[0]).toBe("Settings");
  });

  it("goes where Enter says, and Up and Down go around", async () => {
    const { user, box, options, router, closed } = await open();
    await user.type(box, "gal");
    const [first, last] = [options()[0], options().at(-1)];
    await user.keyboard("{ArrowUp}");
    const chosen = () => document.querySelector("[role=option][aria-selected=true]")?.textContent;
    expect(chosen()).toContain(last);
    await user.keyboard("{ArrowDown}");
    expect(chosen()).toContain(first);
    await user.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/gallery"));
    expect(closed).toHaveBeenCalledOnce();
  });

  it("adds pictures when they come; what was chosen stays chosen", async () => {
    const late = held();
    const { user, box, options, router } = await open({ "GET /v1/images": () => late.answer });
    await user.type(box, "heron");
    expect(options()).toEqual(["Search the gallery for “heron”"]);
    await late.give({ images: [image] });
    await waitFor(() => expect(options()).toHaveLength(2));
    await user.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/gallery"));
    expect(router.state.location.search).toEqual({ q: "heron" });
  });

  it("takes a model or a prompt into the form", async () => {
    useDraft.setState({ recent: ["an old prompt"] });
    const { user, box, options, router } = await open();
    await user.type(box, "2-pro");
    await waitFor(() => expect(options()[0]).toBe("FLUX.2 [pro]"));
    await user.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/create"));
    expect(useDraft.getState().model).toBe("flux-2-pro");
    await user.clear(box);
    await user.type(box, "old prompt{Enter}");
    expect(useDraft.getState().prompt).toBe("an old prompt");
  });
});

describe("a gateway that asks for a key", () => {
  const open = async (answer: unknown) => {
    gateway({ "POST /v1/session": answer });
    const reload = vi.spyOn(location, "reload").mockImplementation(() => {});
    const { user } = await rendered(<Locked />);
    await user.type(screen.getByLabelText(/^Key/), "flux_x");
    await user.click(screen.getByRole("button", { name: "Open the studio" }));
    return reload;
  };

  it("opens with the right one", async () => {
    const reload = await open({});
    await waitFor(() => expect(reload).toHaveBeenCalledOnce());
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it.each([
    [
      "that it does not know",
      () => problem("unauthorized", "No.", 401),
      "The gateway does not know this key",
    ],
    [
      "when its database is away",
      () => problem("database_unavailable", "No.", 503),
      "The gateway's database cannot be reached.",
    ],
    [
      "when it does not answer",
      () => {
        throw new TypeError("Failed to fetch");
      },
      "The gateway does not answer.",
    ],
  ])("says why it stays shut: one %s", async (_, answer, text) => {
    const reload = await open(answer);
    expect((await screen.findByRole("alert")).textContent).toContain(text);
    expect(reload).not.toHaveBeenCalled();
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Open the studio" }).disabled).toBe(false);
  });
});

describe("what everybody must know", () => {
  const health = (change: object) => ({
    providers: [{ provider: "bfl", set_up: true }],
    sandbox: false,
    ...change,
  });

  it.each([
    ["pictures are made up", health({ sandbox: true }), true, /^Sandbox\./],
    [
      "no provider is set up",
      health({ providers: [{ provider: "bfl", set_up: false }] }),
      true,
      /^No provider/,
    ],
    ["the line is broken", health({}), false, /^Reconnecting/],
    ["the gateway does not answer", problem("offline", "No.", 503), true, /^Reconnecting/],
  ])("is said when %s", async (_, answer, connected, text) => {
    useLive.setState({ connected });
    gateway({ "GET /healthz": answer });
    await rendered(<Banner />);
    expect(await screen.findByText(text)).toBeTruthy();
  });

  it("is nothing when all is well", async () => {
    useLive.setState({ connected: true });
    const calls = gateway({ "GET /healthz": health({}) });
    await rendered(<Banner />);
    await waitFor(() => expect(calls).toHaveLength(1));
    expect(screen.getByTestId("there").textContent).toBe("");
  });
});

describe("g and a letter", () => {
  const go = vi.fn();
  function Keys({ on = true }: { on?: boolean }) {
    useGoKeys(on, go);
    return <input aria-label="a field" />;
  }
  beforeEach(() => go.mockReset());

  it("go somewhere", async () => {
    const { user } = await rendered(<Keys />);
    await user.keyboard("gg");
    await user.keyboard("gb");
    expect(go.mock.calls).toEqual([["/gallery"], ["/bulk"]]);
  });

  it.each([
    ["in a field", async () => fireEvent.keyDown(screen.getByLabelText("a field"), { key: "g" }), {}],
    ["with Control", async () => fireEvent.keyDown(document.body, { key: "g", ctrlKey: true }), {}],
  ])("do nothing %s", async (_, first) => {
    await rendered(<Keys />);
    await first();
    fireEvent.keyDown(document.body, { key: "b" });
    expect(go).not.toHaveBeenCalled();
  });

  it("do nothing when they are switched off, or when one waits too long", async () => {
    const { user } = await rendered(<Keys on={false} />);
    await user.keyboard("gb");
    await rendered(<Keys />);
    const clock = vi.spyOn(Date, "now");
    clock.mockReturnValue(10_000);
    fireEvent.keyDown(document.body, { key: "g" });
    clock.mockReturnValue(11_001);
    fireEvent.keyDown(document.body, { key: "b" });
    expect(go).not.toHaveBeenCalled();
  });
});
