import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import type { Mode } from "@/api/types";
import { fieldsOf } from "@/form/fields";
import { useLook } from "@/look";
import { mode, parameter } from "@/testing/parameters";
import { type Call, gateway, held, problem, rendered } from "@/testing/rendered";
import { useDraft } from "./draft";
import { GenerateBar } from "./GenerateBar";
import { toRequest } from "./request";
import { usePriceOf } from "./usePriceOf";

const MODE = {
  ...mode(
    parameter("prompt", { required: true }),
    parameter("num_images", { schema: { type: "integer", minimum: 1 } }),
    parameter("seed", { schema: { type: "integer" } }),
  ),
  price: { texts: {} },
} as unknown as Mode;
const FIELDS = fieldsOf(MODE, "en");

/** What so many pictures cost. */
const quote = (call: Call) => {
  const images = Number((call.body as { num_images?: number }).num_images ?? 1);
  const dollars = (images * 0.07).toFixed(2);
  return {
    quote: { low: dollars, high: dollars, images, formula: `${images} × $0.07`, source: "list" },
    not_sent: [],
  };
};
const made = (call: Call) => ({ id: "g1", ...(call.body as object), jobs: [], images: [] });
const GATEWAY = { "POST /v1/quotes": quote, "POST /v1/generations": made };

/** The button under a form, as the form has it. */
function Bar() {
  const draft = useDraft();
  const body = toRequest(draft, FIELDS, draft.values[draft.model] ?? {});
  const price = usePriceOf(body, FIELDS, draft);
  return <GenerateBar body={body} price={price} mode={MODE} fields={FIELDS} provider="bfl" />;
}

const draft = () => useDraft.getState();
const button = () => screen.getByTestId<HTMLButtonElement>("generate");
const sent = (calls: Call[]) => calls.filter((one) => one.path === "/v1/generations").map((one) => one.body);

beforeEach(() => {
  useLook.setState({ language: "en", confirmAbove: 1 });
  draft().reset();
  draft().change({ model: "m", prompt: "a fox" });
});

describe("the button", () => {
  it("has the price on it, and is off without words", async () => {
    gateway(GATEWAY);
    await rendered(<Bar />);
    await waitFor(() => expect(button().textContent).toContain("$0.07"));
    expect(button().disabled).toBe(false);
    draft().change({ prompt: "  " });
    await waitFor(() => expect(button().disabled).toBe(true));
  });

  it("asks before what is dear", async () => {
    const calls = gateway(GATEWAY);
    draft().setValue("num_images", 20);
    const { user } = await rendered(<Bar />);
    await waitFor(() => expect(button().textContent).toContain("$1.40"));
    await user.click(button());
    expect(await screen.findByText("20 pictures for about $1.40.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    expect(sent(calls)).toEqual([]);
  });

  it("asks before what has become dear, also while the old price stands on it", async () => {
    const calls = gateway(GATEWAY);
    const { user } = await rendered(<Bar />);
    await waitFor(() => expect(button().textContent).toContain("$0.07"));
    draft().setValue("num_images", 20);
    await user.click(button());
    expect(await screen.findByText("20 pictures for about $1.40.")).toBeTruthy();
    expect(sent(calls)).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Generate for $1.40" }));
    await waitFor(() => expect(sent(calls)).toHaveLength(1));
  });

  it("pressed before there is a price waits for it, once", async () => {
    const late = held();
    const calls = gateway({ ...GATEWAY, "POST /v1/quotes": () => late.answer });
    const { user } = await rendered(<Bar />);
    await user.click(button());
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(sent(calls)).toEqual([]);
    await late.give(quote({ method: "POST", path: "", body: {} }));
    await waitFor(() => expect(sent(calls)).toHaveLength(1));
  });

  it("goes on without a price when there is none to be had: the gateway says what is wrong", async () => {
    const calls = gateway({
      "POST /v1/quotes": problem("overloaded", "Later.", 503),
      "POST /v1/generations": problem("missing_key", "BFL_API_KEY is not set.", 503),
    });
    const { user } = await rendered(<Bar />);
    await user.click(button());
    await waitFor(() => expect(sent(calls)).toHaveLength(1));
    expect((await screen.findByRole("alert")).textContent).toContain("No key is set for this provider.");
    expect(draft().prompt).toBe("a fox");
  });

  it("is off while the request is wrong", async () => {
    gateway({ ...GATEWAY, "POST /v1/quotes": problem("invalid_params", "num_images: 99 is above 20.") });
    await rendered(<Bar />);
    await waitFor(() => expect(button().disabled).toBe(true));
    expect(screen.getByRole("alert").textContent).toContain("99 is above 20");
  });
});

describe("what was sent", () => {
  it("is remembered, not what was written while it was on its way", async () => {
    const late = held();
    gateway({ ...GATEWAY, "POST /v1/generations": () => late.answer });
    const { user } = await rendered(<Bar />);
    await waitFor(() => expect(button().textContent).toContain("$0.07"));
    await user.click(button());
    draft().change({ prompt: "a fox in a ho" });
    await late.give(made({ method: "POST", path: "", body: {} }));
    await waitFor(() => expect(draft().recent).toEqual(["a fox"]));
    expect(draft().prompt).toBe("a fox in a ho");
  });

  it.each([
    ["leads to the next seed", 41, "m", 42],
    ["leaves a seed that was changed meanwhile", 7, "m", 7],
    ["leaves the seed of another model that was chosen meanwhile", 41, "other", 9],
  ])("%s", async (_, changed, model, wanted) => {
    const late = held();
    const calls = gateway({ ...GATEWAY, "POST /v1/generations": () => late.answer });
    draft().change({ values: { m: { seed: 41 }, other: { seed: 9 } }, seedMode: "next" });
    const { user } = await rendered(<Bar />);
    await waitFor(() => expect(button().textContent).toContain("$0.07"));
    await user.click(button());
    await waitFor(() => expect(sent(calls)).toHaveLength(1));
    draft().setValue("seed", changed);
    draft().change({ model });
    await late.give(made({ method: "POST", path: "", body: {} }));
    await waitFor(() => expect(draft().recent).toEqual(["a fox"]));
    expect(draft().values[model]?.seed).toBe(wanted);
  });
});
