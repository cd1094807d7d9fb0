// What happens when no picture comes.

import assert from "node:assert/strict";
import {
  asked,
  create,
  generate,
  generated,
  holds,
  PATIENCE,
  priced,
  prompt,
  ready,
  row,
  rowIn,
  settled,
  unique,
} from "../steps.mjs";

export async function moderation_is_explained(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-pro", prompt: "moderate-me" });
  const card = row(page, await generated(page, "moderated_input"));
  await card.getByText("The provider refused the prompt or a reference before starting.").waitFor();
  await card.getByText(/Reason given/).waitFor();
  await card.getByRole("button", { name: "Send to fal" }).waitFor();
  await card.getByRole("button", { name: /^Try FLUX/ }).waitFor();
  await card.getByRole("button", { name: "Edit the prompt" }).click();
  await page.waitForFunction(() => document.activeElement?.id === "prompt");
  await prompt(page).fill("moderate-me-output");
  const withheld = row(page, await generated(page, "moderated_output"));
  await withheld.getByText("The picture was made, then withheld by the provider.").waitFor();
  await withheld.getByRole("button", { name: "Another seed" }).waitFor();
}

export async function the_safety_level_is_one_press_away(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: "moderate-me please" });
  const refused = row(page, await generated(page, "moderated_input"));
  await prompt(page).fill("something else");
  await refused.getByRole("button", { name: /^Safety level \(\S+ of 0–5\)/ }).click();
  await holds(prompt(page), "moderate-me please");
  await page.waitForFunction(() => document.activeElement?.closest("[data-field=safety_tolerance]"));
}

/** Until nothing that others have begun is under way and will still be charged. */
async function idle(base) {
  const { generations } = await (await fetch(`${base}/v1/generations?limit=100`)).json();
  for (const one of generations) if (!one.settled) await settled(base, one.id);
}

export async function a_budget_stops_before_anything_is_sent_and_shows_the_ways_on(visitor, base) {
  const budget = `${base}/v1/budgets/all/total`;
  const put = (most) =>
    fetch(budget, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ most }),
    });
  await idle(base);
  await put("1000000");
  const { budgets } = await (await fetch(`${base}/v1/budgets?sandbox=true`)).json();
  const { spent } = budgets.find((one) => one.scope === "all" && one.period === "total");
  // What others have made may be charged a little more or less in the end: there is room for that on both sides.
  await put(String(Number(spent) + 0.5));
  try {
    const page = await visitor();
    const text = unique("stopped ");
    await create(page, {
      model: "flux-2-max",
      provider: "bfl",
      prompt: text,
      values: { "flux-2-max": { num_images: 12, image_size: "square_hd" } },
    });
    await priced(page, /\$0\.84/);
    await generate(page).click();
    const alert = page.getByRole("alert");
    await alert.getByText(/^This costs \$0\.84; \$0\.\d+ is left of the budget\./).waitFor();
    const { generations } = await (await fetch(`${base}/v1/generations?limit=100`)).json();
    assert.ok(
      generations.every((one) => one.prompt !== text),
      "nothing was sent",
    );
    await holds(prompt(page), text);
    await alert.getByRole("link", { name: "Raise the budget" }).waitFor();
    const fewer = alert.getByRole("button", { name: /^Generate \d+ of 12$/ });
    const fits = Number(/\d+/.exec(await fewer.innerText())[0]);
    const made = await asked(page, () => fewer.click());
    await rowIn(page, made, "succeeded").waitFor({ timeout: 2 * PATIENCE });
    assert.ok(fits > 0 && fits < 12);
    assert.equal((await settled(base, made.id)).jobs.length, fits);
    await page.getByRole("link", { name: /Spent today/ }).click();
    await page.getByText("Everybody", { exact: false }).first().waitFor();
  } finally {
    await fetch(budget, { method: "DELETE" });
  }
}

export async function the_limit_of_a_provider_is_told_with_the_next_try(visitor) {
  const page = await visitor();
  await create(page, {
    model: "flux-2-pro",
    provider: "bfl",
    prompt: `${unique("patient ")} [[fault:submit-429=20]]`,
  });
  await ready(page);
  const made = await asked(page, () => generate(page).click());
  await row(page, made)
    .getByText(/At the provider's limit. Next try in \d+ s, by itself./)
    .waitFor();
  await rowIn(page, made, "succeeded").waitFor({ timeout: 2 * PATIENCE });
}

export async function a_job_in_doubt_is_decided_by_a_person(visitor) {
  const page = await visitor();
  await create(page, {
    model: "flux-2-pro",
    provider: "bfl",
    prompt: `${unique("doubtful ")} [[fault:submit-drop-after]]`,
  });
  const made = await generated(page, "unknown");
  await row(page, made)
    .getByText("The provider may or may not have taken the job. It is not sent again by itself.")
    .waitFor();
  await row(page, made).getByRole("button", { name: "Give up" }).click();
  await rowIn(page, made, "abandoned").waitFor();
}

export async function what_failed_is_sent_to_the_other_provider(visitor) {
  const page = await visitor();
  const word = unique("elsewhere ");
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: `${word} [[fault:error=boom]]` });
  const failed = row(page, await generated(page, "failed"));
  await failed.getByText("The provider reported an error of its own.").waitFor();
  const made = await asked(page, () => failed.getByRole("button", { name: "Send to fal" }).click());
  assert.equal(made.provider, "fal");
  await row(page, made).getByText("· fal ·").first().waitFor();
}

export async function the_gateways_english_is_behind_one_press_in_german(visitor) {
  const page = await visitor({ locale: "de-DE" });
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: "moderate-me" });
  const refused = row(page, await generated(page, "moderated_input"));
  await refused.getByText("Der Anbieter hat Prompt oder Referenz vor dem Start abgelehnt.").waitFor();
  const english = refused.locator("[lang=en]").first();
  await english.waitFor({ state: "hidden" });
  await refused.getByText("Im Wortlaut (englisch)").click();
  await english.waitFor();
}
