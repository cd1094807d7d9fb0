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

  describe("of several marks under way", () => {
    const list = ["images", "list", {}];
    type Answer = (given: object, status?: number) => Promise<void>;

    /** Two pictures in a list, and a gateway that answers each mark when it is told to. */
    function marked() {
      const answers: Answer[] = [];
      vi.stubGlobal("fetch", (request: Request) => {
        if (request.method === "GET") return Promise.resolve(Response.json({ images: [], next: null }));
        return new Promise<Response>((resolve) => {
          answers.push(async (given, status = 200) => resolve(Response.json(given, { status })));
        });
      });
      const client = new QueryClient();
      const images = ["a", "b"].map((id) => ({ id, rating: 0, favourite: false }));
      client.setQueryData(list, { pages: [{ images, next: null }], pageParams: [""] });
      const shown = () =>
        client
          .getQueryData<{ pages: [{ images: object[] }] }>(list)
          ?.pages[0].images.map((one) => Object.values(one));
      return { client, answers, shown };
    }

    it("the last one's answer stands, whichever comes last", async () => {
      const { client, answers, shown } = marked();
      const first = mark(client, "a", { rating: 3 });
      const second = mark(client, "a", { favourite: true });
      await vi.waitFor(() => expect(answers).toHaveLength(2));
      await answers[1]?.({ id: "a", rating: 3, favourite: true });
      await second;
      await answers[0]?.({ id: "a", rating: 3, favourite: false });
      await first;
      expect(shown()).toEqual([
        ["a", 3, true],
        ["b", 0, false],
      ]);
    });

    it("a refused one takes back its own picture's, and no other's", async () => {
      const { client, answers, shown } = marked();
      const first = mark(client, "a", { rating: 3 });
      const second = mark(client, "b", { rating: 5 });
      await vi.waitFor(() => expect(answers).toHaveLength(2));
      await answers[1]?.({ id: "b", rating: 5, favourite: false });
      await second;
      await answers[0]?.({ code: "scope_missing", detail: "no" }, 403);
      await expect(first).rejects.toThrow("no");
      expect(shown()).toEqual([
        ["a", 0, false],
        ["b", 5, false],
      ]);
    });

    it("an older one that is refused leaves the newer one, and everything is looked at again", async () => {
      const { client, answers, shown } = marked();
      const renewed = vi.spyOn(client, "invalidateQueries");
      const first = mark(client, "a", { rating: 3 });
      const second = mark(client, "a", { favourite: true });
      await vi.waitFor(() => expect(answers).toHaveLength(2));
      await answers[0]?.({ code: "storage_busy", detail: "later" }, 503);
      await expect(first).rejects.toThrow("later");
      expect(shown()?.[0]).toEqual(["a", 3, true]);
      expect(renewed).toHaveBeenCalledOnce();
      await answers[1]?.({ id: "a", rating: 0, favourite: true });
      await second;
      expect(shown()?.[0]).toEqual(["a", 0, true]);
    });
  });
});
