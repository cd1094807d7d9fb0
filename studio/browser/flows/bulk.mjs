// Many requests from a sheet, or from pictures.

import assert from "node:assert/strict";
import { counted, drop, FAST, holds, PATIENCE, png, unique, until, whilePaused } from "../steps.mjs";

const HERE = /\/bulk\/[0-9a-z]{20,}$/;
const source = (page) => page.getByRole("region", { name: "Paste a table" });
const csv = (name, lines) => ({
  name,
  type: "text/csv",
  data: Buffer.from(lines.join("\n")).toString("base64"),
});

/** The page as somebody finds it who has used a fast model before. */
async function bulk(page, model = FAST) {
  await page.addInitScript(
    (state) => localStorage.setItem("fluxroom-draft", JSON.stringify({ version: 1, state })),
    { model },
  );
  await page.goto("/create");
  await page.getByTestId("generate").waitFor();
}

async function items(base, page, query = "") {
  const id = page.url().split("/").at(-1);
  return (await (await fetch(`${base}/v1/runs/${id}/items?limit=500${query}`)).json()).items;
}

export async function a_sheet_with_a_bad_row(visitor, base) {
  const page = await visitor();
  const clicks = await counted(page);
  const started = unique("");
  const rows = Array.from(
    { length: 20 },
    (_, row) => `cup ${row + 1} of ${started},${row === 6 ? "enormous" : "square_hd"},${row + 1}`,
  );
  await bulk(page);
  const before = await clicks();
  await page.getByRole("link", { name: "Bulk" }).click();
  await drop(page, source(page), [csv("cups.csv", ["Title,size,seed", ...rows])]);
  // What the columns mean is guessed, and can be seen.
  await holds(page.getByRole("combobox", { name: "Title" }), "prompt");
  await holds(page.getByRole("combobox", { name: "size" }), "image_size");
  await page.getByRole("cell", { name: `cup 3 of ${started}` }).waitFor();
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("19 to pay, 1 invalid").waitFor();
  await page.getByText(/'enormous' is not a size/).waitFor();
  await page.getByRole("button", { name: /^Run 19 rows \$0\.\d+/ }).click();
  await page.waitForURL(HERE);
  // Bulk, the drop, Check, Run: a drop is no click of the mouse here.
  assert.equal((await clicks()) - before + 1, 4);
  await page.getByText(/Finished · 19 of/).waitFor({ timeout: 2 * PATIENCE });
  await page.waitForFunction(() => document.querySelectorAll("td img").length === 19);
  const invalid = await items(base, page, "&state=invalid");
  assert.deepEqual(
    invalid.map((one) => one.position),
    [6],
  );
  const zip = await page.getByRole("link", { name: "Pictures as zip" }).getAttribute("href");
  const bytes = Buffer.from(await (await fetch(base + zip)).arrayBuffer());
  assert.equal(bytes.subarray(0, 2).toString(), "PK");
  // The same sheet again is the run that there is: nothing is paid twice.
  await page.getByRole("link", { name: "Bulk" }).click();
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("This sheet was begun before under this name").waitFor();
}

export async function a_folder_of_pictures_with_two_prompts(visitor, base) {
  const page = await visitor();
  await bulk(page);
  await page.goto("/bulk");
  const hidden = { name: ".DS_Store", type: "", data: "" };
  await drop(page, source(page), [png("a.png"), png("b.png"), hidden]);
  await page.getByText("2 pictures", { exact: true }).waitFor();
  await until(page, () => page.getByRole("button", { name: "Check" }).isDisabled(), true);
  await page.getByRole("textbox", { name: "What to do with each picture" }).fill("at dusk\nin snow");
  await page.getByText("That makes 4 rows.").waitFor();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill(unique("folder "));
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("4 to pay").waitFor();
  await page.getByRole("button", { name: /^Run 4 rows/ }).click();
  await page.waitForURL(HERE);
  await page.getByText(/Finished · 4 of 4/).waitFor({ timeout: 2 * PATIENCE });
  const made = await items(base, page);
  assert.deepEqual(
    made.map((one) => [one.asked.prompt, one.asked.references.length]),
    [
      ["at dusk", 1],
      ["in snow", 1],
      ["at dusk", 1],
      ["in snow", 1],
    ],
  );
}

export async function a_sheet_names_the_files_that_lie_beside_it(visitor, base) {
  const page = await visitor();
  await bulk(page);
  await page.goto("/bulk");
  const sheet = csv("edits.csv", ["Beschreibung;Foto", "at night;photos/cup.png", "by day;cup.png"]);
  await drop(page, source(page), [sheet, png("cup.png")]);
  await page.getByText("1 picture", { exact: true }).waitFor();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill(unique("beside "));
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("2 to pay").waitFor();
  await page.getByRole("button", { name: /^Run 2 rows/ }).click();
  await page.waitForURL(HERE);
  await page.getByText(/Finished · 2 of 2/).waitFor({ timeout: 2 * PATIENCE });
  const [first] = await items(base, page);
  assert.match(first.asked.references[0], /^[0-9a-f]{64}$/);
}

export async function a_series_is_paused_goes_on_and_failures_are_tried_again(visitor, base) {
  const page = await visitor();
  await bulk(page, "flux-2-pro");
  await page.goto("/bulk");
  const name = unique("eight-");
  const eight = Array.from({ length: 8 }, (_, row) => `${name} ${row} [[duration:2]]`);
  await drop(page, source(page), [csv(`${name}.csv`, ["prompt", ...eight, "moderate-me"])]);
  await page.getByRole("button", { name: "Check" }).click();
  await whilePaused(base, "bfl", async () => {
    await page.getByRole("button", { name: /^Run 9 rows/ }).click();
    await page.waitForURL(HERE);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText(/^Paused/).waitFor();
    // Another tab sees the same, and lets it go on.
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.getByText(/^Paused/).waitFor();
    await other.getByRole("button", { name: "Go on" }).click();
    await page.getByText(/^Under way/).waitFor();
  });
  await page.getByText(/^Finished · 8 of 9/).waitFor({ timeout: 3 * PATIENCE });
  await page.getByText("1 failed").waitFor();
  await page.getByRole("combobox", { name: "State" }).click();
  await page.getByRole("option", { name: "failed (1)" }).click();
  await page.getByText("The provider refused the prompt").waitFor();
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  await whilePaused(base, "bfl", async () => {
    await page.getByRole("button", { name: "Try 1 again" }).click();
    await page.getByText(/^Under way/).waitFor();
  });
  await page.getByText(/^Finished · 8 of 9/).waitFor({ timeout: 2 * PATIENCE });
}

export async function what_is_no_table_says_so(visitor) {
  const page = await visitor();
  await page.goto("/bulk");
  await drop(page, source(page), [{ name: "cups.xlsx", type: "application/vnd.ms-excel", data: "AAAA" }]);
  await page.getByText("cups.xlsx: save it as CSV, then drop that.").waitFor();
  await page.getByRole("textbox", { name: "Paste a table" }).fill('prompt,seed\n"never closed,1');
  await page.getByRole("button", { name: "Check" }).click();
  await page.locator("#content").getByRole("alert").waitFor();
  await holds(page.getByRole("textbox", { name: "Paste a table" }), 'prompt,seed\n"never closed,1');
}

export async function a_sheet_is_run_without_a_mouse(visitor) {
  const page = await visitor();
  await bulk(page);
  await page.keyboard.press("g");
  await page.keyboard.press("b");
  await page.waitForURL("**/bulk");
  const table = page.getByRole("textbox", { name: "Paste a table" });
  await table.focus();
  await page.keyboard.insertText(`prompt,image_size\n${unique("a bowl ")},square_hd`);
  await page.getByRole("button", { name: "Check" }).press("Enter");
  await page.getByText("1 to pay").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(HERE);
  await page.getByText(/^Finished · 1 of 1/).waitFor();
}
