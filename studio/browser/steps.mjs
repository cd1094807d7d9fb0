// What many flows do: a form with a model in it, a picture that is made, files that are dropped.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

export const PICTURE = readFileSync(fileURLToPath(new URL("./picture.png", import.meta.url)));
export const FAST = "flux-2-klein-4b";
/** Milliseconds that a loaded machine may take for one thing: it costs time only where something is broken. */
export const PATIENCE = 30_000;

export const rows = (page) => page.locator("[data-generation]");
export const prompt = (page) => page.locator("#prompt");
export const generate = (page) => page.getByTestId("generate");

/** The row of one request, and once it has come to a state. Others make pictures too: the first row is anybody's. */
export const row = (page, { id }) => page.locator(`[data-generation="${id}"]`);
export const rowIn = (page, made, state) => row(page, made).and(page.locator(`[data-state=${state}]`));

/** A word that nobody else uses at this gateway. */
export const unique = (word) => `${word}${Date.now()}${Math.random().toString(36).slice(2, 6)}`;

/** Until the button is there and can be pressed. */
export const ready = (page, button = "generate") =>
  page.waitForFunction((id) => document.querySelector(`[data-testid=${id}]`)?.disabled === false, button);

/** Until the button has the price on it. */
export const priced = (page, price, button = "generate") =>
  page.waitForFunction(
    ([id, text]) => {
      const found = document.querySelector(`[data-testid=${id}]`);
      return found?.disabled === false && new RegExp(text).test(found.textContent);
    },
    [button, price.source],
  );

/** Clicks of a person, counted where they land; what a key does is none. */
export async function counted(page) {
  await page.addInitScript(() => {
    window.__clicks = 0;
    addEventListener("pointerdown", (event) => event.isTrusted && window.__clicks++, true);
  });
  return () => page.evaluate(() => window.__clicks);
}

/** The form with a model in it, as somebody finds it who was here before. */
export async function create(page, { model = FAST, ...draft } = {}) {
  await page.addInitScript(
    ([state]) => {
      if (!localStorage.getItem("fluxroom-draft")) {
        localStorage.setItem("fluxroom-draft", JSON.stringify({ version: 1, state }));
      }
    },
    [{ model, ...draft }],
  );
  await page.goto("/create");
  await generate(page).waitFor();
}

/** Do what asks the gateway for a generation; the answer, which has its id. */
export async function asked(page, act) {
  const isIt = (one) =>
    one.request().method() === "POST" && new URL(one.url()).pathname === "/v1/generations";
  const [answer] = await Promise.all([page.waitForResponse(isIt), act()]);
  const said = await answer.json();
  assert.ok(answer.ok(), `the gateway refused it: ${JSON.stringify(said)}`);
  return said;
}

/** Press Generate, by a click or otherwise, and wait until that request has ended in `state`; the generation. */
export async function generated(page, state = "succeeded", press = () => generate(page).click()) {
  await ready(page);
  const { id } = await asked(page, press);
  await rowIn(page, { id }, state).waitFor();
  return (await page.request.get(`/v1/generations/${id}`)).json();
}

/** A picture that was made before, by somebody else. */
export const earlier = (base, prompt = "made before") => made(base, { prompt, model: FAST });

/** The picture that comes of changing another one. */
export const edited = (base, reference, prompt) =>
  made(base, { prompt, model: FAST, references: [reference] });

async function made(base, body) {
  const answer = await fetch(`${base}/v1/generations`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { id } = await answer.json();
  const { state, images } = await settled(base, id);
  assert.equal(state, "succeeded", `${id}: ${body.prompt}`);
  return images[0];
}

/** A generation, once nothing of it is under way. */
export async function settled(base, id) {
  for (const end = Date.now() + PATIENCE; ; await new Promise((later) => setTimeout(later, 100))) {
    const found = await (await fetch(`${base}/v1/generations/${id}`)).json();
    if (found.settled) return found;
    assert.ok(Date.now() < end, `${id} is still ${found.state}`);
  }
}

/** Files dropped on an element, as from the desktop. */
export async function drop(page, target, files) {
  const transfer = await page.evaluateHandle((list) => {
    const found = new DataTransfer();
    for (const { name, type, data } of list) {
      const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
      found.items.add(new File([bytes], name, { type }));
    }
    return found;
  }, files);
  await target.dispatchEvent("dragover", { dataTransfer: transfer });
  await target.dispatchEvent("drop", { dataTransfer: transfer });
}

export const png = (name) => ({ name, type: "image/png", data: PICTURE.toString("base64") });

/** Mark a picture past the page. */
export async function patch(base, id, marks) {
  await fetch(`${base}/v1/images/${id}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(marks),
  });
}

/** Ask until the answer is this one: what the page or the gateway will say in a moment it may not say yet. */
export async function until(page, ask, wanted) {
  let found;
  for (const end = Date.now() + PATIENCE; Date.now() < end; await page.waitForTimeout(100)) {
    found = await ask();
    if (isDeepStrictEqual(found, wanted)) return;
  }
  assert.deepEqual(found, wanted, "it never came to that");
}

/** Until a field has this in it. */
export const holds = (field, wanted) => until(field.page(), () => field.inputValue(), wanted);

/** Until a picture is there and can be seen. */
export async function seen(picture) {
  await picture.waitFor();
  const page = picture.page();
  await until(page, () => picture.evaluate((one) => one.complete && one.naturalWidth > 0), true);
}

/** Nothing is sent to a provider while `work` is done: what is under way then cannot end too soon. */
export async function whilePaused(base, provider, work) {
  const tell = async (word) => {
    const { status } = await fetch(`${base}/v1/providers/${provider}/${word}`, { method: "POST" });
    assert.ok(status < 300, `${provider} cannot be told to ${word}: ${status}`);
  };
  await tell("pause");
  try {
    await work(() => tell("resume"));
  } finally {
    await tell("resume");
  }
}
