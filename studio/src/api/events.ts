// Everything that happens, as it happens. One tab listens for all (browsers allow few connections to a host) and tells
// the others; when it closes, another one takes over. The browser sends Last-Event-ID when it connects again.

import type { QueryClient } from "@tanstack/react-query";
import { create } from "zustand";
import { GENERATIONS, place, readGeneration } from "./queries";
import type { Generation } from "./types";

export interface Progress {
  generation: string;
  job: string;
  phase: string;
  elapsed?: number;
  expected?: number | null;
  progress?: number | null;
  position?: number | null;
}

interface Live {
  /** Null until the first try has ended. */
  connected: boolean | null;
  progress: Record<string, Progress>;
}

export const useLive = create<Live>()(() => ({ connected: null, progress: {} }));

type Told =
  | { kind: "state"; generation: string }
  | { kind: "progress"; progress: Progress }
  | { kind: "connected"; connected: boolean }
  /** From here on nothing is left out; what was read before may be older than what happened meanwhile. */
  | { kind: "ready" }
  | { kind: "hello" };

const NAME = "fluxroom-events";
const PATIENCE = 3000; // milliseconds until a broken line is told
const MOMENT = 60; // milliseconds within which several changes of a generation are one

/** Follow the gateway until the returned function is called. */
export function follow(client: QueryClient): () => void {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(NAME);
  const hear = (told: Told) => handle(client, told);
  const tell = (told: Told) => {
    hear(told);
    channel?.postMessage(told);
  };
  if (channel) channel.onmessage = (message: MessageEvent<Told>) => hear(message.data);

  let stop = () => {};
  const ended = new Promise<void>((resolve) => {
    stop = resolve;
  });
  // Only pages of a secure origin have locks; elsewhere each tab listens for itself.
  if (navigator.locks && channel) {
    void navigator.locks
      .request(NAME, () => {
        channel.onmessage = (message: MessageEvent<Told>) => {
          if (message.data.kind === "hello")
            tell({ kind: "connected", connected: useLive.getState().connected ?? false });
        };
        return listen(tell, ended);
      })
      .catch(() => undefined);
    channel.postMessage({ kind: "hello" });
  } else {
    void listen(tell, ended);
  }
  return () => {
    stop();
    channel?.close();
  };
}

async function listen(tell: (told: Told) => void, ended: Promise<void>): Promise<void> {
  const source = new EventSource("/v1/events");
  let lost: ReturnType<typeof setTimeout> | undefined;
  source.onopen = () => {
    clearTimeout(lost);
    lost = undefined;
    tell({ kind: "connected", connected: true });
  };
  source.onerror = () => {
    // The gateway ends a stream now and then, and the browser is back at once; that is no news.
    lost ??= setTimeout(() => tell({ kind: "connected", connected: false }), PATIENCE);
  };
  source.addEventListener("ready", () => tell({ kind: "ready" }));
  source.addEventListener("state", (event) => {
    const { generation } = JSON.parse(event.data) as { generation: string };
    tell({ kind: "state", generation });
  });
  source.addEventListener("progress", (event) =>
    tell({ kind: "progress", progress: JSON.parse(event.data) as Progress }),
  );
  await ended;
  clearTimeout(lost);
  source.close();
}

function handle(client: QueryClient, told: Told): void {
  if (told.kind === "connected") {
    useLive.setState({ connected: told.connected });
  } else if (told.kind === "ready") {
    for (const key of [...GENERATIONS, "conversations"]) void renew(client, key);
  } else if (told.kind === "progress") {
    useLive.setState((live) => ({ progress: { ...live.progress, [told.progress.job]: told.progress } }));
  } else if (told.kind === "state") {
    void refresh(client, told.generation);
  }
}

/** The generations that are looked at now, and whether they have changed again since. */
const looking = new Map<string, boolean>();

/** Several changes of one generation within a moment are one look at it, and no look overtakes another. */
async function refresh(client: QueryClient, id: string): Promise<void> {
  if (looking.has(id)) {
    looking.set(id, true);
    return;
  }
  looking.set(id, false);
  await new Promise((resolve) => setTimeout(resolve, MOMENT));
  let found: Generation | null = null;
  do {
    looking.set(id, false);
    const queryFn = () => readGeneration(id);
    found = await client
      .fetchQuery({ queryKey: ["look", id], queryFn, staleTime: 0, gcTime: 0 })
      .catch(() => null);
    if (found) place(client, found);
  } while (looking.get(id));
  looking.delete(id);
  if (!found) return;
  // Another tab may have said something.
  void renew(client, "conversations");
  if (found.settled) for (const key of ["images", "usage", "budgets"]) void renew(client, key);
}

const renewing = new Set<string>();

/** Read again what is shown. A look that is under way may be older than the news: it ends first, and another follows. */
async function renew(client: QueryClient, key: string): Promise<void> {
  if (renewing.has(key)) return;
  renewing.add(key);
  const under = client.getQueryCache().findAll({ queryKey: [key], fetchStatus: "fetching" });
  await Promise.allSettled(under.map((one) => one.promise));
  renewing.delete(key);
  await client.invalidateQueries({ queryKey: [key] }, { cancelRefetch: false });
}
