// Finding, marking, deleting.

import assert from "node:assert/strict";
import { create, generated } from "../steps.mjs";

export async function gallery_search_delete_and_undo(visitor) {
  const page = await visitor();
  await create(page, { prompt: "zebra in the fog" });
  await generated(page);
  await page.goto("/gallery");
  await page.getByRole("textbox", { name: "Search prompts" }).fill("zebra fo");
  await page.getByText("1 picture", { exact: true }).waitFor();
  assert.match(page.url(), /q=zebra/);
  await page.getByRole("gridcell").first().hover();
  await page.getByRole("button", { name: /^Select/ }).click();
  await page.getByRole("toolbar").getByRole("button", { name: "Move to the trash" }).click();
  await page.getByText("No picture matches.").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("gridcell").first().waitFor();
}
