import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { useLook } from "@/look";
import { type Call, gateway, held, problem, rendered } from "@/testing/rendered";
import { useDraft } from "./draft";
import { useChosenModel } from "./useChosenModel";

const LIST = { default: "usual", models: [{ id: "usual" }, { id: "own" }] };
const model = (id: string) => ({ id, routes: {} });
const answers = {
  "GET /v1/models": LIST as unknown,
  "GET /v1/models/usual": model("usual"),
  "GET /v1/models/own": model("own"),
};
const draft = () => useDraft.getState();
const asked = (calls: Call[]) => calls.map((one) => one.path);

function Chosen() {
  return <output>{useChosenModel()?.id ?? "not yet"}</output>;
}

beforeEach(() => {
  useLook.setState({ language: "en" });
  draft().reset();
});

describe("the model of the form", () => {
  it("is the usual one for whoever has chosen none", async () => {
    gateway(answers);
    await rendered(<Chosen />);
    await screen.findByText("usual");
    expect(draft().model).toBe("usual");
  });

  it("is the one that was chosen, also before the list is there", async () => {
    const late = held();
    const calls = gateway({ ...answers, "GET /v1/models": () => late.answer });
    draft().change({ model: "own", provider: "fal", mode: "edit" });
    await rendered(<Chosen />);
    await screen.findByText("own");
    await late.give(LIST);
    expect(draft()).toMatchObject({ model: "own", provider: "fal", mode: "edit" });
    expect(asked(calls)).not.toContain("/v1/models/usual");
  });

  it("that is offered no more makes room for the usual one, and that is said", async () => {
    gateway({ ...answers, "GET /v1/models/old": problem("unknown_model", "There is no old.", 404) });
    draft().change({ model: "old", provider: "fal", mode: "fill", prompt: "kept" });
    await rendered(<Chosen />);
    await screen.findByText("usual");
    expect(draft()).toMatchObject({ model: "usual", provider: "auto", mode: null, prompt: "kept" });
    expect(await screen.findByText(/^The model old is no longer offered/)).toBeTruthy();
  });

  it("is left as it is while the models cannot be had", async () => {
    const calls = gateway({ ...answers, "GET /v1/models": problem("offline", "No.", 503) });
    draft().change({ model: "old" });
    await rendered(<Chosen />);
    await waitFor(() => expect(asked(calls)).toContain("/v1/models"));
    expect(screen.getByText("not yet")).toBeTruthy();
    expect(draft().model).toBe("old");
  });
});
