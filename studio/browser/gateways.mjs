// Gateways that are not simply there: one that asks for a key, one that goes away for a while.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import {
  counted,
  generate,
  generated,
  holds,
  PATIENCE,
  prompt,
  ready,
  row,
  rowIn,
  seen,
  until,
} from "./steps.mjs";

export async function a_key_opens_the_studio(visitor) {
  const page = await visitor();
  await page.goto("/create");
  await page.getByRole("heading", { name: "This gateway asks for a key" }).waitFor();
  const field = page.locator("input[type=password]");
  await field.fill("flux_nobody");
  await page.getByRole("button", { name: "Open the studio" }).click();
  await page.getByText("The gateway does not know this key").waitFor();
  await field.fill(process.env.KEY);
  await page.getByRole("button", { name: "Open the studio" }).click();
  await prompt(page).fill("with a key");
  await seen(row(page, await generated(page)).locator("figure img"));
  assert.deepEqual(
    await page.evaluate(() => [document.cookie, JSON.stringify(localStorage).includes("flux_")]),
    ["", false],
  );
  await page.reload();
  await prompt(page).waitFor();
}

export async function a_restart_loses_nothing(visitor) {
  const page = await visitor();
  await page.goto("/create");
  await prompt(page).fill("over a restart [[duration:20]]");
  const made = await generated(page, "running");
  await prompt(page).fill("the next one, half wri");
  console.log("restart");
  // A gateway that is back within a moment is not missed.
  const away = page.getByText("Reconnecting … your jobs go on.");
  await away.waitFor({ timeout: 8_000 }).catch(() => {});
  await away.waitFor({ state: "detached", timeout: 2 * PATIENCE });
  await rowIn(page, made, "succeeded").waitFor({ timeout: 2 * PATIENCE });
  await holds(prompt(page), "the next one, half wri");
}

export async function a_revoked_key_loses_no_draft(visitor) {
  const page = await visitor();
  const open = async (key) => {
    await page.getByRole("heading", { name: "This gateway asks for a key" }).waitFor();
    await page.locator("input[type=password]").fill(key);
    await page.getByRole("button", { name: "Open the studio" }).click();
  };
  await page.goto("/create");
  await open(process.env.KEY);
  await prompt(page).fill("half a novel about a prompt");
  await ready(page);
  console.log("revoke");
  // Other processes of the database hear of it within two seconds.
  await until(page, async () => (await page.request.get("/v1/images?limit=1")).status(), 401);
  // The page hears of it by what it asks next, which may have been before that.
  const asksForKey = page.getByRole("heading", { name: "This gateway asks for a key" });
  const asked = async () => {
    if (await asksForKey.count()) return true;
    await generate(page)
      .click({ timeout: 2000 })
      .catch(() => undefined);
    return (await asksForKey.count()) > 0;
  };
  await until(page, asked, true);
  await open(process.env.OTHER);
  await holds(prompt(page), "half a novel about a prompt");
  await seen(row(page, await generated(page)).locator("figure img"));
}

export async function a_full_disk_loses_no_draft(visitor) {
  const page = await visitor();
  const text = "a long story ".repeat(400);
  await page.goto("/create");
  await prompt(page).fill(text);
  await ready(page);
  writeFileSync(process.env.FULL, "");
  const alert = page.getByRole("alert").filter({ hasText: "The disk of the gateway is full." });
  const isAnswer = (one) => one.request().method() === "POST" && one.url().endsWith("/v1/generations");
  for (let taken = true, tries = 0; taken && tries < 20; tries++) {
    // What is left of the last pages may still hold a request or two.
    await ready(page);
    const [answer] = await Promise.all([page.waitForResponse(isAnswer), generate(page).click()]);
    taken = answer.ok();
  }
  await alert.getByText("Make room on the gateway's disk. Your draft is kept.").waitFor();
  await holds(prompt(page), text);
  rmSync(process.env.FULL);
  await prompt(page).fill("there is room again");
  await generated(page);
}

export async function first_paid_picture_in_two_clicks(visitor) {
  const page = await visitor();
  const clicks = await counted(page);
  await page.goto("/");
  // The providers of this gateway are played, which it knows by their address; the way is the same.
  await page
    .getByRole("main")
    .getByRole("button", { name: /^(Create|Start in the sandbox)$/ })
    .click();
  await seen(row(page, await generated(page)).locator("figure img"));
  assert.equal(await clicks(), 2);
  const tasks = await (await fetch(`${process.env.SANDBOX}/admin/tasks`)).json();
  assert.equal((tasks.tasks ?? tasks).length, 1, "the provider made it");
}

export async function a_refused_provider_key_is_explained(visitor) {
  const page = await visitor();
  await page.goto("/create");
  for (const [fault, said, next] of [
    ["submit-403", "The provider does not know the gateway's key.", "Check the key in .env"],
    [
      "submit-402",
      "The account at the provider has no credit left. Nothing is lost.",
      "Add credit at the provider",
    ],
  ]) {
    await prompt(page).fill(`a fox [[fault:${fault}]]`);
    const failed = row(page, await generated(page, "failed"));
    await failed.getByText(said).waitFor();
    await failed.getByText(next, { exact: false }).first().waitFor();
    await failed.getByText("Not charged", { exact: false }).first().waitFor();
    await failed.getByRole("button", { name: "Send to fal" }).waitFor();
  }
}
