// Pictures beside each other.

import assert from "node:assert/strict";
import { counted, create, generated, prompt, rows } from "../steps.mjs";

export async function two_by_two_over_both_providers(visitor) {
  const page = await visitor();
  await page.addInitScript(() => {
    const state = { model: "flux-2-flex", prompt: "compared" };
    localStorage.setItem("fluxroom-draft", JSON.stringify({ version: 1, state }));
  });
  await page.goto("/compare");
  await page.getByRole("button", { name: "Both providers" }).click();
  await page.getByRole("combobox", { name: "Rows" }).click();
  await page.getByRole("option", { name: "Guidance" }).click();
  await page.getByRole("textbox", { name: "Values" }).fill("2, 4");
  const run = page.getByRole("button", { name: /^Make 4 cells/ });
  await page.getByRole("button", { name: /Make 4 cells.*\$0\.20/ }).waitFor();
  await run.click();
  await page.waitForURL("**/compare/*");
  await page.locator("header [role=status]", { hasText: /Finished · 4 of 4/ }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll("td img").length === 4);
  const [best] = await page.getByRole("button", { name: "Best" }).all();
  await best.click();
  await page.locator("button[aria-pressed=true]", { hasText: "Best" }).waitFor();
  await page.reload();
  await page.locator("button[aria-pressed=true]", { hasText: "Best" }).waitFor();
  await page
    .getByRole("button", { name: /^Use these settings/ })
    .first()
    .click();
  await page.waitForURL("**/create");
  assert.equal(await prompt(page).inputValue(), "compared");
}

export async function the_same_on_both_providers_in_two_clicks(visitor) {
  const page = await visitor();
  const clicks = await counted(page);
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: "both of them" });
  await generated(page);
  const before = await clicks();
  await rows(page).first().getByRole("button", { name: "Compare", exact: true }).click();
  await page.getByRole("button", { name: /Make 2 cells.*\$0\.06/ }).click();
  assert.equal((await clicks()) - before, 2);
  await page.waitForURL("**/compare/*");
  await page.locator("header [role=status]", { hasText: /Finished · 2 of 2/ }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll("td img").length === 2);
}

export async function a_grid_of_four_by_three(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-flex", prompt: "a grid" });
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
  await page.locator("header [role=status]", { hasText: /Finished · 12 of 12/ }).waitFor({ timeout: 60_000 });
  await page.waitForFunction(() => document.querySelectorAll("td img").length === 12);
}

export async function cells_are_looked_at_closely_judged_and_told_apart(visitor, base) {
  const page = await visitor();
  await create(page, { model: "flux-2-flex", prompt: "looked at closely" });
  await page.goto("/compare");
  await page.getByRole("button", { name: /^Make 2 cells/ }).click();
  await page.waitForURL("**/compare/*");
  await page.locator("header [role=status]", { hasText: /Finished · 2 of 2/ }).waitFor();
  await page.getByRole("button", { name: "Side by side" }).click();
  const dialog = page.getByRole("dialog");
  const pictures = dialog.locator("figure img");
  await pictures.nth(1).waitFor();
  await dialog.getByRole("group", { name: "Side by side" }).focus();
  for (const key of ["+", "+", "+", "ArrowRight"]) await page.keyboard.press(key);
  await dialog.getByText("Zoom 195 %").waitFor();
  const [one, other] = await pictures.evaluateAll((all) => all.map((each) => each.style.transform));
  assert.equal(one, other, "they move together");
  assert.match(one, /translate\(-10%, 0%\) scale\(1\.95/);
  await dialog.getByRole("row", { name: /Provider bfl fal/ }).waitFor();
  await dialog.getByRole("row", { name: /endpoint/ }).waitFor();
  await dialog.getByText("Before and after").click();
  await dialog.getByRole("button", { name: "100 %" }).click();
  const edge = dialog.getByRole("slider", { name: "Before and after" });
  await edge.focus();
  await page.keyboard.press("ArrowLeft");
  await dialog
    .getByRole("slider", { name: "Before and after" })
    .and(page.locator("[aria-valuenow='99']"))
    .waitFor();
  await dialog.getByText("Side by side").first().click();
  const stars = dialog.getByRole("radio", { name: /^4 stars/ });
  await stars.first().focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.waitForFunction(
    async (address) =>
      (await (await fetch(`${address}/v1/images?rating=4&q=closely`)).json()).images.length > 0,
    base,
  );
}

export async function a_dear_comparison_is_asked_first(visitor, base) {
  const page = await visitor();
  await create(page, { model: "flux-2-max", prompt: `dear cells ${Date.now()}` });
  await page.goto("/compare");
  const runs = async () =>
    (await (await fetch(`${base}/v1/runs?kind=comparison&limit=100`)).json()).runs.length;
  const before = await runs();
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
  assert.equal(await runs(), before);
}

export async function strengths_of_a_lora_beside_each_other(visitor) {
  const page = await visitor();
  await create(page, {
    model: "flux-general",
    prompt: "clay",
    values: { "flux-general": { loras: [{ path: "https://example.com/clay.safetensors", scale: 1 }] } },
  });
  await page.goto("/compare");
  await page.getByRole("button", { name: "Strength of LoRA 1" }).click();
  await page.getByRole("button", { name: /^Make 3 cells/ }).click();
  await page.waitForURL("**/compare/*");
  await page.locator("header [role=status]", { hasText: /Finished · 3 of 3/ }).waitFor();
}
