import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import type { Generation, ModelSummary } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { useLook } from "@/look";
import { type Call, gateway, problem, rendered } from "@/testing/rendered";
import { Failure } from "./Failure";
import { fallbackOf, otherProvider } from "./fallback";
import { RowActions } from "./RowActions";
import { repeated } from "./repeated";

const HASH = "a".repeat(64);
const generation = (change: object = {}): Generation =>
  ({
    id: "g1",
    model: "flux-2-pro",
    provider: "bfl",
    mode: "generate",
    prompt: "a fox",
    params: { guidance: 4, seed: 7 },
    references: [],
    jobs: [{ id: "j1", state: "failed", seed: 7 }],
    images: [],
    state: "failed",
    settled: true,
    receipt: { state: "not_charged", charged: null },
    error: { code: "provider_error", detail: "boom" },
    ...change,
  }) as unknown as Generation;
const route = { available: true, endpoints: { generate: "x", edit: "x" } };
const model = (id: string, change: object = {}): ModelSummary =>
  ({
    id,
    family: "flux-2",
    titles: { en: id.toUpperCase() },
    available: true,
    status: "active",
    lora: false,
    modes: ["generate", "edit"],
    routes: { bfl: route, fal: route },
    ...change,
  }) as unknown as ModelSummary;
const PRO = model("flux-2-pro");

beforeEach(() => {
  useLook.setState({ language: "en" });
  useDraft.getState().reset();
});

describe("the same request once more", () => {
  it("has its seed, or another one for another picture", () => {
    expect(repeated(generation(), { otherSeed: false })).toEqual({
      model: "bfl/flux-2-pro",
      prompt: "a fox",
      guidance: 4,
      seed: 7,
      mode: "generate",
      on_unsupported: "report",
    });
    expect(repeated(generation(), { otherSeed: true })).not.toHaveProperty("seed");
    expect(repeated(generation({ params: { seed: 0 } }), { otherSeed: false }).seed).toBe(0);
  });

  it("goes to the other provider, with its mask and its references but one", () => {
    const edit = generation({
      mode: "edit",
      params: { mask: { sha256: HASH } },
      references: [{ sha256: HASH }, { url: "https://x.de/a.png" }, {}],
    });
    const all = repeated(edit, { otherSeed: false, provider: "fal" });
    expect([all.model, all.mask, all.references]).toEqual([
      "fal/flux-2-pro",
      HASH,
      [HASH, "https://x.de/a.png"],
    ]);
    expect(repeated(edit, { otherSeed: false, without: 2 }).references).toEqual([HASH]);
  });

  it("without its only reference is no edit any more", () => {
    const edit = generation({ mode: "edit", references: [{ sha256: HASH }] });
    const left = repeated(edit, { otherSeed: false, without: 1 });
    expect(left).not.toHaveProperty("references");
    expect(left).not.toHaveProperty("mode");
  });
});

describe("what else could make it", () => {
  it.each([
    ["the other provider", PRO, "fal"],
    [
      "nobody, when that one is not set up",
      model("flux-2-pro", { routes: { fal: { ...route, available: false } } }),
      null,
    ],
    [
      "nobody, when that one cannot do it",
      model("flux-2-pro", { routes: { fal: { ...route, endpoints: {} } } }),
      null,
    ],
    ["nobody, when the model is gone", model("another"), null],
  ])("is %s", (_, found, wanted) => {
    expect(otherProvider([found], generation())).toBe(wanted);
  });

  it("is a model of the same family, else any that is able", () => {
    const other = model("flux-1", { family: "flux-1" });
    const unable = [
      model("old", { status: "retired" }),
      model("away", { available: false }),
      model("lora", { lora: true }),
      model("filler", { modes: ["fill"] }),
    ];
    expect(fallbackOf([PRO, ...unable, other, model("flux-2-flex")], generation())?.id).toBe("flux-2-flex");
    expect(fallbackOf([PRO, ...unable, other], generation())?.id).toBe("flux-1");
    expect(fallbackOf([PRO, ...unable], generation())).toBeNull();
  });
});

describe("no picture", () => {
  const lists = { "GET /v1/models": { default: "flux-2-pro", models: [PRO, model("flux-2-flex")] } };
  const failed = async (change: object, answers: Record<string, unknown> = {}) => {
    const calls = gateway({ ...lists, ...answers });
    const view = await rendered(<Failure generation={generation(change)} />);
    return { ...view, calls };
  };
  const press = (name: string | RegExp) => screen.findByRole("button", { name });
  const sent = (calls: Call[]) => calls.filter((one) => one.method === "POST").map((one) => one.body);

  it("says what happened, whether it was charged, and what can be done", async () => {
    const { user, calls } = await failed({}, { "POST /v1/generations": generation({ id: "g2" }) });
    expect(screen.getByText("The provider reported an error of its own.")).toBeTruthy();
    expect(screen.getByText("Not charged.")).toBeTruthy();
    await user.click(await press("Send to fal"));
    await waitFor(() => expect(sent(calls)).toHaveLength(1));
    expect(sent(calls)[0]).toMatchObject({ model: "fal/flux-2-pro", seed: 7 });
    await user.click(await press("Try again"));
    await waitFor(() => expect(sent(calls)).toHaveLength(2));
    expect(sent(calls)[1]).not.toHaveProperty("seed");
  });

  it("once more is refused: that is said", async () => {
    const refused = problem("budget_exceeded", "The budget is spent.", 402);
    const { user } = await failed({}, { "POST /v1/generations": refused });
    await user.click(await press("Try again"));
    expect(await screen.findByText("The budget does not allow this request.")).toBeTruthy();
    await waitFor(async () => expect((await press("Try again")).hasAttribute("data-loading")).toBe(false));
  });

  it("for a reference: it is tried without", async () => {
    const error = { code: "moderated_input", detail: "no" };
    const references = [{ sha256: HASH }, { url: "https://x.de/a.png" }];
    const { user, calls } = await failed(
      { error, references, mode: "edit" },
      { "POST /v1/generations": generation() },
    );
    await user.click(await press("Try without image 2"));
    await waitFor(() => expect(sent(calls)[0]).toMatchObject({ references: [HASH], mode: "edit" }));
    expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
  });

  it("by this model: another takes over what was asked", async () => {
    const { user, router } = await failed({});
    await user.click(await press("Try FLUX-2-FLEX"));
    await waitFor(() => expect(router.state.location.pathname).toBe("/create"));
    const { model: chosen, prompt, values } = useDraft.getState();
    expect([chosen, prompt, values["flux-2-flex"]]).toEqual([
      "flux-2-flex",
      "a fox",
      { guidance: 4, seed: 7 },
    ]);
  });

  it("because the job is in doubt: a person decides about each", async () => {
    const jobs = [
      { id: "j1", state: "unknown" },
      { id: "j2", state: "succeeded" },
      { id: "j3", state: "unknown" },
    ];
    const error = { code: "submit_unknown", detail: "?" };
    const { user, calls } = await failed(
      { state: "unknown", jobs, error },
      {
        "POST /v1/jobs/j1/resolve": {},
        "POST /v1/jobs/j3/resolve": {},
        "GET /v1/generations/g1": generation({ state: "abandoned" }),
      },
    );
    await user.click(await press("Give up"));
    await waitFor(() => expect(sent(calls)).toEqual([{ choice: "abandon" }, { choice: "abandon" }]));
    await waitFor(() => expect(calls.some((one) => one.path === "/v1/generations/g1")).toBe(true));
  });

  it("in doubt, and the gateway cannot decide: that is said", async () => {
    const jobs = [{ id: "j1", state: "unknown" }];
    const { user } = await failed(
      { state: "unknown", jobs, error: { code: "submit_unknown", detail: "?" } },
      { "POST /v1/jobs/j1/resolve": problem("storage_busy", "Later.", 503) },
    );
    await user.click(await press(/^Send (it )?again/));
    expect(await screen.findByText(/^The gateway's database is busy\./)).toBeTruthy();
  });
});

describe("what is done with a row", () => {
  it("that is refused is said, and the form is as it was", async () => {
    gateway({ "POST /v1/generations": problem("insufficient_credits", "No credit.", 402) });
    useDraft.getState().change({ prompt: "half a sent" });
    const { user } = await rendered(<RowActions generation={generation()} />);
    await user.click(screen.getByRole("button", { name: "Vary" }));
    expect(
      await screen.findByText("The account at the provider has no credit left. Nothing is lost."),
    ).toBeTruthy();
    expect([useDraft.getState().prompt, useDraft.getState().recent]).toEqual(["half a sent", []]);
  });

  it("comes into the form, or into a comparison", async () => {
    gateway({});
    const { user, router } = await rendered(<RowActions generation={generation()} />);
    await user.click(screen.getByRole("button", { name: "Compare" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/compare"));
    await user.click(screen.getByRole("button", { name: "Use these settings" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/create"));
    expect(useDraft.getState()).toMatchObject({ prompt: "a fox", model: "flux-2-pro", seedMode: "fixed" });
  });
});
