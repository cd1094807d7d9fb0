// Pictures beside each other.

import assert from "node:assert/strict";
import { counted, create, generated, holds, PATIENCE, prompt, row, unique, until } from "../steps.mjs";

const FIRST_LOOK = { timeout: 2 * PATIENCE }; // several pictures at a time
const status = (page, text) => page.locator("header [role=status]", { hasText: text });
const drawn = (page, count) =>
  page.waitForFunction((wanted) => document.querySelectorAll("td img").length === wanted, count);

export async function two_by_two_over_both_providers(visitor) {
  const page = await visitor();
  const text = unique("compared ");
  await page.addInitScript((words) => {
    const state = { model: "flux-2-flex", prompt: words };
    localStorage.setItem("fluxroom-draft", JSON.stringify({ version: 1, state }));
  }, text);
  await page.goto("/compare");
  await page.getByRole("button", { name: "Both providers" }).click();
  await page.getByRole("combobox", { name: "Rows" }).click();
  await page.getByRole("option", { name: "Guidance" }).click();
  await page.getByRole("textbox", { name: "Values" }).fill("2, 4");
  const run = page.getByRole("button", { name: /^Make 4 cells/ });
  await page.getByRole("button", { name: /Make 4 cells.*\$0\.20/ }).waitFor();
  await run.click();
  await page.waitForURL("**/compare/*");
  await status(page, /Finished · 4 of 4/).waitFor(FIRST_LOOK);
  await drawn(page, 4);
  await page.getByRole("button", { name: "Best" }).first().click();
  await page.locator("button[aria-pressed=true]", { hasText: "Best" }).waitFor();
  await page.reload();
  await page.locator("button[aria-pressed=true]", { hasText: "Best" }).waitFor();
  await page
    .getByRole("button", { name: /^Use these settings/ })
    .first()
    .click();
  await page.waitForURL("**/create");
  await holds(prompt(page), text);
}

export async function the_same_on_both_providers_in_two_clicks(visitor) {
  const page = await visitor();
  const clicks = await counted(page);
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: unique("both ") });
  const made = await generated(page);
  const before = await clicks();
  await row(page, made).getByRole("button", { name: "Compare", exact: true }).click();
  await page.getByRole("button", { name: /Make 2 cells.*\$0\.06/ }).click();
  assert.equal((await clicks()) - before, 2);
  await page.waitForURL("**/compare/*");
  await status(page, /Finished · 2 of 2/).waitFor(FIRST_LOOK);
  await drawn(page, 2);
}

export async function a_grid_of_four_by_three(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-flex", prompt: unique("a grid ") });
  await page.goto("/compare");
  await page.getByRole("combobox", { name: "Columns" }).click();
  await page.getByRole("option", { name: "Seed", exact: true }).click();
  const values = page.getByRole("textbox", { name: "Values" });
  await values.first().fill("1, 2, 3, 4");
  await page.getByRole("combobox", { name: "Rows" }).click();
  await page.getByRole("option", { name: "Guidance", exact: true }).click();
  await values.last().fill("2, 4, 6");
  await page.getByText("4 × 3 = 12 cells").waitFor();
  await page.getByRole("button", { name: /^Make 12 cells/ }).click();
  await page.waitForURL("**/compare/*");
  await status(page, /Finished · 12 of 12/).waitFor(FIRST_LOOK);
  await drawn(page, 12);
}

export async function cells_are_looked_at_closely_judged_and_told_apart(visitor, base) {
  const page = await visitor();
  const word = unique("closely");
  await create(page, { model: "flux-2-flex", prompt: `looked at ${word}` });
  await page.goto("/compare");
  await page.getByRole("button", { name: /^Make 2 cells/ }).click();
  await page.waitForURL("**/compare/*");
  await status(page, /Finished · 2 of 2/).waitFor(FIRST_LOOK);
  await drawn(page, 2);
  await page.getByRole("button", { name: "Side by side" }).click();
  const dialog = page.getByRole("dialog");
  const pictures = dialog.locator("figure img");
  await pictures.nth(1).waitFor();
  await dialog.getByRole("group", { name: "Side by side" }).focus();
  for (const key of ["+", "+", "+", "ArrowRight"]) await page.keyboard.press(key);
  await dialog.getByText("Zoom 195 %").waitFor();
  // They move together.
  const moved = (all) => all.filter((one) => /translate\(-10%, 0%\) scale\(1\.95/.test(one.style.transform));
  await until(page, async () => (await pictures.evaluateAll(moved)).length, 2);
  await dialog.getByRole("row", { name: /Provider bfl fal/ }).waitFor();
  await dialog.getByRole("row", { name: /endpoint/ }).waitFor();
  await dialog.getByText("Before and after").click();
  await dialog.getByRole("button", { name: "100 %" }).click();
  const edge = dialog.getByRole("slider", { name: "Before and after" });
  await edge.and(page.locator("[aria-valuenow='100']")).waitFor();
  await edge.press("ArrowLeft");
  await dialog
    .getByRole("slider", { name: "Before and after" })
    .and(page.locator("[aria-valuenow='99']"))
    .waitFor();
  await dialog.getByText("Side by side").first().click();
  const rated = page.waitForResponse((one) => one.request().method() === "PATCH" && one.ok());
  await dialog
    .getByRole("radio", { name: /^4 stars/ })
    .first()
    .press("Space");
  await rated;
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  const four = async () => (await (await fetch(`${base}/v1/images?rating=4&q=${word}`)).json()).images.length;
  await until(page, four, 1);
}

export async function a_dear_comparison_is_asked_first(visitor, base) {
  const page = await visitor();
  const text = unique("dear cells ");
  await create(page, { model: "flux-2-max", prompt: text });
  await page.goto("/compare");
  await page.getByRole("combobox", { name: "Columns" }).click();
  await page.getByRole("option", { name: "Seed", exact: true }).click();
  await page
    .getByRole("textbox", { name: "Values" })
    .first()
    .fill(Array.from({ length: 20 }, (_, seed) => seed + 1).join(", "));
  await page.getByRole("button", { name: /^Make 20 cells.*\$1\.40/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Make 20 cells for about $1.40?").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  const { runs } = await (await fetch(`${base}/v1/runs?kind=comparison&limit=100`)).json();
  assert.ok(runs.every((one) => one.name !== text));
}

export async function strengths_of_a_lora_beside_each_other(visitor) {
  const page = await visitor();
  await create(page, {
    model: "flux-general",
    prompt: unique("clay "),
    values: { "flux-general": { loras: [{ path: "https://example.com/clay.safetensors", scale: 1 }] } },
  });
  await page.goto("/compare");
  await page.getByRole("button", { name: "Strength of LoRA 1" }).click();
  await page.getByRole("button", { name: /^Make 3 cells/ }).click();
  await page.waitForURL("**/compare/*");
  await status(page, /Finished · 3 of 3/).waitFor(FIRST_LOOK);
}
