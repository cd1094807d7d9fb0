// What stands around every screen.

import assert from "node:assert/strict";
import {
  asked,
  counted,
  create,
  earlier,
  generate,
  generated,
  holds,
  prompt,
  ready,
  row,
  rowIn,
  rows,
  unique,
  until,
  whilePaused,
} from "../steps.mjs";

export async function everything_works_without_a_mouse(visitor) {
  const page = await visitor();
  const text = unique("typed, not clicked ");
  await create(page);
  await page.keyboard.press("p");
  await page.waitForFunction(() => document.activeElement?.id === "prompt");
  await page.keyboard.type(text);
  await generated(page, "succeeded", () => page.keyboard.press("Control+Enter"));
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("g");
  await page.keyboard.press("g");
  await page.waitForURL("**/gallery");
  const search = page.getByRole("textbox", { name: "Search prompts" });
  await search.waitFor();
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement?.tagName === "INPUT");
  await page.keyboard.type(text);
  const grid = page.getByRole("grid");
  await until(page, () => page.getByRole("gridcell").count(), 1);
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
  await holds(prompt(page), text);
}

export async function two_tabs_agree(visitor, base) {
  await earlier(base);
  const page = await visitor();
  const other = await page.context().newPage();
  const text = unique("seen twice ");
  await create(page, { prompt: text });
  await other.goto("/create");
  await rows(other).first().waitFor();
  await ready(page);
  const made = await asked(page, () => generate(page).click());
  await row(other, made).getByText(text).first().waitFor();
  await rowIn(other, made, "succeeded").waitFor();
}

export async function the_language_is_german_everywhere(visitor) {
  const page = await visitor();
  await create(page);
  await page.getByRole("button", { name: /Language/ }).click();
  await page.getByRole("menuitem", { name: "Deutsch" }).click();
  await page.getByRole("button", { name: /^Erzeugen/ }).waitFor();
  await page.locator("html[lang=de]").waitFor();
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
  const heron = unique("heron");
  await earlier(base, `a ${heron}`);
  const page = await visitor();
  await create(page, { recent: ["an old prompt about herons"] });
  const box = page.getByRole("combobox", { name: "Search or command" });
  const ask = async (text, option) => {
    await box.waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "combobox");
    await page.keyboard.type(text);
    await holds(box, text);
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
  await holds(prompt(page), "an old prompt about herons");
  await ask(`a ${heron}`, new RegExp(`^a ${heron}`));
  await page
    .getByRole("option", { name: new RegExp(`^a ${heron}`) })
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
  await page.evaluate(() => document.activeElement?.blur());
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
  const letters = page.getByRole("switch", { name: /^Single-letter shortcuts/ });
  await letters.press("Space");
  await letters.and(page.locator(":not(:checked)")).waitFor({ state: "attached" });
  await page.evaluate(() => document.activeElement?.blur());
  for (const key of ["g", "g", "q", "?"]) await page.keyboard.press(key);
  // What comes after the letters has come: they have done nothing.
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or command" }).waitFor();
  assert.match(page.url(), /settings$/);
  assert.equal(await page.getByRole("dialog").count(), 1);
}

export async function everything_that_waits_is_cancelled_in_two_clicks_and_taken_back(visitor, base) {
  await whilePaused(base, "bfl", async (resume) => {
    const page = await visitor();
    const clicks = await counted(page);
    const word = unique("waits ");
    const count = (state) => page.locator(`[data-state=${state}]`, { hasText: word }).count();
    await create(page, { model: "flux-2-pro", provider: "bfl", prompt: word });
    for (let number = 0; number < 2; number++) await generated(page, "queued");
    const before = await clicks();
    await page.getByRole("button", { name: /^Queue/ }).click();
    await page.getByRole("button", { name: "Cancel all waiting" }).click();
    assert.equal((await clicks()) - before, 2);
    await page.getByText(/requests were cancelled/).waitFor();
    await until(page, () => count("cancelled"), 2);
    await page.getByRole("button", { name: "Undo" }).click();
    await resume();
    await until(page, () => count("succeeded"), 2);
  });
}

export async function one_of_the_queue_is_cancelled(visitor, base) {
  await whilePaused(base, "bfl", async () => {
    const page = await visitor();
    const word = unique("single ");
    await create(page, { model: "flux-2-pro", provider: "bfl", prompt: word });
    await generated(page, "queued");
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("q");
    await page.getByRole("button", { name: `Cancel: ${word}` }).press("Enter");
    await page.getByText("1 request was cancelled.").waitFor();
  });
}
