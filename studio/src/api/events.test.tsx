import { QueryClient } from "@tanstack/react-query";
import { screen, waitFor } from "@testing-library/react";
import { act } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Call, gateway, held, problem, rendered } from "@/testing/rendered";
import { Stream, streams } from "@/testing/stream";
import { useConversations } from "./conversations";
import { follow, useLive } from "./events";
import { place, useGenerations } from "./queries";
import type { Generation } from "./types";

const OPEN = new Set(["queued", "running"]);
const made = (id: string, state: string): Generation =>
  ({ id, state, settled: !OPEN.has(state), jobs: [], images: [] }) as unknown as Generation;
const page = (...generations: Generation[]) => ({ generations, next: null });

function List() {
  const { data } = useGenerations(true);
  const all = data?.pages.flatMap((one) => one.generations.map(({ id, state }) => `${id} ${state}`));
  return <output>{all ? all.join(", ") || "none" : "not yet"}</output>;
}

let leave = () => {};
const listening = (client: QueryClient) => {
  leave = follow(client);
  const stream = Stream.all.at(-1);
  if (!stream) throw new Error("nobody listens");
  return stream;
};
const paths = (calls: Call[], path: string) => calls.filter((one) => one.path === path).length;

beforeEach(() => {
  streams();
  vi.stubGlobal("BroadcastChannel", undefined);
  useLive.setState({ connected: null, progress: {} });
});
afterEach(() => {
  leave();
  leave = () => {};
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("what happens to a generation", () => {
  it("is shown in its place", async () => {
    gateway({
      "GET /v1/generations": page(made("b", "running"), made("a", "succeeded")),
      "GET /v1/generations/b": made("b", "succeeded"),
    });
    const { client } = await rendered(<List />);
    await screen.findByText("b running, a succeeded");
    listening(client).say("state", { generation: "b" });
    await screen.findByText("b succeeded, a succeeded");
  });

  it("before anybody listened is read again, once the line stands", async () => {
    const states = ["running", "succeeded"];
    const calls = gateway({ "GET /v1/generations": () => page(made("a", states.shift() ?? "succeeded")) });
    const { client } = await rendered(<List />);
    await screen.findByText("a running");
    listening(client).say("ready", { last: 7 });
    await screen.findByText("a succeeded");
    expect(paths(calls, "/v1/generations")).toBe(2);
  });

  it("while the list was on its way is newer than the list", async () => {
    const late = held();
    gateway({
      "GET /v1/generations": () => late.answer,
      "GET /v1/generations/b": made("b", "succeeded"),
      "GET /v1/generations/c": made("c", "queued"),
    });
    const { client } = await rendered(<List />);
    const stream = listening(client);
    stream.say("state", { generation: "b" });
    stream.say("state", { generation: "c" });
    await waitFor(() => expect(client.getQueryData(["generation", "b"])).toBeTruthy());
    await waitFor(() => expect(client.getQueryData(["generation", "c"])).toBeTruthy());
    await late.give(page(made("b", "running"), made("a", "succeeded")));
    await screen.findByText("c queued, b succeeded, a succeeded");
  });

  it("is looked at again when it changes while it is looked at; no older answer comes last", async () => {
    const first = held();
    const second = held();
    const answers = [first.answer, second.answer];
    gateway({
      "GET /v1/generations": page(made("a", "queued")),
      "GET /v1/generations/a": () => answers.shift(),
    });
    const { client } = await rendered(<List />);
    await screen.findByText("a queued");
    const stream = listening(client);
    stream.say("state", { generation: "a" });
    await waitFor(() => expect(answers).toHaveLength(1));
    stream.say("state", { generation: "a" });
    await second.give(made("a", "succeeded"));
    await first.give(made("a", "running"));
    await screen.findByText("a succeeded");
  });

  it("that cannot be read just now leaves what is known, and is told again later", async () => {
    const answers = [problem("overloaded", "Later.", 503), made("a", "succeeded")];
    gateway({
      "GET /v1/generations": page(made("a", "running")),
      "GET /v1/generations/a": () => answers.shift(),
    });
    const { client } = await rendered(<List />);
    await screen.findByText("a running");
    const stream = listening(client);
    stream.say("state", { generation: "a" });
    await waitFor(() => expect(answers).toHaveLength(1));
    expect(screen.getByText("a running")).toBeTruthy();
    await waitFor(() => {
      stream.say("state", { generation: "a" });
      expect(screen.getByText("a succeeded")).toBeTruthy();
    });
  });
});

describe("a generation that the list does not have", () => {
  const shown = async (next: string | null, ...ids: string[]) => {
    const found = { generations: ids.map((id) => made(id, "succeeded")), next };
    gateway({ "GET /v1/generations": found });
    const { client } = await rendered(<List />);
    await waitFor(() => expect(screen.queryByText("not yet")).toBeNull());
    return client;
  };

  it.each([
    ["is put on top when it is new", null, ["c", "a"], "d", "d queued, c succeeded, a succeeded"],
    ["stands where its age puts it", null, ["c", "a"], "b", "c succeeded, b queued, a succeeded"],
    ["is the last when it is the oldest", null, ["c", "b"], "a", "c succeeded, b succeeded, a queued"],
    ["is the first of all", null, [], "a", "a queued"],
    ["waits for its page when that is not shown yet", "next", ["c", "b"], "a", "c succeeded, b succeeded"],
  ])("%s", async (_, next, ids, id, text) => {
    const client = await shown(next, ...ids);
    act(() => place(client, made(id, "queued")));
    expect(await screen.findByText(text)).toBeTruthy();
    expect(client.getQueryData(["generation", id])).toEqual(made(id, "queued"));
  });
});

describe("what a conversation says", () => {
  function Titles() {
    const { data } = useConversations();
    return <output>{data?.map((one) => one.title).join() ?? "not yet"}</output>;
  }

  it("is read again after news, also when a look was under way that was older", async () => {
    const late = held();
    const talk = (title: string) => ({ conversations: [{ id: "c1", title }], next: null });
    const answers: unknown[] = [late.answer, talk("newer")];
    gateway({
      "GET /v1/conversations": () => answers.shift() ?? talk("newer"),
      "GET /v1/generations/a": made("a", "running"),
    });
    const { client } = await rendered(<Titles />);
    listening(client).say("state", { generation: "a" });
    await waitFor(() => expect(client.getQueryData(["generation", "a"])).toBeTruthy());
    await late.give(talk("older"));
    await screen.findByText("newer");
  });
});

describe("the line", () => {
  it("that breaks for a moment is no news; one that stays away is", async () => {
    const { client } = await rendered(<span />);
    vi.useFakeTimers();
    const stream = listening(client);
    stream.onopen?.();
    expect(useLive.getState().connected).toBe(true);
    stream.onerror?.();
    vi.advanceTimersByTime(2900);
    stream.onopen?.();
    vi.advanceTimersByTime(5000);
    expect(useLive.getState().connected).toBe(true);
    stream.onerror?.();
    stream.onerror?.();
    vi.advanceTimersByTime(3000);
    expect(useLive.getState().connected).toBe(false);
    stream.onopen?.();
    expect(useLive.getState().connected).toBe(true);
  });

  it("tells how far a job is", async () => {
    const { client } = await rendered(<span />);
    const progress = { generation: "a", job: "j1", phase: "running", elapsed: 2.5, expected: 9 };
    const stream = listening(client);
    stream.say("progress", progress);
    stream.say("progress", { ...progress, job: "j2" });
    stream.say("progress", { ...progress, elapsed: 3.5 });
    const { j1, j2 } = useLive.getState().progress;
    expect([j1?.elapsed, j2?.elapsed]).toEqual([3.5, 2.5]);
  });

  it("is closed when nobody wants to hear", async () => {
    const { client } = await rendered(<span />);
    const stream = listening(client);
    expect([stream.address, stream.closed]).toEqual(["/v1/events", false]);
    leave();
    await waitFor(() => expect(stream.closed).toBe(true));
  });
});

describe("several tabs", () => {
  /** Channels and locks between tabs, as a secure origin has them. */
  function origin() {
    const ears = new Set<{ onmessage?: (message: { data: unknown }) => void }>();
    class Channel {
      onmessage?: (message: { data: unknown }) => void;
      constructor() {
        ears.add(this);
      }
      postMessage(data: unknown) {
        for (const one of ears) if (one !== this) one.onmessage?.({ data });
      }
      close() {
        ears.delete(this);
      }
    }
    let turn: Promise<unknown> = Promise.resolve();
    const request = (_: string, work: () => Promise<void>) => {
      const mine = turn.then(work);
      turn = mine;
      return mine;
    };
    vi.stubGlobal("BroadcastChannel", Channel);
    vi.spyOn(navigator, "locks", "get").mockReturnValue({ request } as unknown as LockManager);
  }

  /** The same program once more, as another tab has it. */
  function tab() {
    vi.resetModules();
    return import("./events");
  }

  it("share one line, and another takes it over when the first is closed", async () => {
    origin();
    const calls = gateway({
      "GET /v1/generations": page(made("a", "running")),
      "GET /v1/generations/a": made("a", "succeeded"),
    });
    const { client } = await rendered(<List />);
    await screen.findByText("a running");
    const first = (await tab()).follow(new QueryClient());
    await waitFor(() => expect(Stream.all).toHaveLength(1));
    leave = follow(client);
    // What the first tab is told, the second one hears.
    Stream.all[0]?.say("ready");
    await waitFor(() => expect(paths(calls, "/v1/generations")).toBe(2));
    expect(Stream.all).toHaveLength(1);
    first();
    await waitFor(() => expect(Stream.all).toHaveLength(2));
    expect(Stream.all.map((one) => one.closed)).toEqual([true, false]);
    Stream.all[1]?.say("state", { generation: "a" });
    await screen.findByText("a succeeded");
  });

  it("that opens later is told whether the line stands", async () => {
    origin();
    const { client } = await rendered(<span />);
    const first = (await tab()).follow(new QueryClient());
    await waitFor(() => expect(Stream.all).toHaveLength(1));
    Stream.all[0]?.onopen?.();
    expect(useLive.getState().connected).toBe(null);
    leave = follow(client);
    expect(useLive.getState().connected).toBe(true);
    first();
  });
});
