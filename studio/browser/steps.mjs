// What many flows do: a form with a model in it, a picture that is made, files that are dropped.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const PICTURE = readFileSync(fileURLToPath(new URL("./picture.png", import.meta.url)));
export const FAST = "flux-2-klein-4b";

export const rows = (page) => page.locator("[data-generation]");
export const prompt = (page) => page.locator("#prompt");
export const generate = (page) => page.getByTestId("generate");

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

/** Press Generate, by a click or otherwise, and wait until that request has ended in `state`. */
export async function generated(page, state = "succeeded", press = () => generate(page).click()) {
  await page.waitForLoadState("networkidle", { timeout: 500 }).catch(() => undefined);
  const before = await rows(page)
    .first()
    .getAttribute("data-generation", { timeout: 100 })
    .catch(() => null);
  await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
  await press();
  await page.waitForFunction(
    ([old, wanted]) => {
      const { generation, state } = document.querySelector("[data-generation]")?.dataset ?? {};
      return generation && generation !== old && state === wanted;
    },
    [before, state],
  );
}

/** A picture that was made before, by somebody else. */
export async function earlier(base, prompt = "made before") {
  const answer = await fetch(`${base}/v1/generations`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=30" },
    body: JSON.stringify({ prompt, model: FAST }),
  });
  return (await answer.json()).images[0];
}

export async function newest(base) {
  const answer = await fetch(`${base}/v1/generations?limit=1`);
  return (await answer.json()).generations[0];
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

/** The picture that comes of changing another one. */
export async function edited(base, reference, prompt) {
  const answer = await fetch(`${base}/v1/generations`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=30" },
    body: JSON.stringify({ prompt, model: FAST, references: [reference] }),
  });
  return (await answer.json()).images[0];
}

/** Mark a picture past the page. */
export async function patch(base, id, marks) {
  await fetch(`${base}/v1/images/${id}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(marks),
  });
}

/** Ask the gateway until it says so; the page has told it, but not yet when. */
export async function until(page, ask, wanted) {
  for (let tries = 0; tries < 100; tries++) {
    if ((await ask()) === wanted) return;
    await page.waitForTimeout(100);
  }
  throw new Error(`not ${wanted} but ${await ask()}`);
}
