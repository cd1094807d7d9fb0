// Pictures beside each other.

import assert from "node:assert/strict";
import { prompt } from "../steps.mjs";

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
  await page.getByText(/Finished · 4 of 4/).waitFor();
  assert.equal(await page.locator("td img").count(), 4);
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
