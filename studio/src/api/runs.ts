// Runs: many requests with one purpose. One that is under way is followed; of one that rests, other tabs are asked now
// and then what they did with it.

import {
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, data } from "./client";
import type { components } from "./schema";

export type Run = components["schemas"]["RunAnswer"];
export type Item = components["schemas"]["ItemAnswer"];
export type DryRun = components["schemas"]["DryRunAnswer"];
export type Axis = components["schemas"]["AxisBody"];
export type ItemState = "waiting" | "submitted" | "done" | "failed" | "unknown" | "invalid" | "cancelled";

export type RunKind = "bulk" | "comparison" | "pipeline";

const RUNS = "runs";
const LOOK = 3000; // milliseconds between two looks at a run that waits for somebody
const SEVERAL = 200; // milliseconds within which several changes are one
const MOST_ITEMS = 500;

export function useRuns(kind: RunKind) {
  return useQuery({
    queryKey: [RUNS, "list", kind],
    queryFn: () => data(api.GET("/v1/runs", { params: { query: { kind, limit: 30 } } })),
  });
}

/** A run as it is now, and as it goes on. */
export function useRun(id: string) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: [RUNS, "one", id],
    queryFn: () => data(api.GET("/v1/runs/{run_id}", { params: { path: { run_id: id } } })),
    refetchInterval: ({ state }) => (state.data && !isOver(state.data) ? LOOK : false),
    retry: false,
  });
  const open = isUnderWay(query.data);
  useEffect(() => (open ? followed(client, id) : undefined), [client, id, open]);
  return query;
}

/** Follow a run until it rests; the browser connects again by itself, and is told the whole run first. */
function followed(client: QueryClient, id: string): () => void {
  const source = new EventSource(`/v1/runs/${id}/events`);
  const take = (event: MessageEvent<string>) => placeRun(client, JSON.parse(event.data) as Run);
  source.addEventListener("run", take);
  source.addEventListener("end", (event) => {
    source.close();
    take(event);
  });
  return () => source.close();
}

/** Put a run where it is shown. */
export function placeRun(client: QueryClient, run: Run): void {
  client.setQueryData([RUNS, "one", run.id], run);
}

function isOver(run: Run): boolean {
  return (run.state === "finished" || run.state === "cancelled") && !run.counts.submitted;
}

/** The items of a run, looked at again whenever its counts have changed. */
export function useItems(id: string, run: Run | undefined, state?: ItemState) {
  const client = useQueryClient();
  const counts = run ? JSON.stringify(run.counts) : "";
  const seen = useRef("");
  useEffect(() => {
    const before = seen.current;
    seen.current = counts;
    if (!before || before === counts) return;
    const again = setTimeout(() => void client.invalidateQueries({ queryKey: [RUNS, "items", id] }), SEVERAL);
    return () => clearTimeout(again);
  }, [client, id, counts]);
  return useInfiniteQuery({
    queryKey: [RUNS, "items", id, state ?? "all"],
    placeholderData: keepPreviousData,
    enabled: run !== undefined,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/runs/{run_id}/items", {
          params: {
            path: { run_id: id },
            query: { limit: MOST_ITEMS, after: pageParam, ...(state ? { state: [state] } : {}) },
          },
        }),
      ),
    initialPageParam: -1,
    getNextPageParam: (page) => (page.next ? page.items.at(-1)?.position : undefined),
  });
}

export function isUnderWay(run: Run | undefined): boolean {
  return Boolean(run && (run.state === "running" || run.counts.submitted));
}

export type Step = "pause" | "resume" | "cancel" | "retry";

export async function command(client: QueryClient, id: string, step: Step): Promise<void> {
  const params = { path: { run_id: id } };
  const calls = {
    pause: () => api.POST("/v1/runs/{run_id}/pause", { params }),
    resume: () => api.POST("/v1/runs/{run_id}/resume", { params }),
    cancel: () => api.POST("/v1/runs/{run_id}/cancel", { params }),
    retry: () => api.POST("/v1/runs/{run_id}/retry", { params, body: { states: ["failed", "cancelled"] } }),
  };
  await calls[step]();
  await client.invalidateQueries({ queryKey: [RUNS] });
}
