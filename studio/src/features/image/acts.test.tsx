import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import type { LibraryImage } from "@/api/library";
import { useDraft } from "@/features/create/draft";
import { useLook } from "@/look";
import { gateway, held, problem, rendered } from "@/testing/rendered";
import { useImageActs } from "./useImageActs";

const image = {
  id: "i1",
  generation: "g1",
  seed: 7,
  rating: 3,
  favourite: false,
  hidden: false,
} as LibraryImage;
const generation = {
  id: "g1",
  model: "m",
  provider: "bfl",
  mode: "generate",
  prompt: "a fox",
  params: { guidance: 4 },
  references: [],
  jobs: [],
};

function Acts({ of = image }: { of?: LibraryImage }) {
  const acts = useImageActs(of);
  return (
    <>
      <button type="button" onClick={acts.reuse}>
        reuse
      </button>
      <button type="button" onClick={acts.remix}>
        remix
      </button>
      <button type="button" onClick={acts.compare}>
        compare
      </button>
      <button type="button" onClick={acts.remove}>
        remove
      </button>
      <button type="button" onClick={() => acts.rate(3)}>
        rate
      </button>
      <button type="button" onClick={acts.takeSeed}>
        seed
      </button>
    </>
  );
}

const press = (name: string) => screen.getByRole("button", { name });

beforeEach(() => {
  useLook.setState({ language: "en" });
  useDraft.getState().reset();
});

describe("the settings of a picture", () => {
  it("come into the form, also for whoever is faster than the page", async () => {
    const late = held();
    gateway({ "GET /v1/generations/g1": () => late.answer });
    const { user, router } = await rendered(<Acts />);
    await user.click(press("reuse"));
    expect(useDraft.getState().prompt).toBe("");
    await late.give(generation);
    await waitFor(() => expect(router.state.location.pathname).toBe("/create"));
    const { prompt, model, values, seedMode } = useDraft.getState();
    expect([prompt, model, values.m, seedMode]).toEqual(["a fox", "m", { guidance: 4, seed: 7 }, "fixed"]);
  });

  it("are asked for once, however often they are wanted", async () => {
    const calls = gateway({ "GET /v1/generations/g1": generation });
    const { user, router } = await rendered(<Acts />);
    await user.click(press("remix"));
    await waitFor(() => expect(router.state.location.pathname).toBe("/create"));
    expect(useDraft.getState().seedMode).toBe("random");
    await user.click(press("compare"));
    await waitFor(() => expect(router.state.location.pathname).toBe("/compare"));
    expect(calls).toHaveLength(1);
  });

  it("that cannot be had are told, and nothing is changed", async () => {
    gateway({ "GET /v1/generations/g1": problem("offline", "The gateway does not answer.", 503) });
    useDraft.getState().change({ prompt: "my own" });
    const { user, router } = await rendered(<Acts />);
    await user.click(press("reuse"));
    expect(await screen.findByRole("alert")).toBeTruthy();
    expect([useDraft.getState().prompt, router.state.location.pathname]).toEqual(["my own", "/"]);
  });

  it("lend the seed alone", async () => {
    gateway({});
    useDraft.getState().change({ model: "m", prompt: "my own" });
    const { user } = await rendered(<Acts />);
    await user.click(press("seed"));
    const { prompt, values, seedMode } = useDraft.getState();
    expect([prompt, values.m, seedMode]).toEqual(["my own", { seed: 7 }, "fixed"]);
    expect(await screen.findByText(/^Seed 7 is in the form/)).toBeTruthy();
  });
});

describe("a picture that is thrown away", () => {
  it("leaves the page, and can be fetched back", async () => {
    const calls = gateway({ "POST /v1/images/actions": {} });
    const { user, router } = await rendered(<Acts />);
    await user.click(press("remove"));
    await waitFor(() => expect(router.state.location.pathname).toBe("/gallery"));
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() => expect(calls).toHaveLength(2));
    const done = calls.map((one) => one.body as { action: string; ids: string[] });
    expect(done.map((one) => [one.action, one.ids])).toEqual([
      ["trash", ["i1"]],
      ["restore", ["i1"]],
    ]);
  });

  it("does not take along whoever has gone on meanwhile", async () => {
    const late = held();
    gateway({ "POST /v1/images/actions": () => late.answer });
    const { user, router } = await rendered(<Acts />);
    await user.click(press("remove"));
    await router.navigate({ to: "/create" as never });
    await late.give({});
    expect(await screen.findByRole("button", { name: "Undo" })).toBeTruthy();
    expect(router.state.location.pathname).toBe("/create");
  });

  it("that the gateway keeps is told", async () => {
    gateway({ "POST /v1/images/actions": problem("forbidden", "Not you.", 403) });
    const { user, router } = await rendered(<Acts />);
    await user.click(press("remove"));
    expect(await screen.findByRole("alert")).toBeTruthy();
    expect(router.state.location.pathname).toBe("/");
  });
});

it("the same stars again are none", async () => {
  const calls = gateway({ "PATCH /v1/images/i1": image });
  const { user } = await rendered(<Acts />);
  await user.click(press("rate"));
  await waitFor(() => expect(calls.map((one) => one.body)).toEqual([{ rating: 0 }]));
});
