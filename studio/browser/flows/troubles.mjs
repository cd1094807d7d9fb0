// What happens when no picture comes.

import assert from "node:assert/strict";
import { create, generated, prompt, rows } from "../steps.mjs";

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
