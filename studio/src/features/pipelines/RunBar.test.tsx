import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import type { CheckedPipeline } from "@/api/pipelines";
import { useLook } from "@/look";
import { gateway, problem, rendered } from "@/testing/rendered";
import { usePipelineDraft } from "./draft";
import type { Pipeline } from "./pipeline";
import { RunBar } from "./RunBar";

const pipeline: Pipeline = {
  version: 1,
  name: "evening",
  title: { en: "An evening", de: "Ein Abend" },
  inputs: { product: { kind: "text", title: { en: "Product", de: "Produkt" } } },
  steps: [
    { name: "shots", do: "generate", model: "m", title: { en: "Shots", de: "Aufnahmen" } },
    { name: "night", do: "edit", model: "m" },
  ],
};
const step = (name: string, change: object = {}) => ({
  name,
  do: "generate",
  state: "ok",
  requests: 2,
  most: null,
  images: 2,
  low: "0.06",
  high: "0.06",
  why: "",
  ...change,
});
const checked = (low: string, high: string | null, ...steps: object[]) =>
  ({ low, high, steps, missing: [], renamed: {}, text: "", pipeline: {} }) as unknown as CheckedPipeline;
const PRICED = checked("0.06", "0.14", step("shots"), step("night", { requests: 1, images: 1, most: 2 }));
const button = () => screen.getByTestId("run") as HTMLButtonElement;

async function bar(
  found: CheckedPipeline | undefined,
  values: Record<string, string> = { product: "a cup" },
) {
  usePipelineDraft.getState().begin(pipeline, "inputs");
  for (const [name, value] of Object.entries(values)) usePipelineDraft.getState().setValue(name, value);
  return rendered(<RunBar pipeline={pipeline} checked={found} stale={false} problem={null} />);
}

beforeEach(() => useLook.setState({ language: "en", confirmAbove: 1 }));

describe("the button of a pipeline", () => {
  it("says what is missing, and the price of the steps all the same", async () => {
    await bar(PRICED, {});
    expect(button().disabled).toBe(true);
    expect(screen.getByText(/Still missing: Product\./)).toBeTruthy();
    const rows = screen.getAllByRole("row").map((one) => one.textContent);
    expect(rows).toEqual(["Shots2 pictures$0.06", "night1 to 2 pictures$0.06"]);
  });

  it.each([
    [PRICED, "$0.06 – $0.14"],
    [checked("0.06", "0.06"), "$0.06"],
    [checked("0.06", null), "at least $0.06"],
    [undefined, "Run"],
  ])("has the price on it: %#", async (found, text) => {
    await bar(found);
    expect(button().textContent).toContain(text);
    expect(button().disabled).toBe(false);
  });

  it("is off while a step cannot be carried out", async () => {
    await bar(checked("0", "0", step("shots"), step("night", { state: "invalid", why: "no prompt" })));
    expect(button().disabled).toBe(true);
    expect(screen.getByText(/Cannot be carried out yet: night\./)).toBeTruthy();
  });

  it("runs it under its title, with its inputs and a budget, once", async () => {
    const calls = gateway({ "POST /v1/pipelines": { id: "r1" } });
    const { user } = await bar(PRICED);
    await user.type(screen.getByRole("textbox", { name: "Stop after (US dollars)" }), "0.5");
    await user.click(button());
    await waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]?.body).toEqual({
      pipeline,
      inputs: { product: "a cup" },
      name: "An evening",
      budget: "0.5",
    });
  });

  it("asks first when it is dear", async () => {
    const calls = gateway({ "POST /v1/pipelines": { id: "r1" } });
    const { user } = await bar(checked("3.2", "3.2", step("shots", { high: "3.2" })));
    await user.click(button());
    expect(await screen.findByText("The whole run costs about $3.20.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    expect(calls).toEqual([]);
    await user.click(button());
    const dialog = within(await screen.findByRole("dialog"));
    await user.click(dialog.getByRole("button", { name: "Run $3.20" }));
    await waitFor(() => expect(calls).toHaveLength(1));
  });

  it("says why the gateway would not", async () => {
    gateway({ "POST /v1/pipelines": problem("budget_exceeded", "The budget of today is spent.", 402) });
    const { user } = await bar(PRICED);
    await user.click(button());
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("The budget does not allow this request.");
  });
});
