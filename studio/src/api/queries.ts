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
    queryFn: async ({ pageParam, client }) => {
      const asked = Date.now();
      const query = { limit: PAGE, before: pageParam };
      const page = (await data(api.GET("/v1/generations", { params: { query } }))) as Page;
      return withNewer(client, page, asked, pageParam === "");
    },
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

/** A generation that may be known already, or is on its way. */
export function expectGeneration(client: QueryClient, id: string): Promise<Generation> {
  return client.ensureQueryData({ queryKey: ["generation", id], queryFn: () => readGeneration(id) });
}

export function readGeneration(id: string): Promise<Generation> {
  return data(api.GET("/v1/generations/{generation_id}", { params: { path: { generation_id: id } } }));
}

const quoteQuery = (body: Record<string, unknown> | null) =>
  queryOptions({
    queryKey: ["quote", body],
    queryFn: ({ signal }) => data(api.POST("/v1/quotes", { body: body as never, signal })) as Promise<Quote>,
    staleTime: 60_000,
    gcTime: 60_000,
    retry: false,
  });

export function useQuote(body: Record<string, unknown> | null) {
  return useQuery({ ...quoteQuery(body), enabled: body !== null, placeholderData: (before) => before });
}

/** What a request costs, for whoever does not wait until it is shown. */
export function quoteNow(client: QueryClient, body: Record<string, unknown>): Promise<Quote> {
  return client.fetchQuery(quoteQuery(body));
}

function hasOpen(found: InfiniteData<Page> | undefined): boolean {
  return Boolean(found?.pages.some((page) => page.generations.some((one) => !one.settled)));
}

/** Put a generation where it belongs: over its older state, or where its age puts it. */
export function place(client: QueryClient, generation: Generation): void {
  client.setQueryData(["generation", generation.id], generation);
  client.setQueryData<InfiniteData<Page>>(
    GENERATIONS,
    (before) => before && { ...before, pages: placed(before.pages, generation) },
  );
}

function placed(pages: Page[], generation: Generation): Page[] {
  const isIt = (one: Generation) => one.id === generation.id;
  // The ids begin with the time.
  const isOlder = (one: Generation) => one.id < generation.id;
  const known = pages.some((page) => page.generations.some(isIt));
  const at = pages.findIndex((page) => page.generations.some(isOlder));
  // What is older than all that is shown comes with its own page.
  const its = at < 0 && !pages.at(-1)?.next ? pages.length - 1 : at;
  return pages.map((page, number) => {
    const { generations } = page;
    if (known) return { ...page, generations: generations.map((one) => (isIt(one) ? generation : one)) };
    if (number !== its) return page;
    const older = generations.findIndex(isOlder);
    const to = older < 0 ? generations.length : older;
    return { ...page, generations: generations.toSpliced(to, 0, generation) };
  });
}

/** A page of the list with what was told while it was on its way, which it may not know yet. */
function withNewer(client: QueryClient, page: Page, asked: number, top: boolean): Page {
  const told = client
    .getQueryCache()
    .findAll({ queryKey: ["generation"] })
    .flatMap(({ state }) => (state.dataUpdatedAt > asked ? ((state.data as Generation) ?? []) : []));
  const ids = new Set(page.generations.map((one) => one.id));
  return told
    .filter((one) => top || ids.has(one.id))
    .reduce((found, one) => placed([found], one)[0] ?? found, page);
}
