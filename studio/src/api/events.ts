// Everything that happens, as it happens. One tab listens for all (browsers allow few connections to a host) and tells
// the others; when it closes, another one takes over. The browser sends Last-Event-ID when it connects again.

import type { QueryClient } from "@tanstack/react-query";
import { create } from "zustand";
import { GENERATIONS, place, readGeneration } from "./queries";

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
  | { kind: "hello" };

const NAME = "fluxroom-events";
const PATIENCE = 3000; // milliseconds until a broken line is told

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
    const before = useLive.getState().connected;
    useLive.setState({ connected: told.connected });
    // What happened in between is read once; the stream has the rest.
    if (told.connected && before === false) void client.invalidateQueries({ queryKey: GENERATIONS });
  } else if (told.kind === "progress") {
    useLive.setState((live) => ({ progress: { ...live.progress, [told.progress.job]: told.progress } }));
  } else if (told.kind === "state") {
    refresh(client, told.generation);
  }
}

const due = new Map<string, ReturnType<typeof setTimeout>>();

/** Several changes of one generation within a moment are one look at it. */
function refresh(client: QueryClient, id: string): void {
  if (due.has(id)) return;
  due.set(
    id,
    setTimeout(async () => {
      due.delete(id);
      const found = await readGeneration(id).catch(() => null);
      if (!found) return;
      place(client, found);
      // Another tab may have said something; looks that are under way already are not repeated.
      void client.invalidateQueries({ queryKey: ["conversations"] }, { cancelRefetch: false });
      if (!found.settled) return;
      for (const key of ["images", "usage", "budgets"]) void client.invalidateQueries({ queryKey: [key] });
    }, 60),
  );
}
