// Tools that work on one picture.

import assert from "node:assert/strict";
import { counted, create, drop, generated, png, priced, prompt, row, seen, until } from "../steps.mjs";

/** Where something is, once its picture has come and it moves no more. */
async function still(target) {
  await target.waitFor();
  let before;
  await until(
    target.page(),
    async () => {
      const box = await target.boundingBox();
      const same = box && JSON.stringify(box) === JSON.stringify(before) && box.height > 50;
      before = box;
      return same;
    },
    true,
  );
  return before;
}

export async function a_mask_is_painted_and_sent(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-pro-fill", prompt: "a wooden door", mode: "fill" });
  await drop(page, page.getByRole("region", { name: "References" }), [png("wall.png")]);
  await seen(page.getByAltText("image 1: wall.png"));
  // What it said without a picture is gone, and moves nothing any more.
  await priced(page, /\$\d/);
  await page.getByRole("button", { name: "Paint a mask" }).click();
  const board = await still(page.getByTestId("mask"));
  await page.mouse.move(board.x + board.width * 0.3, board.y + board.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(board.x + board.width * 0.7, board.y + board.height * 0.5, { steps: 5 });
  await page.mouse.up();
  await page.getByRole("button", { name: "Add a rectangle" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Use this mask" }).click();
  await page.getByAltText("Mask: mask.png").waitFor();
  const made = await generated(page);
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
const go = (page) => page.getByTestId("generate");

/** A tool with a picture in it. */
async function tool(page, name, files = ["room.png"], region = "Picture") {
  await page.goto("/tools");
  await page.getByRole("link", { name: new RegExp(`^${name}`) }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await until(page, () => go(page).isDisabled(), true);
  for (const [place, file] of files.entries()) {
    await drop(page, page.getByRole("region", { name: region }), [png(file)]);
    await page.getByRole("button", { name: `Remove image ${place + 1} (${region})` }).waitFor();
  }
}

/** Press the button, which says its price, and wait for the picture of that request. */
async function done(page) {
  await priced(page, /\$\d/);
  return generated(page);
}

/** A rectangle painted over the picture without dragging. */
async function painted(page) {
  await page.getByRole("button", { name: "Paint over the picture" }).click();
  await page.getByRole("button", { name: "Add a rectangle" }).click();
  await page.getByRole("button", { name: "Use this mask" }).click();
  await page.getByAltText("Mask").waitFor();
}

export async function fill_paints_and_says_what_should_be_there(visitor) {
  const page = await visitor();
  await tool(page, "Fill");
  await page.getByText("Paint what changes first.").waitFor();
  await painted(page);
  await prompt(page).fill("a wooden door");
  const made = await done(page);
  assert.deepEqual([made.mode, made.prompt, made.provider], ["fill", "a wooden door", "bfl"]);
  assert.match(JSON.stringify(made.params.mask), /[0-9a-f]{64}/);
  // Another picture, another mask; what was done is still here after a reload.
  await page.reload();
  await page.getByAltText("Mask").waitFor();
  await page.getByRole("button", { name: /^Remove image 1/ }).click();
  await page.getByAltText("Mask").waitFor({ state: "detached" });
}

export async function erase_needs_a_picture_and_a_mask_and_three_clicks_to_paint(visitor) {
  const page = await visitor();
  const clicks = await counted(page);
  await tool(page, "Erase");
  const before = await clicks();
  await painted(page);
  const made = await done(page);
  assert.equal(made.mode, "erase");
  assert.equal((await clicks()) - before, 4);
}

export async function outpaint_makes_a_larger_canvas(visitor) {
  const page = await visitor();
  await tool(page, "Outpaint");
  await page.getByRole("button", { name: "to 16:9" }).click();
  await page.getByText("455 × 256 px in the end").waitFor();
  await page.getByRole("textbox", { name: "Top" }).fill("44");
  await page.getByText("455 × 300 px in the end").waitFor();
  const made = await done(page);
  assert.equal(made.mode, "expand");
  assert.deepEqual(made.params.image_size, { width: 455, height: 300 });
  assert.deepEqual([made.params.reference_offset_x, made.params.reference_offset_y], [67, 44]);
}

export async function expand_adds_pixels_at_the_sides(visitor) {
  const page = await visitor();
  await tool(page, "Expand");
  await page.getByText("Say how much is added around it.", { exact: true }).waitFor();
  await page.getByRole("button", { name: "+25 % all round" }).click();
  const made = await done(page);
  const { expand_top, expand_bottom, expand_left, expand_right } = made.params;
  assert.deepEqual([expand_top, expand_bottom, expand_left, expand_right], [64, 64, 80, 80]);
}

export async function deblur_takes_a_picture_and_one_click(visitor) {
  const page = await visitor();
  const clicks = await counted(page);
  await tool(page, "Deblur");
  const before = await clicks();
  const made = await done(page);
  assert.equal((await clicks()) - before, 1);
  assert.equal(made.mode, "deblur");
}

export async function try_on_takes_a_person_and_a_garment(visitor) {
  const page = await visitor();
  const region = "Person, then garment";
  await tool(page, "Try on", ["anna.png"], region);
  await page.getByText("A second picture is missing.").waitFor();
  await drop(page, page.getByRole("region", { name: region }), [png("coat.png")]);
  await page.getByRole("button", { name: `Remove image 2 (${region})` }).waitFor();
  await prompt(page).fill("the person wears the coat");
  const made = await done(page);
  assert.deepEqual([made.mode, made.references.length], ["tryon", 2]);
}

export async function upscale_makes_it_larger(visitor) {
  const page = await visitor();
  await tool(page, "Upscale");
  const made = await done(page);
  assert.equal(made.mode, "upscale");
  assert.ok(made.images[0].width > 320);
}

export async function old_drafts_of_tools_harm_nobody(visitor) {
  const page = await visitor();
  await page.addInitScript(() =>
    localStorage.setItem(
      "fluxroom-tools",
      '{"state":{"drafts":{"fill":{"pictures":[3],"sides":7}}},"version":9}',
    ),
  );
  await page.goto("/tools/fill");
  await page.getByText("A picture is missing.").waitFor();
  await page.goto("/tools/dance");
  await page.getByText("There is nothing here.").waitFor();
}

export async function a_result_of_a_tool_leads_to_the_form(visitor) {
  const page = await visitor();
  await tool(page, "Deblur");
  const made = await done(page);
  await row(page, made).locator("figure").hover();
  await row(page, made).getByRole("button", { name: "Edit this picture" }).click();
  await page.waitForURL("**/create");
  const first = page.getByRole("region", { name: "References" }).getByAltText(/^image 1/);
  await first.and(page.locator(`[src*="${made.images[0].id}"]`)).waitFor();
}
