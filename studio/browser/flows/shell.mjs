// What stands around every screen.

import assert from "node:assert/strict";
import { counted, create, earlier, generate, generated, prompt, rows, until } from "../steps.mjs";

export async function everything_works_without_a_mouse(visitor) {
  const page = await visitor();
  await create(page);
  await page.keyboard.press("p");
  await page.keyboard.type("typed, not clicked");
  await generated(page, "succeeded", () => page.keyboard.press("Control+Enter"));
  await page.locator("body").press("Escape");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("g");
  await page.keyboard.press("g");
  await page.waitForURL("**/gallery");
  const grid = page.getByRole("grid");
  await grid.locator("a[tabindex='0']").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("4");
  await page
    .getByRole("gridcell")
    .first()
    .getByRole("link", { name: /4 stars/ })
    .waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/i/*");
  await page.getByRole("cell", { name: "flux-2-klein-4b" }).waitFor();
  await page.keyboard.press("a");
  await page.waitForURL("**/create");
  assert.equal(await prompt(page).inputValue(), "typed, not clicked");
}

export async function two_tabs_agree(visitor) {
  const page = await visitor();
  const other = await page.context().newPage();
  await create(page, { prompt: "seen twice" });
  await other.goto("/create");
  await rows(other).first().waitFor();
  const known = await rows(other).count();
  await generate(page).click();
  await other.waitForFunction(
    (before) => document.querySelectorAll("[data-generation]").length > before,
    known,
  );
  const row = rows(other).first();
  await row.getByText("seen twice").first().waitFor();
  await other.locator('[data-generation][data-state="succeeded"]').first().waitFor();
}

export async function the_language_is_german_everywhere(visitor) {
  const page = await visitor();
  await create(page);
  await page.getByRole("button", { name: /Language/ }).click();
  await page.getByRole("menuitem", { name: "Deutsch" }).click();
  await page.getByRole("button", { name: /^Erzeugen/ }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  for (const [address, title] of [
    ["/gallery", "Galerie"],
    ["/chat", "Gespräch"],
    ["/compare", "Vergleichen"],
    ["/bulk", "Serie"],
    ["/models", "Modelle"],
    ["/costs", "Kosten"],
    ["/settings", "Einstellungen"],
    ["/welcome", "Willkommen bei Fluxroom"],
  ]) {
    await page.goto(address);
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
  }
}

export async function the_palette_leads_everywhere(visitor, base) {
  await earlier(base, `a heron ${Date.now()}`);
  const page = await visitor();
  await create(page, { recent: ["an old prompt about herons"] });
  const box = page.getByRole("combobox", { name: "Search or command" });
  const ask = async (text, option) => {
    await page.keyboard.press("Control+k");
    await box.waitFor();
    await page.keyboard.type(text);
    if (option) await page.getByRole("option", { name: option }).first().waitFor();
  };
  await ask("setti", /^Settings/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/settings");
  await ask("klein 9B", /^FLUX.2 \[klein\] 9B/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/create");
  await page.locator("button[aria-haspopup=dialog]", { hasText: "FLUX.2 [klein] 9B" }).waitFor();
  await ask("old prompt", /^an old prompt/);
  await page.keyboard.press("Enter");
  assert.equal(await prompt(page).inputValue(), "an old prompt about herons");
  await ask("a heron", /^a heron/);
  await page
    .getByRole("option", { name: /^a heron/ })
    .first()
    .click();
  await page.waitForURL(/\/i\//);
  await ask("nothing like this at all");
  await page.keyboard.press("Escape");
  await box.waitFor({ state: "detached" });
}

export async function a_question_mark_lists_every_key(visitor) {
  const page = await visitor();
  await create(page);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  for (const name of [
    "Generate",
    "Search or command",
    "Rate it",
    "Use its settings with another seed",
    "Costs",
  ])
    await dialog.getByRole("cell", { name, exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
}

export async function single_letters_can_be_switched_off(visitor) {
  const page = await visitor();
  await page.goto("/settings");
  await page.getByRole("switch", { name: /^Single-letter shortcuts/ }).press("Space");
  await page.evaluate(() => document.activeElement.blur());
  for (const key of ["g", "g", "q", "?"]) await page.keyboard.press(key);
  assert.match(page.url(), /settings$/);
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or command" }).waitFor();
}

export async function everything_that_waits_is_cancelled_in_two_clicks_and_taken_back(visitor, base) {
  const provider = (word) => fetch(`${base}/v1/providers/bfl/${word}`, { method: "POST" });
  await provider("pause");
  try {
    const page = await visitor();
    const clicks = await counted(page);
    const word = `waits ${Date.now()}`;
    const count = (state) => page.locator(`[data-state=${state}]`, { hasText: word }).count();
    await create(page, { model: "flux-2-pro", provider: "bfl", prompt: word });
    for (let number = 0; number < 2; number++) await generated(page, "queued");
    const before = await clicks();
    await page.getByRole("button", { name: /^Queue/ }).click();
    await page.getByRole("button", { name: "Cancel all waiting" }).click();
    assert.equal((await clicks()) - before, 2);
    await page.getByText("2 requests were cancelled.").waitFor();
    await until(page, () => count("cancelled"), 2);
    await page.getByRole("button", { name: "Undo" }).click();
    await provider("resume");
    await until(page, () => count("succeeded"), 2);
  } finally {
    await provider("resume");
  }
}

export async function one_of_the_queue_is_cancelled(visitor, base) {
  const provider = (word) => fetch(`${base}/v1/providers/bfl/${word}`, { method: "POST" });
  await provider("pause");
  try {
    const page = await visitor();
    const word = `single ${Date.now()}`;
    await create(page, { model: "flux-2-pro", provider: "bfl", prompt: word });
    await generated(page, "queued");
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("q");
    await page.getByRole("button", { name: `Cancel: ${word}` }).press("Enter");
    await page.getByText("1 request was cancelled.").waitFor();
  } finally {
    await provider("resume");
  }
}
