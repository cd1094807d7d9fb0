// Gateways that are not simply there: one that asks for a key, one that goes away for a while.

import assert from "node:assert/strict";

const prompt = (page) => page.locator("#prompt");

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
