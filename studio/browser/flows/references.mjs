// Pictures to work from.

import assert from "node:assert/strict";
import {
  counted,
  create,
  drop,
  earlier,
  generated,
  holds,
  png,
  prompt,
  ready,
  unique,
  until,
} from "../steps.mjs";

export async function edit_with_three_dropped_files(visitor) {
  const page = await visitor();
  const clicks = await counted(page);
  await create(page, { prompt: "image 2 in the light of image 1" });
  await drop(page, page.getByRole("region", { name: "References" }), [
    png("a.png"),
    png("b.png"),
    png("c.png"),
  ]);
  await page.getByRole("button", { name: "Remove image 3" }).waitFor({ state: "attached" });
  const made = await generated(page);
  assert.equal(await clicks(), 1);
  assert.equal(made.mode, "edit");
  assert.equal(made.references.length, 3);
}

export async function order_of_references_can_be_changed_by_keyboard(visitor, base) {
  const page = await visitor();
  await create(page, { prompt: "both" });
  const other = await earlier(base);
  await drop(page, page.getByRole("region", { name: "References" }), [png("a.png")]);
  await page.getByRole("button", { name: "Remove image 1" }).waitFor({ state: "attached" });
  await page.evaluate((id) => {
    const transfer = new DataTransfer();
    transfer.setData("application/x-fluxroom-image", id);
    document
      .querySelector("[aria-label=References]")
      .dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, other.id);
  await page.getByRole("button", { name: "Move image 2 forward" }).press("Enter");
  await page.getByAltText("image 2: a.png").waitFor();
  const made = await generated(page);
  assert.deepEqual(
    made.references.map((one) => one.sha256 === other.sha256),
    [true, false],
  );
}

export async function too_many_references_are_kept_and_not_sent(visitor) {
  const page = await visitor();
  await create(page, { prompt: "all of them" });
  const files = Array.from({ length: 6 }, (_, number) => png(`${number}.png`));
  await drop(page, page.getByRole("region", { name: "References" }), files);
  await page.getByText("Kept, not sent: this model takes 4.").first().waitFor();
  await until(page, () => page.getByText("· not sent").count(), 2);
  const made = await generated(page);
  assert.equal(made.not_sent[0].name, "references");
  await until(page, () => page.getByRole("button", { name: /^Remove image/ }).count(), 6);
}

export async function wrong_files_are_refused_with_a_reason(visitor) {
  const page = await visitor();
  await create(page, { prompt: "a draft" });
  const zone = page.getByRole("region", { name: "References" });
  const data = Buffer.from("x").toString("base64");
  await drop(page, zone, [{ name: "photo.heic", type: "image/heic", data }]);
  await page.getByText("HEIC pictures cannot be used").waitFor();
  await drop(page, zone, [{ name: "notes.txt", type: "text/plain", data }]);
  await page.getByText("notes.txt is not a PNG, JPEG or WebP picture.").waitFor();
  await drop(page, zone, [{ name: "broken.png", type: "image/png", data }]);
  await page.getByRole("button", { name: /Not usable/ }).waitFor();
  await holds(prompt(page), "a draft");
}

export async function references_come_from_the_gallery_in_the_order_they_were_chosen(visitor, base) {
  const [walrus, tower] = [unique("walrus"), unique("tower")];
  const [first, second] = [await earlier(base, `the ${walrus}`), await earlier(base, `the ${tower}`)];
  const page = await visitor();
  await create(page, { prompt: "image 1 beside image 2" });
  await page.getByRole("button", { name: "From the gallery" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: new RegExp(`^the ${walrus}`) }).click();
  await dialog.getByRole("textbox", { name: "Search prompts" }).fill(tower.slice(0, -2));
  await dialog.getByRole("button", { name: new RegExp(`^the ${walrus}`) }).waitFor({ state: "detached" });
  await dialog.getByRole("button", { name: new RegExp(`^the ${tower}`) }).click();
  await dialog.getByRole("button", { name: "Use 2 pictures" }).click();
  await page.getByRole("button", { name: "Remove image 2" }).waitFor({ state: "attached" });
  await page.locator("mark").nth(1).waitFor();
  const made = await generated(page);
  assert.deepEqual(
    made.references.map((one) => one.sha256),
    [first.sha256, second.sha256],
  );
}

export async function twelve_references_are_all_kept_and_eight_are_sent(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: "a crowd" });
  const files = Array.from({ length: 12 }, (_, number) => png(`${number}.png`));
  await drop(page, page.getByRole("region", { name: "References" }), files);
  await page.getByText("Kept, not sent: this model takes 8.").first().waitFor();
  await ready(page);
  await until(page, () => page.getByText("· not sent").count(), 4);
  assert.equal((await generated(page)).references.length, 8);
  await page.reload();
  await page.getByRole("button", { name: "Remove image 12" }).waitFor({ state: "attached" });
}

export async function a_photo_of_thirty_megabytes_is_refused_before_it_is_sent(visitor) {
  const page = await visitor();
  const sent = [];
  page.on("request", (one) => one.url().endsWith("/v1/assets") && sent.push(one));
  await create(page, { prompt: "a draft" });
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(30 * 1024 * 1024)], "holiday.jpg", { type: "image/jpeg" }));
    document
      .querySelector("[aria-label=References]")
      .dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await page.getByText("holiday.jpg has 30 MB; at most 20 MB can be used.").waitFor();
  await holds(prompt(page), "a draft");
  assert.equal(sent.length, 0);
}

export async function a_reference_named_by_its_address_stays_with_the_draft(visitor) {
  const page = await visitor();
  await create(page, { prompt: "a draft" });
  await page.getByRole("button", { name: "Add by URL" }).click();
  const field = page.getByRole("textbox", { name: "Address of a picture" });
  await field.fill("ftp://example.com/x.png");
  await page.getByText("A public address that begins with https://").waitFor();
  await field.fill("https://example.com/x.png");
  await field.press("Enter");
  await page.getByTitle("https://example.com/x.png").waitFor();
  await page.reload();
  await page.getByTitle("https://example.com/x.png").waitFor();
}
