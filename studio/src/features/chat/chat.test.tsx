import { screen, waitFor } from "@testing-library/react";
import { type ComponentProps, useState } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { begin, changeSettings, type Message, say, stop, type Talk } from "@/api/conversations";
import type { Reference } from "@/features/create/draft";
import { useLook } from "@/look";
import { gateway, problem, rendered } from "@/testing/rendered";
import { Answer, Said } from "./Answer";
import { Composer } from "./Composer";
import { Conversations } from "./Conversations";
import { Greeting } from "./Greeting";
import { Switches } from "./Switches";
import { baseOf } from "./talk";
import { useCast } from "./useCast";

beforeEach(() => useLook.setState({ language: "en" }));

const slot = (name: string, state: Reference["state"] = "ready"): Reference => ({
  slot: name,
  source: `hash-of-${name}`,
  preview: `/p/${name}`,
  name,
  state,
});

describe("where a message is written", () => {
  type Given = Partial<ComponentProps<typeof Composer>> & { first?: Reference[] };
  const onSend = vi.fn();
  const onUnpick = vi.fn();

  function Held({ first = [], ...given }: Given) {
    const [text, setText] = useState("");
    const [pictures, setPictures] = useState(first);
    return (
      <Composer
        text={text}
        onText={setText}
        pictures={pictures}
        onPictures={setPictures}
        base={null}
        picked={false}
        onUnpick={onUnpick}
        price="about $0.03 a message"
        busy={false}
        onSend={onSend}
        {...given}
      />
    );
  }
  beforeEach(() => {
    onSend.mockReset();
    onUnpick.mockReset();
  });
  const box = () => screen.getByRole("textbox", { name: "Message" });

  it("Enter sends it, Shift and Enter is a new line, nothing is not sent", async () => {
    const { user } = await rendered(<Held first={[slot("a"), slot("b", "failed")]} />);
    await user.type(box(), "{Enter}");
    expect(onSend).not.toHaveBeenCalled();
    await user.type(box(), "a cup{Shift>}{Enter}{/Shift}in snow{Enter}");
    expect(onSend).toHaveBeenCalledExactlyOnceWith("a cup\nin snow", ["hash-of-a"]);
    expect(screen.getByText("about $0.03 a message")).toBeTruthy();
  });

  it("is not sent while a picture is on its way, nor twice", async () => {
    const { user } = await rendered(<Held first={[slot("a", "uploading")]} />);
    await user.type(box(), "a cup{Enter}");
    await rendered(<Held busy />);
    await user.type(box(), "a cup{Enter}");
    expect(onSend).not.toHaveBeenCalled();
  });

  it("says which picture goes along, and lets go of one that was picked", async () => {
    await rendered(<Held base={baseOf("i1")} />);
    expect(screen.getByText("The last picture goes along as image 1.")).toBeTruthy();
    const { user } = await rendered(<Held base={baseOf("i0")} picked first={[slot("a")]} />);
    expect(screen.getByText("The picture you picked goes along as image 1.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Go on with the last picture instead" }));
    expect(onUnpick).toHaveBeenCalledOnce();
    await user.click(screen.getByRole("button", { name: "Remove image 2" }));
    expect(screen.queryByAltText("a")).toBeNull();
  });
});

describe("what was said", () => {
  const message = (change: Partial<Message>): Message =>
    ({ id: "m", pictures: [], images: [], content: [], note: {}, asked: {}, ...change }) as Message;

  it("shows the pictures that it is about, whoever made them", async () => {
    const hash = "c".repeat(64);
    const addresses = new Map([["made-here", "/v1/images/i1/thumbnail"]]);
    const pictures = ["made-here", hash, "https://x.de/a.png"];
    await rendered(<Said message={message({ content: ["both"], pictures })} addresses={addresses} />);
    expect(screen.getByAltText("image 1").getAttribute("src")).toBe("/v1/images/i1/thumbnail");
    expect(screen.getByAltText("image 2").getAttribute("src")).toBe(`/v1/assets/${hash}/thumbnail`);
    expect(screen.getByText("from the web")).toBeTruthy();
  });

  it("and was not answered says why", async () => {
    const error = { code: "missing_key", detail: "BFL_API_KEY is not set." };
    await rendered(
      <Answer
        message={message({ error })}
        conversation="c"
        base={undefined}
        onPick={() => {}}
        onSayAgain={() => {}}
      />,
    );
    expect(screen.getByRole("alert").textContent).toContain("No key is set for this provider.");
  });

  it("says what was not taken along", async () => {
    const note = {
      left_out: "the last picture: it takes none",
      not_sent: [{ name: "seed", why: "has none" }],
    };
    await rendered(
      <Answer
        message={message({ note })}
        conversation="c"
        base={undefined}
        onPick={() => {}}
        onSayAgain={() => {}}
      />,
    );
    expect(screen.getByText(/^Not taken along/).textContent).toContain("it takes none");
    expect(screen.getByText(/^Not sent/).textContent).toContain("Seed (has none)");
  });
});

const ASSISTANT = {
  id: "editor",
  name: "Editor",
  description: "Changes photos.",
  greeting: "What shall I change?",
  starters: [{ title: "Night", message: "make it night" }],
  models: ["kontext"],
  defaults: { model: "kontext", size: "square" },
  enabled: true,
};
const model = (id: string) => ({
  id,
  titles: { en: id },
  available: true,
  status: "active",
  modes: ["generate", "edit"],
});
const shelf = (enabled: boolean) => ({
  "GET /v1/assistants": { assistants: [{ ...ASSISTANT, enabled }], models: [], faults: [] },
  "GET /v1/models": { default: "flux-2-pro", models: [model("flux-2-pro"), model("kontext")] },
});

describe("who answers", () => {
  let cast: ReturnType<typeof useCast>;
  function Held({ talk }: { talk?: Partial<Talk> }) {
    cast = useCast(talk ? "c1" : "", talk as Talk | undefined);
    return <span>{cast.settings.model}</span>;
  }

  it("is the model alone while nobody is switched on", async () => {
    gateway(shelf(false));
    await rendered(<Held />);
    await waitFor(() => expect(cast.starters).toHaveLength(1));
    expect(cast.assistant).toBeUndefined();
    expect(cast.start).toEqual({ assistant: "", settings: { model: "flux-2-pro" } });
    expect(cast.models.map((one) => one.value)).toEqual(["flux-2-pro", "kontext"]);
  });

  it("is an assistant with its own models and settings; only what differs is said", async () => {
    gateway(shelf(true));
    await rendered(<Held />);
    await waitFor(() => expect(cast.assistant?.id).toBe("editor"));
    expect(cast.settings).toEqual({ model: "kontext", size: "square" });
    expect(cast.start).toEqual({ assistant: "editor", settings: {} });
    expect(cast.models.map((one) => one.value)).toEqual(["kontext"]);
  });

  it("of a conversation is who it was begun with; what is null is left to them", async () => {
    gateway(shelf(true));
    await rendered(<Held talk={{ assistant: null, settings: { model: "flux-2-pro", seed: null } }} />);
    await waitFor(() => expect(cast.models).toHaveLength(2));
    expect(cast.assistant).toBeUndefined();
    expect(cast.settings).toEqual({ model: "flux-2-pro" });
  });

  it("can be chosen before anything was said", async () => {
    const chosen = vi.fn();
    const said = vi.fn();
    gateway(shelf(true));
    const given = { assistants: [ASSISTANT] as never, starters: ASSISTANT.starters };
    const { user } = await rendered(
      <Greeting {...given} assistant={ASSISTANT as never} onAssistant={chosen} onChoose={said} />,
    );
    expect(screen.getByRole("heading", { name: "What shall I change?" })).toBeTruthy();
    await user.click(screen.getByRole("button", { name: /^Night/ }));
    expect(said).toHaveBeenCalledExactlyOnceWith("make it night");
    await user.click(screen.getByRole("combobox", { name: "Assistant" }));
    await user.click(await screen.findByRole("option", { name: "None: the model alone", hidden: true }));
    expect(chosen).toHaveBeenCalledExactlyOnceWith("");
  });

  it("is switched by whoever may; to others it is said", async () => {
    const calls = gateway({
      ...shelf(false),
      "PUT /v1/assistants/editor": problem("forbidden", "Not you.", 403),
    });
    const { user } = await rendered(<Switches />);
    await user.click(await screen.findByRole("button", { name: "Assistants" }));
    await user.click(await screen.findByRole("switch", { name: /Editor/, hidden: true }));
    expect(await screen.findByText("Not you.")).toBeTruthy();
    expect(calls.find((one) => one.method === "PUT")?.body).toEqual({ enabled: true });
  });
});

describe("the gateway's conversations", () => {
  it("are listed, and forgotten only when that is meant", async () => {
    const one = { id: "c1", title: "a harbour", assistant: null, settings: {}, created_at: 1, changed_at: 1 };
    const calls = gateway({
      "GET /v1/conversations": { conversations: [one, { ...one, id: "c2", title: "" }], next: null },
      "DELETE /v1/conversations/c1": {},
    });
    const { user } = await rendered(<Conversations now="c2" />);
    const link = await screen.findByRole("link", { name: /^a harbour/ });
    expect(link.getAttribute("href")).toBe("/chat/c1");
    expect(screen.getByRole("link", { current: "page" }).textContent).toContain("Without a title");
    await user.click(screen.getByRole("button", { name: "Forget this conversation: a harbour" }));
    await user.click(await screen.findByRole("button", { name: "Cancel" }));
    expect(calls.some((call) => call.method === "DELETE")).toBe(false);
    await user.click(screen.getByRole("button", { name: "Forget this conversation: a harbour" }));
    await user.click(await screen.findByRole("button", { name: "Forget this conversation" }));
    await waitFor(() => expect(calls.some((call) => call.method === "DELETE")).toBe(true));
  });

  it("that cannot be forgotten stay, and that is said", async () => {
    const one = { id: "c1", title: "a harbour", assistant: null, settings: {}, created_at: 1, changed_at: 1 };
    gateway({
      "GET /v1/conversations": { conversations: [one], next: null },
      "DELETE /v1/conversations/c1": problem("storage_busy", "Later.", 503),
    });
    const { user, router } = await rendered(<Conversations now="c1" />);
    await user.click(await screen.findByRole("button", { name: "Forget this conversation: a harbour" }));
    await user.click(await screen.findByRole("button", { name: "Forget this conversation" }));
    expect(await screen.findByText(/^The gateway's database is busy\./)).toBeTruthy();
    expect(screen.getByRole("link", { name: /^a harbour/ })).toBeTruthy();
    expect(router.state.location.pathname).toBe("/");
  });

  it("are searched when there are many", async () => {
    const one = { title: "a", assistant: null, settings: {}, created_at: 1, changed_at: 1 };
    const many = Array.from({ length: 9 }, (_, number) => ({ ...one, id: `c${number}` }));
    const asked: string[] = [];
    gateway({ "GET /v1/conversations": () => ({ conversations: asked.at(-1) ? [] : many, next: null }) });
    const send = globalThis.fetch;
    vi.stubGlobal("fetch", (request: Request) => {
      asked.push(new URL(request.url).searchParams.get("q") ?? "");
      return send(request);
    });
    const { user } = await rendered(<Conversations now="" />);
    await user.type(await screen.findByRole("textbox", { name: "Search conversations" }), "fog");
    expect(await screen.findByText("No conversation has these words.")).toBeTruthy();
    expect(asked).toEqual(["", "fog"]);
  });

  it("are begun, spoken to, stopped and set as the page says", async () => {
    const calls = gateway({
      "POST /v1/conversations": { id: "c1" },
      "POST /v1/conversations/c1/messages": { id: "m1" },
      "POST /v1/conversations/c1/stop": { said: ["Cancelled; not charged."] },
      "PATCH /v1/conversations/c1": {},
    });
    const { client } = await rendered(<span />);
    expect(await begin({ model: "flux" }, "")).toBe("c1");
    await say(client, "c1", "a cup", ["i1"]);
    expect(await stop(client, "c1")).toEqual(["Cancelled; not charged."]);
    await changeSettings(client, "c1", { model: "other" });
    expect(calls.map((call) => call.body)).toEqual([
      { title: "", settings: { model: "flux" }, assistant: "" },
      { text: "a cup", pictures: ["i1"], options: {} },
      "",
      { settings: { model: "other" } },
    ]);
  });
});
