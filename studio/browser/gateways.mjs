// Gateways that are not simply there: one that asks for a key, one that goes away for a while.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { counted, prompt } from "./steps.mjs";

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
  await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
  await page.getByTestId("generate").click();
  const picture = page.locator("[data-generation] figure img").first();
  await picture.waitFor();
  assert.ok(await picture.evaluate((one) => one.decode().then(() => one.naturalWidth > 0)));
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
  await prompt(page).fill("over a restart [[duration:12]]");
  await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
  await page.getByTestId("generate").click();
  await page.locator("[data-generation][data-state=running]").first().waitFor();
  await prompt(page).fill("the next one, half wri");
  console.log("restart");
  // A gateway that is back within a moment is not missed.
  const away = page.getByText("Reconnecting … your jobs go on.");
  await away.waitFor({ timeout: 8_000 }).catch(() => {});
  await away.waitFor({ state: "detached", timeout: 40_000 });
  await page.locator("[data-generation][data-state=succeeded]").first().waitFor({ timeout: 40_000 });
  assert.equal(await prompt(page).inputValue(), "the next one, half wri");
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
  await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
  console.log("revoke");
  // Other processes of the database hear of it within two seconds.
  for (let tries = 0; tries < 60; tries++) {
    const { status } = await page.request.get("/v1/images?limit=1");
    if (status === 401 || (await page.getByRole("heading", { name: "This gateway asks for a key" }).count()))
      break;
    await page.evaluate(() => fetch("/v1/images?limit=1").then((one) => one.status));
    await page.waitForTimeout(250);
  }
  if (await page.getByTestId("generate").count()) await page.getByTestId("generate").click();
  await open(process.env.OTHER);
  assert.equal(await prompt(page).inputValue(), "half a novel about a prompt");
  await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
  await page.getByTestId("generate").click();
  await page.locator("[data-generation] figure img").first().waitFor();
}

export async function a_full_disk_loses_no_draft(visitor) {
  const page = await visitor();
  const text = "a long story ".repeat(400);
  await page.goto("/create");
  await prompt(page).fill(text);
  await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
  writeFileSync(process.env.FULL, "");
  const alert = page.getByRole("alert").filter({ hasText: "The disk of the gateway is full." });
  for (let tries = 0; tries < 20 && !(await alert.count()); tries++) {
    // What is left of the last pages may still hold a request or two.
    await page.getByTestId("generate").click();
    await page.waitForFunction(() => !document.querySelector("[data-testid=generate][data-loading]"));
  }
  await alert.getByText("Make room on the gateway's disk. Your draft is kept.").waitFor();
  assert.equal(await prompt(page).inputValue(), text);
  rmSync(process.env.FULL);
  await prompt(page).fill("there is room again");
  await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
  await page.getByTestId("generate").click();
  await page.locator("[data-state=succeeded]", { hasText: "there is room again" }).waitFor();
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
  await page.waitForFunction(() => document.querySelector("[data-testid=generate]")?.disabled === false);
  await page.getByTestId("generate").click();
  await page.locator("[data-generation] figure img").first().waitFor();
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
    await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
    await page.getByTestId("generate").click();
    const row = page.locator("[data-generation][data-state=failed]", { hasText: fault }).first();
    await row.getByText(said).waitFor();
    await row.getByText(next, { exact: false }).first().waitFor();
    await row.getByText("Not charged", { exact: false }).first().waitFor();
    await row.getByRole("button", { name: "Send to fal" }).waitFor();
  }
}
