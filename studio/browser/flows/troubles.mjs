// What happens when no picture comes.

import assert from "node:assert/strict";
import { create, generate, generated, newest, prompt, rows } from "../steps.mjs";

export async function moderation_is_explained(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-pro", prompt: "moderate-me" });
  await generated(page, "moderated_input");
  const card = rows(page).first();
  await card.getByText("The provider refused the prompt or a reference before starting.").waitFor();
  await card.getByText(/Reason given/).waitFor();
  await card.getByRole("button", { name: "Send to fal" }).waitFor();
  await card.getByRole("button", { name: /^Try FLUX/ }).waitFor();
  await card.getByRole("button", { name: "Edit the prompt" }).click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "prompt");
  await prompt(page).fill("moderate-me-output");
  await generated(page, "moderated_output");
  await rows(page).first().getByText("The picture was made, then withheld by the provider.").waitFor();
  await rows(page).first().getByRole("button", { name: "Another seed" }).waitFor();
}

export async function the_safety_level_is_one_press_away(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: "moderate-me please" });
  await generated(page, "moderated_input");
  await prompt(page).fill("something else");
  await rows(page)
    .first()
    .getByRole("button", { name: /^Safety level \(\S+ of 0–5\)/ })
    .click();
  assert.equal(await prompt(page).inputValue(), "moderate-me please");
  await page.waitForFunction(() => document.activeElement.closest("[data-field=safety_tolerance]"));
}

export async function a_budget_stops_before_anything_is_sent_and_shows_the_ways_on(visitor, base) {
  const budget = `${base}/v1/budgets/all/total`;
  const put = (most) =>
    fetch(budget, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ most }),
    });
  await put("1000000");
  const { budgets } = await (await fetch(`${base}/v1/budgets?sandbox=true`)).json();
  const { spent } = budgets.find((one) => one.scope === "all" && one.period === "total");
  await put(String(Number(spent) + 0.07));
  try {
    const page = await visitor();
    await create(page, {
      model: "flux-2-pro",
      provider: "bfl",
      prompt: "stopped",
      values: { "flux-2-pro": { num_images: 4, image_size: "square_hd" } },
    });
    const before = (await newest(base))?.id;
    await page.waitForFunction(() =>
      /\$0\.12/.test(document.querySelector("[data-testid=generate]").textContent),
    );
    await generate(page).click();
    const alert = page.getByRole("alert");
    await alert.getByText("This costs $0.12; $0.07 is left of the budget.").waitFor();
    assert.equal((await newest(base))?.id, before, "nothing was sent");
    assert.equal(await prompt(page).inputValue(), "stopped");
    await alert.getByRole("link", { name: "Raise the budget" }).waitFor();
    await alert.getByRole("button", { name: "Generate 2 of 4" }).click();
    await page.locator("[data-generation][data-state=succeeded]", { hasText: "stopped" }).waitFor();
    assert.equal((await newest(base)).jobs.length, 2);
    await page.getByRole("link", { name: /Spent today/ }).click();
    await page.getByText("Everybody", { exact: false }).first().waitFor();
  } finally {
    await fetch(budget, { method: "DELETE" });
  }
}

export async function the_limit_of_a_provider_is_told_with_the_next_try(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: "patient [[fault:submit-429=6]]" });
  await generate(page).click();
  const row = page.locator("[data-generation]", { hasText: "patient" }).first();
  await row.getByText(/At the provider's limit. Next try in \d+ s, by itself./).waitFor();
  await row.and(page.locator("[data-state=succeeded]")).waitFor();
}

export async function a_job_in_doubt_is_decided_by_a_person(visitor) {
  const page = await visitor();
  await create(page, {
    model: "flux-2-pro",
    provider: "bfl",
    prompt: `doubtful ${Date.now()} [[fault:submit-drop-after]]`,
  });
  await generated(page, "unknown");
  const row = rows(page).first();
  await row
    .getByText("The provider may or may not have taken the job. It is not sent again by itself.")
    .waitFor();
  await row.getByRole("button", { name: "Give up" }).click();
  await row.and(page.locator("[data-state=abandoned]")).waitFor();
}

export async function what_failed_is_sent_to_the_other_provider(visitor, base) {
  const page = await visitor();
  const word = `elsewhere ${Date.now()}`;
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: `${word} [[fault:error=boom]]` });
  await generated(page, "failed");
  await rows(page).first().getByText("The provider reported an error of its own.").waitFor();
  await rows(page).first().getByRole("button", { name: "Send to fal" }).click();
  await page.waitForFunction(() =>
    document.querySelectorAll("[data-generation]")[0]?.innerText.includes("· fal ·"),
  );
  assert.equal((await newest(base)).provider, "fal");
}

export async function the_gateways_english_is_behind_one_press_in_german(visitor) {
  const page = await visitor({ locale: "de-DE" });
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: "moderate-me" });
  await generated(page, "moderated_input");
  const row = rows(page).first();
  await row.getByText("Der Anbieter hat Prompt oder Referenz vor dem Start abgelehnt.").waitFor();
  const english = row.locator("[lang=en]").first();
  assert.equal(await english.isVisible(), false);
  await row.getByText("Im Wortlaut (englisch)").click();
  await english.waitFor();
}
