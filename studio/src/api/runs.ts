// Runs: many requests with one purpose.

import { keepPreviousData, type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, data } from "./client";
import type { components } from "./schema";

export type Run = components["schemas"]["RunAnswer"];
export type Item = components["schemas"]["ItemAnswer"];
export type DryRun = components["schemas"]["DryRunAnswer"];
export type Axis = components["schemas"]["AxisBody"];
export type ItemState = "waiting" | "submitted" | "done" | "failed" | "unknown" | "invalid" | "cancelled";

const RUNS = "runs";
const LOOK = 1200; // milliseconds between two looks at a run that is under way
const MOST_ITEMS = 500;

export function useRuns(kind: "bulk" | "comparison") {
  return useQuery({
    queryKey: [RUNS, "list", kind],
    queryFn: () => data(api.GET("/v1/runs", { params: { query: { kind, limit: 30 } } })),
  });
}

export function useRun(id: string) {
  return useQuery({
    queryKey: [RUNS, "one", id],
    queryFn: () => data(api.GET("/v1/runs/{run_id}", { params: { path: { run_id: id } } })),
    refetchInterval: (query) => (isUnderWay(query.state.data) ? LOOK : false),
    retry: false,
  });
}

export function useItems(id: string, run: Run | undefined, state?: ItemState) {
  return useInfiniteQuery({
    // With the counts in it, so that the last look is one after the last change.
    queryKey: [RUNS, "items", id, state ?? "all", run?.counts],
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
