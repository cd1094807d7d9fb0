import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { useDraft } from "@/features/create/draft";
import { useLook } from "@/look";
import { gateway, rendered } from "@/testing/rendered";
import { LoraShelf } from "./LoraShelf";
import { useLoras } from "./loras";

const model = (id: string, change: object = {}) => ({
  id,
  titles: { en: id.toUpperCase(), de: id },
  lora: true,
  available: true,
  status: "active",
  ...change,
});
const CLAY = { name: "Clay", path: "owner/clay", scale: 0.8, trigger: "claymation", base: "" };
const use = (name: string) => screen.getByRole("button", { name: `Use with ${name}` }) as HTMLButtonElement;

/** The shelf as a fresh page shows it: the LoRAs are there at once, the models come when they are let go. */
async function shelf(lora: object, ...models: object[]) {
  useLoras.getState().keep({ ...CLAY, ...lora });
  let letGo = () => {};
  const gate = new Promise<void>((open) => {
    letGo = open;
  });
  gateway({ "GET /v1/models": async () => gate.then(() => ({ default: "one", models })) });
  return { ...(await rendered(<LoraShelf />)), letGo };
}

beforeEach(() => {
  useLook.setState({ language: "en" });
  useLoras.setState({ loras: [] });
  useDraft.getState().reset();
});

describe("a kept LoRA", () => {
  it("waits for the models, then goes with the first that takes one", async () => {
    const { user, letGo } = await shelf({}, model("none", { lora: false }), model("one"), model("two"));
    expect(use("…").disabled).toBe(true);
    letGo();
    await waitFor(() => expect(use("ONE").disabled).toBe(false));
    useDraft.getState().change({ prompt: "a fox" });
    await user.click(use("ONE"));
    const draft = useDraft.getState();
    expect([draft.model, draft.prompt]).toEqual(["one", "claymation, a fox"]);
    expect(draft.values.one?.loras).toEqual([{ path: "owner/clay", scale: 0.8 }]);
  });

  it("goes with the model that it was made for", async () => {
    const { letGo } = await shelf({ base: "two" }, model("one"), model("two"));
    letGo();
    await waitFor(() => expect(use("TWO").disabled).toBe(false));
  });

  it.each([
    ["retired", model("old", { status: "retired" })],
    ["no longer listed", model("other", { lora: false })],
  ])("made for a model that is %s goes with another", async (_, gone) => {
    const { letGo } = await shelf({ base: "old" }, gone, model("one"));
    letGo();
    await waitFor(() => expect(use("ONE").disabled).toBe(false));
  });
});
