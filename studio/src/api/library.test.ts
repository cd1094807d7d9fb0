import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { act, idsOf, mark } from "./library";

/** A gateway with so many pictures, which writes down what it is asked. */
function gateway(count: number, asked: { url: URL; body: unknown }[]) {
  const ids = Array.from({ length: count }, (_, place) => `id${String(count - place).padStart(5, "0")}`);
  return async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const body = request.method === "GET" ? null : await request.json();
    asked.push({ url, body });
    if (request.method !== "GET") return Response.json({ done: body.ids ?? [], missing: [], rating: 3 });
    const limit = Number(url.searchParams.get("limit"));
    const before = url.searchParams.get("before") ?? "";
    const page = ids.filter((id) => !before || id < before).slice(0, limit);
    return Response.json({ images: page.map((id) => ({ id })), next: page.length === limit ? "more" : null });
  };
}

describe("the library", () => {
  let asked: { url: URL; body: unknown }[];
  beforeEach(() => {
    asked = [];
  });

  it("names everything that is found, page by page, with the search of each", async () => {
    vi.stubGlobal("fetch", gateway(450, asked));
    const ids = await idsOf({ q: "fox", rating: 4 });
    expect(ids).toHaveLength(450);
    expect(new Set(ids).size).toBe(450);
    expect(asked.map(({ url }) => url.searchParams.get("q"))).toEqual(["fox", "fox", "fox"]);
    expect(asked.at(-1)?.url.searchParams.get("before")).toBe(ids[399]);
  });

  it("holds no more than one hand can", async () => {
    vi.stubGlobal("fetch", gateway(9000, asked));
    expect(await idsOf({})).toHaveLength(5000);
    expect(asked).toHaveLength(25);
  });

  it("does something with thousands, a thousand at a time", async () => {
    vi.stubGlobal("fetch", gateway(0, asked));
    const ids = Array.from({ length: 2500 }, (_, place) => `id${place}`);
    await act(new QueryClient(), ids, "tag", { tags: ["harvest"] });
    expect(asked.map(({ body }) => (body as { ids: string[] }).ids.length)).toEqual([1000, 1000, 500]);
    expect(asked.every(({ body }) => (body as { tags: string[] }).tags[0] === "harvest")).toBe(true);
  });

  it("takes a mark back that the gateway refuses", async () => {
    vi.stubGlobal("fetch", async () =>
      Response.json({ code: "scope_missing", detail: "no" }, { status: 403 }),
    );
    const client = new QueryClient();
    client.setQueryData(["images", "one", "a"], { id: "a", rating: 1 });
    await expect(mark(client, "a", { rating: 5 })).rejects.toThrow("no");
    expect(client.getQueryData(["images", "one", "a"])).toEqual({ id: "a", rating: 1 });
  });
});
