// Many requests from a sheet.

import assert from "node:assert/strict";

export async function a_sheet_with_a_bad_row(visitor) {
  const page = await visitor();
  const started = Date.now();
  const rows = Array.from(
    { length: 20 },
    (_, row) => `cup ${row + 1} of ${started},${row === 6 ? "enormous" : "square_hd"},${row + 1}`,
  );
  await page.goto("/bulk");
  await page
    .getByRole("textbox", { name: "Paste a table" })
    .fill(["what,image_size,seed", ...rows].join("\n"));
  await page.getByRole("combobox", { name: "what" }).click();
  await page.getByRole("option", { name: "prompt", exact: true }).click();
  await page.getByRole("combobox", { name: "Model" }).click();
  await page.getByRole("option", { name: "FLUX.2 [klein] 4B", exact: true }).click();
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("19 to pay, 1 invalid").waitFor();
  await page.getByText(/'enormous' is not a size/).waitFor();
  await page.getByRole("button", { name: /^Run 19 rows/ }).click();
  await page.waitForURL("**/bulk/*");
  await page.getByText(/Finished · 19 of/).waitFor({ timeout: 40_000 });
  assert.equal(await page.locator("td img").count(), 19);
}
