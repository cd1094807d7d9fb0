// Pictures to work from.

import assert from "node:assert/strict";
import { counted, create, drop, earlier, generated, newest, png, prompt } from "../steps.mjs";

export async function edit_with_three_dropped_files(visitor, base) {
  const page = await visitor();
  const clicks = await counted(page);
  await create(page, { prompt: "image 2 in the light of image 1" });
  await drop(page, page.getByRole("region", { name: "References" }), [
    png("a.png"),
    png("b.png"),
    png("c.png"),
  ]);
  await page.getByRole("button", { name: "Remove image 3" }).waitFor({ state: "attached" });
  await generated(page);
  assert.equal(await clicks(), 1);
  const made = await newest(base);
  assert.equal(made.mode, "edit");
  assert.equal(made.references.length, 3);
}

export async function order_of_references_can_be_changed_by_keyboard(visitor, base) {
  const page = await visitor();
  await create(page, { prompt: "both" });
  const other = await earlier(base);
  await drop(page, page.getByRole("region", { name: "References" }), [png("a.png")]);
  await page.evaluate(async (id) => {
    const transfer = new DataTransfer();
    transfer.setData("application/x-fluxroom-image", id);
    document
      .querySelector("[aria-label=References]")
      .dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, other.id);
  await page.getByRole("button", { name: "Move image 2 forward" }).focus();
  await page.keyboard.press("Enter");
  await generated(page);
  const made = await newest(base);
  assert.deepEqual(
    made.references.map((one) => one.sha256 === other.sha256),
    [true, false],
  );
}

export async function too_many_references_are_kept_and_not_sent(visitor, base) {
  const page = await visitor();
  await create(page, { prompt: "all of them" });
  const files = Array.from({ length: 6 }, (_, number) => png(`${number}.png`));
  await drop(page, page.getByRole("region", { name: "References" }), files);
  await page.getByText("Kept, not sent: this model takes 4.").first().waitFor();
  assert.equal(await page.getByText("· not sent").count(), 2);
  await generated(page);
  const made = await newest(base);
  assert.equal(made.not_sent[0].name, "references");
  assert.equal(await page.getByRole("button", { name: /^Remove image/ }).count(), 6);
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
  assert.equal(await prompt(page).inputValue(), "a draft");
}
