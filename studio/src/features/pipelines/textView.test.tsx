import { fireEvent, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { beforeEach, describe, expect, it } from "vitest";
import type { CheckedPipeline } from "@/api/pipelines";
import { useLook } from "@/look";
import { type Call, file, gateway, held, problem, rendered } from "@/testing/rendered";
import { usePipelineDraft } from "./draft";
import type { Pipeline } from "./pipeline";
import { RunBar } from "./RunBar";
import { StepPictures } from "./StepPictures";
import { TextView } from "./TextView";

const pipeline: Pipeline = {
  version: 1,
  name: "evening",
  steps: [{ name: "shots", do: "generate", model: "m" }],
};
const renamed = { ...pipeline, name: "morning" };
const priced = (high: string) =>
  ({ low: high, high, steps: [], missing: [], pipeline }) as unknown as CheckedPipeline;
const now = () => usePipelineDraft.getState().pipeline;
const box = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Text" });
const button = () => screen.getByTestId<HTMLButtonElement>("run");
const write = (text: string) => fireEvent.change(box(), { target: { value: text } });

beforeEach(() => {
  useLook.setState({ language: "en", confirmAbove: 1 });
  usePipelineDraft.getState().begin(pipeline, "text");
  usePipelineDraft.setState({ reading: false });
});

function Text() {
  const held = usePipelineDraft();
  if (!held.pipeline) return null;
  return (
    <>
      <TextView pipeline={held.pipeline} onChange={held.change} />
      <RunBar pipeline={held.pipeline} checked={priced("0.03")} stale={false} problem={null} />
    </>
  );
}

describe("a pipeline that is written as text", () => {
  it("is read when it is left; until then nothing runs, for it would be the old one", async () => {
    const late = held();
    const calls = gateway({
      "POST /v1/pipelines/check": () => late.answer,
      "POST /v1/pipelines": { id: "r1" },
    });
    const { user } = await rendered(<Text />);
    write("name: morning");
    fireEvent.blur(box());
    await waitFor(() => expect(button().disabled).toBe(true));
    await user.click(button());
    await late.give({ pipeline: renamed });
    await waitFor(() => expect(now()?.name).toBe("morning"));
    expect(calls.map((one) => one.path)).toEqual(["/v1/pipelines/check"]);
    await user.click(button());
    await waitFor(() => expect(calls).toHaveLength(2));
    expect(calls[1]?.body).toMatchObject({ pipeline: renamed });
  });

  it("keeps what is typed on while it is read", async () => {
    const late = held();
    gateway({ "POST /v1/pipelines/check": () => late.answer });
    await rendered(<Text />);
    write("name: morning");
    fireEvent.blur(box());
    write("name: morning, and more");
    await late.give({ pipeline: renamed });
    expect(box().value).toBe("name: morning, and more");
    expect(now()?.name).toBe("evening");
    expect(button().disabled).toBe(false);
  });

  it("that is none says so where it stands", async () => {
    gateway({ "POST /v1/pipelines/check": problem("invalid_params", "No steps.") });
    await rendered(<Text />);
    write("just: words");
    fireEvent.blur(box());
    expect(await screen.findByText(/no pipeline/)).toBeTruthy();
    expect([box().value, now()?.name]).toEqual(["just: words", "evening"]);
  });

  it("that is none is told also when another view is looked at meanwhile", async () => {
    const late = held();
    gateway({ "POST /v1/pipelines/check": () => late.answer });
    function Views() {
      const [text, setText] = useState(true);
      return (
        <>
          <button type="button" onClick={() => setText(false)}>
            Steps
          </button>
          {text ? <Text /> : <p>the steps</p>}
        </>
      );
    }
    const { user } = await rendered(<Views />);
    write("just: words");
    fireEvent.blur(box());
    await user.click(screen.getByRole("button", { name: "Steps" }));
    await late.give(problem("invalid_params", "No steps."));
    expect(await screen.findByText(/no pipeline/)).toBeTruthy();
    expect(usePipelineDraft.getState().reading).toBe(false);
  });
});

describe("the price of a pipeline that has just been changed", () => {
  const pressed = async (answer: unknown) => {
    const calls = gateway({ "POST /v1/pipelines/check": answer, "POST /v1/pipelines": { id: "r1" } });
    const view = await rendered(<RunBar pipeline={pipeline} checked={priced("0.03")} stale problem={null} />);
    await view.user.click(button());
    const begun = () => calls.filter((one: Call) => one.path === "/v1/pipelines");
    return { ...view, begun };
  };

  it("is asked for before it runs; what is dear is asked about", async () => {
    const { begun } = await pressed(priced("3.2"));
    expect(await screen.findByRole("dialog")).toBeTruthy();
    expect(begun()).toEqual([]);
  });

  it.each([
    ["that is not dear runs", priced("0.9")],
    ["that cannot be had is that of before", problem("overloaded", "Later.", 503)],
  ])("%s", async (_, answer) => {
    const { begun } = await pressed(answer);
    await waitFor(() => expect(begun()).toHaveLength(1));
  });
});

describe("pictures of a step", () => {
  it("that arrive late are added to the step as it is then", async () => {
    const late = held();
    gateway({ "POST /v1/assets": () => late.answer });
    URL.createObjectURL = () => "blob:here";
    let step = { prompt: "a cup", references: ["{{inputs.photo}}"] };
    function Held() {
      const [held, setHeld] = useState(step);
      step = held;
      return (
        <>
          <input
            aria-label="Prompt"
            value={held.prompt}
            onChange={(event) => setHeld({ ...held, prompt: event.currentTarget.value })}
          />
          <StepPictures
            label="Pictures"
            pictures={held.references}
            onChange={(references) => setHeld({ ...held, references })}
            offers={[]}
            limit={4}
          />
        </>
      );
    }
    const { user } = await rendered(<Held />);
    await user.click(screen.getByRole("button", { name: /picture/ }));
    const input = document.querySelector<HTMLInputElement>("input[type=file]");
    if (!input) throw new Error("no input");
    await user.upload(input, file("cup.png"));
    await user.type(screen.getByRole("textbox", { name: "Prompt" }), " at night");
    await late.give({ sha256: "e".repeat(64) });
    await waitFor(() => expect(step.references).toEqual(["{{inputs.photo}}", "e".repeat(64)]));
    expect(step.prompt).toBe("a cup at night");
  });
});
