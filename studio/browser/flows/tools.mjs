// Tools that work on one picture.

import assert from "node:assert/strict";
import { create, drop, generated, newest, png } from "../steps.mjs";

export async function a_mask_is_painted_and_sent(visitor, base) {
  const page = await visitor();
  await create(page, { model: "flux-pro-fill", prompt: "a wooden door", mode: "fill" });
  await drop(page, page.getByRole("region", { name: "References" }), [png("wall.png")]);
  await page.getByRole("button", { name: "Paint a mask" }).click();
  const board = await page.getByTestId("mask").boundingBox();
  await page.mouse.move(board.x + board.width * 0.3, board.y + board.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(board.x + board.width * 0.7, board.y + board.height * 0.5, { steps: 5 });
  await page.mouse.up();
  await page.getByRole("button", { name: "Add a rectangle" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Use this mask" }).click();
  await page.getByAltText("Mask: mask.png").waitFor();
  await generated(page);
  const made = await newest(base);
  assert.equal(made.mode, "fill");
  const [hash] = JSON.stringify(made).match(/(?<="mask":[^}]*)[0-9a-f]{64}/) ?? [];
  const mask = await page.evaluate(async (sha) => {
    const picture = new Image();
    picture.src = `/v1/assets/${sha}/file`;
    await picture.decode();
    const canvas = Object.assign(document.createElement("canvas"), {
      width: picture.width,
      height: picture.height,
    });
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const at = (x, y) => context.getImageData(x * picture.width, y * picture.height, 1, 1).data[0];
    return { size: [picture.width, picture.height], painted: at(0.5, 0.5), left: at(0.02, 0.02) };
  }, hash);
  assert.deepEqual(mask, { size: [320, 256], painted: 255, left: 0 });
}
