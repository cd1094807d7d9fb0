// What stands around every screen.

import assert from "node:assert/strict";
import { create, generate, generated, prompt, rows } from "../steps.mjs";

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
