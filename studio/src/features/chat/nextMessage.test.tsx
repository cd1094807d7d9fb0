import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import type { Talk } from "@/api/conversations";
import type { Reference } from "@/features/create/draft";
import { useLook } from "@/look";
import { gateway, held, problem, rendered } from "@/testing/rendered";
import { Composer } from "./Composer";
import { useCast } from "./useCast";
import { useNextMessage } from "./useNextMessage";
import { useWriting } from "./writing";

const model = {
  id: "m",
  titles: { en: "M" },
  available: true,
  status: "active",
  modes: ["generate", "edit"],
};
const answers = {
  "GET /v1/models": { default: "m", models: [model] },
  "GET /v1/assistants": { assistants: [], models: [], faults: [] },
  "GET /v1/conversations/c1": { id: "c1", messages: [] },
  "POST /v1/conversations": { id: "c1" },
  "DELETE /v1/conversations/c1": {},
};
const refused = () => problem("budget_exceeded", "The budget is spent.", 402);
const slot = (name: string): Reference => ({
  slot: name,
  source: name,
  preview: `/p/${name}`,
  name,
  state: "ready",
});
const talk = (...images: string[]) =>
  ({
    settings: {},
    messages: [{ role: "assistant", images: images.map((id) => ({ id })) }],
  }) as unknown as Talk;

let next: ReturnType<typeof useNextMessage>;

/** What stands under a conversation: its message, and why the last one was refused. */
function Written({ id, talk }: { id: string; talk?: Talk }) {
  next = useNextMessage(id, talk, useCast(id, talk));
  return (
    <>
      {next.problem && <p role="alert">{next.problem.code}</p>}
      {next.pending && <p>{next.pending.content.join()} is sent</p>}
      <Composer
        text={next.text}
        onText={next.setText}
        pictures={next.pictures}
        onPictures={next.setPictures}
        base={next.base}
        picked={next.picked}
        onUnpick={() => next.pick("")}
        price={next.price}
        busy={next.pending !== null}
        onSend={(text, pictures) => void next.send(text, pictures)}
      />
    </>
  );
}

const box = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message" });

beforeEach(() => {
  useLook.setState({ language: "en" });
  useWriting.setState({ by: {} });
});

describe("a message that is refused", () => {
  it("comes back, before what was written meanwhile", async () => {
    const late = held();
    gateway({ ...answers, "POST /v1/conversations/c1/messages": () => late.answer });
    const { user } = await rendered(<Written id="" />);
    await user.type(box(), "a dog{Enter}");
    await screen.findByText("a dog is sent");
    expect(box().value).toBe("");
    await user.type(box(), "and a cat");
    await late.give(refused());
    expect((await screen.findByRole("alert")).textContent).toBe("budget_exceeded");
    expect(box().value).toBe("a dog\nand a cat");
    expect(screen.queryByText("a dog is sent")).toBeNull();
  });

  it("brings its pictures along, and lets a later choice stand", async () => {
    const late = held();
    gateway({ ...answers, "POST /v1/conversations/c1/messages": () => late.answer });
    const { user } = await rendered(<Written id="c1" talk={talk("i1", "i2", "i3")} />);
    next.pick("i1");
    next.setPictures(() => [slot("lamp")]);
    await user.type(box(), "in snow{Enter}");
    await screen.findByText("in snow is sent");
    next.pick("i2");
    next.setPictures((before) => [...before, slot("chair")]);
    await late.give(refused());
    await screen.findByRole("alert");
    expect(next.pictures.map((one) => one.name)).toEqual(["lamp", "chair"]);
    expect(next.base?.image).toBe("i2");
    expect(box().value).toBe("in snow");
  });

  it("of a conversation that it would have begun leaves none behind", async () => {
    const calls = gateway({ ...answers, "POST /v1/conversations/c1/messages": refused });
    const { user } = await rendered(<Written id="" />);
    await user.type(box(), "a dog{Enter}");
    await screen.findByRole("alert");
    await waitFor(() => expect(calls.map((one) => one.method)).toContain("DELETE"));
    expect(box().value).toBe("a dog");
  });

  it("is no matter of another conversation", async () => {
    const late = held();
    gateway({ ...answers, "POST /v1/conversations/c1/messages": () => late.answer });
    const both = (
      <>
        <section aria-label="one">
          <Written id="c1" />
        </section>
        <section aria-label="other">
          <Written id="c2" />
        </section>
      </>
    );
    const { user } = await rendered(both);
    const [one, other] = screen.getAllByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
    if (!one || !other) throw new Error("two are there");
    await user.type(one, "a dog{Enter}");
    await user.type(other, "something else");
    await late.give(refused());
    await screen.findByRole("alert");
    expect([one.value, other.value]).toEqual(["a dog", "something else"]);
    expect(screen.getAllByRole("alert")).toHaveLength(1);
  });
});

describe("a message that begins a conversation", () => {
  const arrives = async (away: boolean) => {
    const late = held();
    gateway({ ...answers, "POST /v1/conversations/c1/messages": () => late.answer });
    const { user, router } = await rendered(<Written id="" />);
    await user.type(box(), "a dog{Enter}");
    await screen.findByText("a dog is sent");
    await user.type(box(), "then a cat");
    if (away) await router.navigate({ to: "/gallery" as never });
    await late.give({ id: "m1" });
    await waitFor(() => expect(useWriting.getState().by.c1).toBeTruthy());
    return router;
  };

  it("leads to it, with what was written meanwhile", async () => {
    const router = await arrives(false);
    expect(useWriting.getState().by).toEqual({ c1: { text: "then a cat", pictures: [], picked: "" } });
    await waitFor(() => expect(router.state.location.pathname).toBe("/chat/c1"));
  });

  it("does not fetch back whoever has gone elsewhere", async () => {
    const router = await arrives(true);
    expect(router.state.location.pathname).toBe("/gallery");
  });
});

describe("what is being written", () => {
  it("stays while one looks elsewhere", async () => {
    gateway(answers);
    const first = await rendered(<Written id="c1" />);
    await first.user.type(box(), "half a sent");
    await rendered(<Written id="c2" />);
    expect(box().value).toBe("");
    await rendered(<Written id="c1" />);
    expect(box().value).toBe("half a sent");
  });

  it("goes along with the last picture, or with the one that was picked", async () => {
    gateway(answers);
    await rendered(<Written id="c1" talk={talk("i1", "i2")} />);
    expect([next.base?.image, next.picked]).toEqual(["i2", false]);
    next.pick("i1");
    await screen.findByText("The picture you picked goes along as image 1.");
    next.pick("i2");
    await screen.findByText("The last picture goes along as image 1.");
  });

  it("is sent with the picture that was picked, and with those of its own", async () => {
    const calls = gateway({ ...answers, "POST /v1/conversations/c1/messages": { id: "m1" } });
    const { user } = await rendered(<Written id="c1" talk={talk("i1", "i2")} />);
    next.pick("i1");
    next.setPictures(() => [slot("lamp"), { ...slot("broken"), state: "failed" }]);
    await user.type(box(), "both{Enter}");
    await waitFor(() => expect(calls.some((one) => one.path.endsWith("/messages"))).toBe(true));
    const sent = calls.find((one) => one.path.endsWith("/messages"));
    expect(sent?.body).toEqual({ text: "both", pictures: ["i1", "lamp"], options: {} });
  });
});
