// What the page reads from the gateway. Generations stand in one list; events put the newer state in its place.

import {
  type InfiniteData,
  type QueryClient,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { api, data } from "./client";
import type { Generation, Model, ModelSummary, Quote } from "./types";

export const GENERATIONS = ["generations"] as const;
const PAGE = 20;
/** Milliseconds between two looks while the stream of events is down. */
const LOOK = 1500;

interface Page {
  generations: Generation[];
  next?: string | null;
}

export function useHealth() {
  return useQuery({ queryKey: ["health"], queryFn: () => data(api.GET("/healthz")), staleTime: 30_000 });
}

const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: async () =>
    (await data(api.GET("/v1/models"))) as unknown as { default: string; models: ModelSummary[] },
  staleTime: 300_000,
});

export function useModels() {
  return useQuery(modelsQuery);
}

/** The model that is taken when nobody has chosen one; asked for when it is not known yet. */
export async function defaultModel(client: QueryClient): Promise<string> {
  return (await client.ensureQueryData(modelsQuery)).default;
}

export function useModel(id: string) {
  return useQuery({
    queryKey: ["model", id],
    queryFn: async () =>
      (await data(
        api.GET("/v1/models/{model_id}", { params: { path: { model_id: id } } }),
      )) as unknown as Model,
    enabled: id !== "",
    staleTime: 300_000,
    placeholderData: undefined,
  });
}

export function useGenerations(live: boolean) {
  return useInfiniteQuery({
    queryKey: GENERATIONS,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/generations", { params: { query: { limit: PAGE, before: pageParam } } }),
      ) as Promise<Page>,
    initialPageParam: "",
    getNextPageParam: (page) => (page.next ? page.generations.at(-1)?.id : undefined),
    refetchInterval: (query) => (!live && hasOpen(query.state.data) ? LOOK : false),
  });
}

export function useGeneration(id: string | undefined) {
  return useQuery({
    queryKey: ["generation", id],
    queryFn: () => readGeneration(id ?? ""),
    enabled: Boolean(id),
    // The stream tells sooner; this is for the time when it is down.
    refetchInterval: (query) => (query.state.data && !query.state.data.settled ? 2 * LOOK : false),
  });
}

export function readGeneration(id: string): Promise<Generation> {
  return data(api.GET("/v1/generations/{generation_id}", { params: { path: { generation_id: id } } }));
}

export function useQuote(body: Record<string, unknown> | null) {
  return useQuery({
    queryKey: ["quote", body],
    queryFn: ({ signal }) => data(api.POST("/v1/quotes", { body: body as never, signal })) as Promise<Quote>,
    enabled: body !== null,
    staleTime: 60_000,
    gcTime: 60_000,
    retry: false,
    placeholderData: (before) => before,
  });
}

function hasOpen(found: InfiniteData<Page> | undefined): boolean {
  return Boolean(found?.pages.some((page) => page.generations.some((one) => !one.settled)));
}

/** Put a generation where it belongs: over its older state, or on top. */
export function place(client: QueryClient, generation: Generation): void {
  client.setQueryData(["generation", generation.id], generation);
  client.setQueryData<InfiniteData<Page>>(GENERATIONS, (before) => {
    if (!before) return before;
    const known = before.pages.some((page) => page.generations.some((one) => one.id === generation.id));
    const pages = before.pages.map((page, number) => ({
      ...page,
      generations: known
        ? page.generations.map((one) => (one.id === generation.id ? generation : one))
        : number === 0
          ? [generation, ...page.generations]
          : page.generations,
    }));
    return { ...before, pages };
  });
}
