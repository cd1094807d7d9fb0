// The library: pictures with what people did with them.

import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { api, data, troubleOf } from "./client";
import type { components, paths } from "./schema";

export type LibraryImage = components["schemas"]["PictureAnswer"];
type ImageDetail = components["schemas"]["PictureDetail"];
export type Marks = components["schemas"]["PicturePatch"];
export type Wanted = Omit<NonNullable<paths["/v1/images"]["get"]["parameters"]["query"]>, "limit" | "before">;
type Action = components["schemas"]["ActionBody"]["action"];
type Page = components["schemas"]["PicturePage"];

const PAGE = 120;
const IMAGES = "images";

const imagesQuery = (wanted: Wanted) =>
  infiniteQueryOptions({
    queryKey: [IMAGES, "list", wanted],
    queryFn: ({ pageParam }) =>
      data(api.GET("/v1/images", { params: { query: { ...wanted, limit: PAGE, before: pageParam } } })),
    initialPageParam: "",
    getNextPageParam: (page) => (page.next ? page.images.at(-1)?.id : undefined),
  });

export function useImages(wanted: Wanted) {
  return useInfiniteQuery({ ...imagesQuery(wanted), placeholderData: keepPreviousData });
}

/** Ask for the first page while the screen itself is still on its way. */
export function expectImages(client: QueryClient, wanted: Wanted): void {
  void client.prefetchInfiniteQuery(imagesQuery(wanted));
}

/** Counts of what is found; `now` holds them back until there is something to see. */
export function useFacets(wanted: Wanted, now = true) {
  return useQuery({
    queryKey: [IMAGES, "facets", wanted],
    queryFn: () => data(api.GET("/v1/images/facets", { params: { query: wanted } })),
    enabled: now,
    placeholderData: keepPreviousData,
  });
}

export function useImage(id: string) {
  return useQuery({
    queryKey: [IMAGES, "one", id],
    queryFn: () => data(api.GET("/v1/images/{image_id}", { params: { path: { image_id: id } } })),
    retry: false,
  });
}

export function useLineage(id: string) {
  return useQuery({
    queryKey: [IMAGES, "lineage", id],
    queryFn: () => data(api.GET("/v1/images/{image_id}/lineage", { params: { path: { image_id: id } } })),
  });
}

/** How often each picture was marked: of several marks under way only the last one's answer says how it stands. */
const turns = new Map<string, number>();

/** Mark a picture; the page shows it at once and takes it back when the gateway refuses. */
export async function mark(client: QueryClient, id: string, marks: Marks): Promise<void> {
  const mine = (turns.get(id) ?? 0) + 1;
  turns.set(id, mine);
  const before = known(client, id);
  change(client, [id], marks as Partial<LibraryImage>);
  try {
    const path = { image_id: id };
    const answer = await data(api.PATCH("/v1/images/{image_id}", { params: { path }, body: marks }));
    if (turns.get(id) === mine) change(client, [id], answer);
  } catch (error) {
    if (turns.get(id) === mine && before) change(client, [id], before);
    else void client.invalidateQueries({ queryKey: [IMAGES] });
    throw error;
  }
}

/** What the page knows of a picture, wherever it is shown. */
function known(client: QueryClient, id: string): LibraryImage | undefined {
  const one = client.getQueryData<LibraryImage>([IMAGES, "one", id]);
  const lists = client.getQueriesData<InfiniteData<Page>>({ queryKey: [IMAGES, "list"] });
  const all = lists.flatMap(([, found]) => found?.pages.flatMap((page) => page.images) ?? []);
  return one ?? all.find((image) => image.id === id);
}

function change(client: QueryClient, ids: string[], part: Partial<LibraryImage>): void {
  const mend = (one: LibraryImage) => (ids.includes(one.id) ? { ...one, ...part } : one);
  for (const id of ids)
    client.setQueryData<ImageDetail>([IMAGES, "one", id], (one) => one && { ...one, ...part });
  everyPage(client, (page) => ({ ...page, images: page.images.map(mend) }));
}

function everyPage(client: QueryClient, work: (page: Page) => Page): void {
  client.setQueriesData<InfiniteData<Page>>({ queryKey: [IMAGES, "list"] }, (found) =>
    found?.pages ? { ...found, pages: found.pages.map(work) } : found,
  );
}

const MOST_AT_ONCE = 1000; // ids that one action takes
const MOST_SELECTED = 5000;

/** The ids of everything that is found, as far as one hand can hold them. */
export async function idsOf(wanted: Wanted): Promise<string[]> {
  const ids: string[] = [];
  let before = "";
  while (ids.length < MOST_SELECTED) {
    const query = { ...wanted, limit: 200, before };
    const page = await data(api.GET("/v1/images", { params: { query } }));
    ids.push(...page.images.map((one) => one.id));
    before = ids.at(-1) ?? "";
    if (!page.next) break;
  }
  return ids;
}

/** Everything in the trash is gone for good; how much it was. */
export async function emptyTrash(client: QueryClient): Promise<number> {
  const { deleted } = await data(api.POST("/v1/images/empty-trash"));
  await client.invalidateQueries({ queryKey: [IMAGES] });
  return deleted;
}

/** Move pictures into the trash: gone from every list at once. */
export async function trash(client: QueryClient, ids: string[]): Promise<void> {
  everyPage(client, (page) => ({ ...page, images: page.images.filter((one) => !ids.includes(one.id)) }));
  await act(client, ids, "trash");
}

export async function act(
  client: QueryClient,
  ids: string[],
  action: Action,
  more: { rating?: number; tags?: string[] } = {},
): Promise<void> {
  try {
    for (let from = 0; from < ids.length; from += MOST_AT_ONCE) {
      const some = ids.slice(from, from + MOST_AT_ONCE);
      const body = { ids: some, action, rating: 0, tags: [], board: "", ...more };
      await data(api.POST("/v1/images/actions", { body }));
    }
  } finally {
    await client.invalidateQueries({ queryKey: [IMAGES] });
  }
}

/** The files of pictures in one archive, saved by the browser. */
export async function zip(ids: string[]): Promise<void> {
  const answer = await fetch("/v1/images/zip", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ids }),
  });
  if (!answer.ok) throw await troubleOf(answer);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download =
    /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "fluxroom.zip";
  link.click();
  URL.revokeObjectURL(link.href);
}
