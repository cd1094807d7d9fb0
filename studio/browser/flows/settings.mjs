// How the gateway stands, who may use it, what things cost, what pictures are made with.

import assert from "node:assert/strict";
import { create, earlier, FAST, generated, holds, prompt, unique, until } from "../steps.mjs";

export async function a_key_of_a_provider_is_tried(visitor) {
  const page = await visitor();
  await page.goto("/settings");
  const bfl = page.getByRole("article").filter({ hasText: "Black Forest Labs" });
  await bfl.getByRole("button", { name: "Try the key" }).click();
  await bfl.getByText(/The provider knows the key; [\d.,]+ credits are left/).waitFor();
  const fal = page.getByRole("article").filter({ hasText: "fal.ai" });
  await fal.getByRole("button", { name: "Try the key" }).click();
  await fal.getByText("The provider knows the key. The sandbox answered in its place.").waitFor();
}

export async function sending_to_a_provider_is_stopped_and_goes_on(visitor, base) {
  const page = await visitor();
  await page.goto("/settings");
  const fal = page.getByRole("article").filter({ hasText: "fal.ai" });
  const paused = async () =>
    (await (await fetch(`${base}/v1/providers`)).json()).providers.find((one) => one.provider === "fal")
      .paused;
  try {
    await fal.getByRole("button", { name: "Stop sending" }).press("Enter");
    await fal.getByText("paused").waitFor();
    await until(page, paused, true);
    await fal.getByRole("button", { name: "Send again" }).press("Enter");
    await until(page, paused, false);
  } finally {
    await fetch(`${base}/v1/providers/fal/resume`, { method: "POST" });
  }
}

export async function a_key_is_made_shown_once_and_revoked(visitor, base) {
  const page = await visitor();
  const name = unique("anna ");
  await page.goto("/settings");
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("textbox", { name: "Budget a day" }).fill("5");
  await page.getByRole("button", { name: "Make a key" }).click();
  await page.getByText(`The key of ${name}. Copy it now: nobody can show it again.`).waitFor();
  const key = await page.locator("pre").innerText();
  assert.match(key, /^flux_/);
  const call = () => fetch(`${base}/v1/images?limit=1`, { headers: { authorization: `Bearer ${key}` } });
  await until(page, async () => (await call()).status, 200);
  await page.reload();
  const row = page.getByRole("row", { name: new RegExp(name) });
  await row.getByText("make pictures").waitFor();
  assert.equal(await page.locator("pre").count(), 0);
  await row.getByRole("button", { name: /^Revoke/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(`The key of ${name} opens nothing any more.`, { exact: false }).waitFor();
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await row.getByText("revoked").waitFor();
  await until(page, async () => (await call()).status, 401);
  await page.goto("/costs");
  const budget = page.getByText(`Key: ${name} · $5.00 a day`);
  await budget.waitFor();
}

export async function how_long_things_are_kept_is_said(visitor) {
  const page = await visitor();
  await page.goto("/settings");
  await page.getByRole("row", { name: /Pictures in the trash 30 days Set FLUXROOM_TRASH_DAYS/ }).waitFor();
  await page.getByRole("row", { name: /Words and settings of requests for ever/ }).waitFor();
}

export async function what_today_cost_is_seen_without_a_click(visitor, base) {
  await earlier(base, "costs something");
  const page = await visitor();
  await create(page);
  const today = new Date().toISOString().slice(0, 10);
  const pill = page.getByRole("link", { name: /^Spent today: \$/ });
  // What was begun before is charged when it is done: both figures may grow, and are the same in the end.
  await until(
    page,
    async () => {
      const usage = await (await fetch(`${base}/v1/usage?by=day&since=${today}&sandbox=true`)).json();
      const shown = Number((await pill.innerText()).split("/")[0].replace(/[^\d.]/g, ""));
      return Math.abs(shown - Number(usage.total.charged)) < 0.01;
    },
    true,
  );
  await pill.click();
  await page.getByRole("heading", { level: 1, name: "Costs" }).waitFor();
}

export async function costs_by_model_and_as_a_file(visitor, base) {
  await earlier(base, "costs by model");
  const page = await visitor();
  await page.goto("/costs");
  await page.getByRole("combobox", { name: "By" }).click();
  await page.getByRole("option", { name: "Model" }).click();
  await page.getByRole("cell", { name: new RegExp(`^${FAST}`) }).waitFor();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download CSV" }).click(),
  ]);
  assert.equal(file.suggestedFilename(), "fluxroom-usage-by-model.csv");
}

export async function a_budget_is_set_for_a_run_and_removed(visitor, base) {
  const page = await visitor();
  await page.goto("/costs");
  await page.getByRole("combobox", { name: "For" }).click();
  await page.getByRole("option", { name: "Run" }).click();
  const set = page.getByRole("button", { name: "Set a budget" });
  await until(page, () => set.isDisabled(), true);
  const name = unique("autumn");
  await page.getByRole("textbox", { name: "Name of the run" }).fill(name);
  await page.getByRole("textbox", { name: "Dollars" }).fill("12.5");
  await set.click();
  await page.getByText(`Run: ${name} · $12.50 a day`).waitFor();
  const scopes = async () =>
    (await (await fetch(`${base}/v1/budgets`)).json()).budgets.some((one) => one.scope === `run:${name}`);
  await until(page, scopes, true);
  const row = page
    .locator("div", { hasText: `Run: ${name}` })
    .locator("..")
    .getByRole("button", { name: "Remove" });
  await row.last().click();
  await until(page, scopes, false);
}

export async function a_lora_is_kept_and_used_with_one_press(visitor) {
  const page = await visitor();
  await create(page, { prompt: "a fox" });
  await page.goto("/models");
  await page.getByRole("tab", { name: "LoRA" }).click();
  const path = page.getByRole("textbox", { name: "Address or Hugging Face name of the weights" });
  await path.fill("not a path");
  await page.getByText("An address that begins with https://, or owner/name").waitFor();
  await path.fill("https://example.com/clay.safetensors");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Clay");
  await page.getByRole("textbox", { name: "Words that wake it" }).fill("claymation");
  await page.getByRole("textbox", { name: "Strength" }).fill("0.8");
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByRole("article").filter({ hasText: "Clay" }).waitFor();
  await page.reload();
  await page.getByRole("tab", { name: "LoRA" }).click();
  const card = page.getByRole("article").filter({ hasText: "Clay" });
  await card.getByRole("button", { name: /^Use with/ }).click();
  await page.waitForURL("**/create");
  await holds(prompt(page), "claymation, a fox");
  const made = await generated(page);
  assert.deepEqual(made.params.loras, [{ path: "https://example.com/clay.safetensors", scale: 0.8 }]);
}

export async function a_model_is_found_by_what_it_is_good_at(visitor) {
  const page = await visitor();
  await page.goto("/models");
  await page.getByRole("textbox", { name: "Search models" }).fill("fill");
  const card = page.getByRole("article").first();
  await card.getByText(/weights:/).waitFor();
  await card.getByRole("button", { name: "Use it" }).click();
  await page.waitForURL("**/create");
}

export async function the_first_page_has_language_theme_and_a_key_test(visitor) {
  const page = await visitor();
  await page.goto("/");
  await page.waitForURL("**/welcome");
  await page.getByText("Deutsch", { exact: true }).click();
  await page.getByRole("heading", { name: "Willkommen bei Fluxroom" }).waitFor();
  await page.getByText("Dunkel", { exact: true }).click();
  await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
  await page.getByText("BFL_API_KEY=…").waitFor();
}

export async function a_prompt_is_expanded_and_the_old_one_kept(visitor) {
  const page = await visitor();
  await create(page, { prompt: "a lighthouse" });
  await page.getByRole("button", { name: "Expand the prompt" }).click();
  await page.getByRole("textbox", { name: /^In which way/ }).fill("closer");
  await page.getByRole("button", { name: "Suggest three" }).click();
  const uses = page.getByRole("button", { name: /^Use: / });
  await uses.nth(2).waitFor();
  const label = await uses.nth(1).getAttribute("aria-label");
  await uses.nth(1).click();
  await holds(prompt(page), label.replace(/^Use: /, ""));
  await page.getByRole("button", { name: "Recent prompts" }).click();
  await page.getByRole("menuitem", { name: "a lighthouse" }).click();
  await holds(prompt(page), "a lighthouse");
}
