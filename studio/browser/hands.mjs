// Two ways to press something: with the mouse, where each press is a click; and with nothing but the keyboard, where
// one goes on from the place where the focus is until it is there, as somebody without a mouse has to.

import assert from "node:assert/strict";

const MOST_STEPS = 400; // a list of results has many buttons

export const mouse = {
  name: "by mouse",
  press: (_page, target) => target.click(),
};

export const keyboard = {
  name: "by keyboard",
  async press(page, target, key = "Enter") {
    await reach(page, target);
    await page.keyboard.press(key);
  },
};

/** Tab until the target has the focus; arrows inside of a group of choices or a menu. */
export async function reach(page, target) {
  await target.first().waitFor({ state: "attached" });
  const there = () => target.first().evaluate((one) => one === document.activeElement);
  for (let step = 0; step < MOST_STEPS; step++) {
    if (await there()) return;
    await page.keyboard.press("Tab");
  }
  const at = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
  assert.fail(`${target} cannot be reached with the Tab key; the focus is at ${at}`);
}
