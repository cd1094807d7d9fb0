// Conversations.

import assert from "node:assert/strict";
import { drop, newest, png, prompt } from "../steps.mjs";

export async function a_conversation_of_three_turns(visitor, base) {
  const page = await visitor();
  await page.goto("/chat");
  const write = async (text) => {
    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await page.keyboard.press("Enter");
  };
  const pictures = page.getByRole("log").locator("figure img");
  await page.getByRole("button", { name: /^A paper boat/ }).click();
  await pictures.nth(0).waitFor();
  const first = await newest(base);
  assert.equal(first.mode, "generate");
  await write("make it dusk");
  await pictures.nth(1).waitFor();
  const second = await newest(base);
  assert.deepEqual([second.mode, second.references[0].sha256], ["edit", first.images[0].sha256]);
  await drop(page, page.locator("form").last(), [png("lamp.png")]);
  await page.getByAltText("lamp.png").waitFor();
  await write("with the lamp of image 2");
  await pictures.nth(2).waitFor();
  const third = await newest(base);
  assert.equal(third.references.length, 2);
  assert.equal(third.references[0].sha256, second.images[0].sha256);
  await page.reload();
  await pictures.nth(2).waitFor();
  assert.ok(await pictures.nth(0).evaluate((one) => one.decode().then(() => one.naturalWidth > 0)));
  await page.getByRole("button", { name: "Open as form" }).last().click();
  await page.waitForURL("**/create");
  assert.equal(await prompt(page).inputValue(), "with the lamp of image 2");
}
