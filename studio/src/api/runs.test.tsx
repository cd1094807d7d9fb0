import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { gateway, rendered } from "@/testing/rendered";
import { Stream, streams } from "@/testing/stream";
import { beginPipeline, checkRedo, decide } from "./pipelines";
import { isUnderWay, type Run, useItems, useRun } from "./runs";

const run = (state: string, counts: Record<string, number> = {}): Run =>
  ({ id: "r1", name: "cups", state, counts, spec: {} }) as unknown as Run;

beforeEach(streams);

function Held() {
  const { data } = useRun("r1");
  return <output>{data ? `${data.state} ${JSON.stringify(data.counts)}` : ""}</output>;
}

describe("a run", () => {
  it("that is under way is followed until it rests", async () => {
    const calls = gateway({ "GET /v1/runs/r1": run("running", { waiting: 2 }) });
    await rendered(<Held />);
    await waitFor(() => expect(Stream.all).toHaveLength(1));
    const [stream] = Stream.all;
    expect(stream?.address).toBe("/v1/runs/r1/events");
    stream?.say("run", run("running", { waiting: 1, done: 1 }));
    await screen.findByText('running {"waiting":1,"done":1}');
    stream?.say("end", run("review", { done: 2 }));
    await screen.findByText('review {"done":2}');
    expect(stream?.closed).toBe(true);
    expect(calls).toHaveLength(1);
  });

  it("that rests is not followed", async () => {
    gateway({ "GET /v1/runs/r1": run("finished", { done: 2 }) });
    await rendered(<Held />);
    await screen.findByText('finished {"done":2}');
    expect(Stream.all).toEqual([]);
  });

  it("is let go when nobody looks at it any more", async () => {
    gateway({ "GET /v1/runs/r1": run("running") });
    const view = await rendered(<Held />);
    await waitFor(() => expect(Stream.all).toHaveLength(1));
    view.unmount();
    expect(Stream.all[0]?.closed).toBe(true);
  });

  it.each([
    ["running", {}, true],
    ["paused", { submitted: 1 }, true],
    ["paused", {}, false],
    ["review", {}, false],
    ["cancelled", { submitted: 2 }, true],
    ["finished", { done: 1 }, false],
  ])("%s with %j is under way: %s", (state, counts, wanted) => {
    expect(isUnderWay(run(state, counts))).toBe(wanted);
  });
});

describe("the items of a run", () => {
  it("are looked at once, and again after each change, the last one too", async () => {
    let done = 0;
    const items = () => ({
      items: Array.from({ length: done }, (_, position) => ({ position })),
      next: null,
    });
    const calls = gateway({
      "GET /v1/runs/r1": run("running", { waiting: 3 }),
      "GET /v1/runs/r1/items": items,
    });
    function Counted() {
      const { data: found } = useRun("r1");
      const { data } = useItems("r1", found);
      return <output>{data?.pages.flatMap((page) => page.items).length} items</output>;
    }
    await rendered(<Counted />);
    await screen.findByText("0 items");
    const looks = () => calls.filter((one) => one.path.endsWith("/items")).length;
    expect(looks()).toBe(1);
    done = 2;
    Stream.all[0]?.say("run", run("running", { waiting: 2, done: 1 }));
    Stream.all[0]?.say("run", run("running", { waiting: 1, done: 2 }));
    await screen.findByText("2 items");
    expect(looks()).toBe(2);
    done = 3;
    Stream.all[0]?.say("end", run("finished", { done: 3 }));
    await screen.findByText("3 items");
  });
});

describe("what is decided about a step", () => {
  it("goes to the gateway, and the run as it is then is shown", async () => {
    const after = run("running");
    const at = "/v1/pipelines/r1/steps/shots";
    const calls = gateway({
      [`POST ${at}/approve`]: after,
      [`POST ${at}/choose`]: after,
      [`POST ${at}/redo`]: after,
      [`POST ${at}/check`]: { low: "0.03", high: "0.03", steps: [] },
    });
    const { client } = await rendered(<span />);
    await decide(client, "r1", "shots", { kind: "approve" });
    await decide(client, "r1", "shots", { kind: "choose", images: ["i2", "i1"] });
    await decide(client, "r1", "shots", { kind: "redo", fields: { prompt: "x", seed: null } });
    expect((await checkRedo("r1", "shots", {})).high).toBe("0.03");
    expect(calls.map((one) => one.body)).toEqual([
      "",
      { images: ["i2", "i1"] },
      { fields: { prompt: "x", seed: null } },
      { fields: {} },
    ]);
    expect(client.getQueryData(["runs", "one", "r1"])).toEqual(after);
  });

  it("a pipeline is begun once for each press", async () => {
    let key: string | null = "";
    gateway({ "POST /v1/pipelines": run("running") });
    const send = globalThis.fetch;
    vi.stubGlobal("fetch", (request: Request) => {
      key = request.headers.get("idempotency-key");
      return send(request);
    });
    const press = { name: "Evening", budget: "2", key: "press-1" };
    await beginPipeline({ name: "evening" }, { product: "a cup" }, press);
    expect(key).toBe("press-1");
  });
});
