// Finding, marking, deleting.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { create, earlier, generated, patch, unique, until } from "../steps.mjs";

export async function gallery_search_delete_and_undo(visitor) {
  const page = await visitor();
  const word = unique("zebra");
  await create(page, { prompt: `${word} in the fog` });
  await generated(page);
  await page.goto("/gallery");
  await page.getByRole("textbox", { name: "Search prompts" }).fill(`${word} fo`);
  await page.waitForURL("**/gallery?q=zebra*");
  await page.getByText("1 picture", { exact: true }).waitFor();
  await until(page, () => page.getByRole("gridcell").count(), 1);
  await page.getByRole("gridcell").hover();
  await page.getByRole("button", { name: /^Select/ }).click();
  await page.getByRole("toolbar").getByRole("button", { name: "Move to the trash" }).click();
  await page.getByText("No picture matches.").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("gridcell").first().waitFor();
}

export async function a_typed_search_finds_stars_months_and_tags(visitor, base) {
  const shoe = unique("galosh");
  const galosh = await earlier(base, `a red ${shoe} on a stair`);
  await earlier(base, `a red ${shoe} in the grass`);
  await patch(base, galosh.id, { rating: 4, tags: ["client"] });
  const page = await visitor();
  const month = new Date().toISOString().slice(0, 7);
  await page.goto("/gallery");
  const search = page.getByRole("textbox", { name: "Search prompts" });
  /** Type it, and wait until that is what is shown, and not what was found before. */
  const find = async (text) => {
    await search.fill(text);
    await page.waitForURL((address) => address.searchParams.get("q") === text);
  };
  await find(`red ${shoe} ★4 ${month}`);
  await page.getByText("1 picture", { exact: true }).waitFor();
  await page.reload();
  await page.getByText("1 picture", { exact: true }).waitFor();
  await find(`${shoe} tag:client is:favourite`);
  await page.getByText("No picture matches.").waitFor();
  await find(`red ${shoe}`);
  await page.getByText("2 pictures", { exact: true }).waitFor();
  await find(`${shoe} 1999-01 ★5`);
  await page.getByText("No picture matches.").waitFor();
  await find("model:no-such-model");
  await page.getByRole("alert").getByText("This model is no longer offered.").waitFor();
  await page.getByRole("combobox", { name: "Time" }).click();
  await page.getByRole("option", { name: "Today" }).click();
  await find(`red ${shoe}`);
  await page.getByText("2 pictures", { exact: true }).waitFor();
}

export async function marks_are_set_on_many_and_taken_back(visitor, base) {
  const word = unique("many");
  for (let number = 0; number < 3; number++) await earlier(base, `${word} ${number}`);
  const page = await visitor();
  await page.goto(`/gallery?q=${word}`);
  await page.getByText("3 pictures", { exact: true }).waitFor();
  const grid = page.getByRole("grid");
  const bar = page.getByRole("toolbar");
  await grid.locator("a[tabindex='0']").focus();
  await page.keyboard.press("Control+a");
  await bar.getByText("3 selected").waitFor();
  await bar.getByRole("button", { name: "Add a tag" }).click();
  await page.getByRole("textbox", { name: "Tag" }).fill("harvest");
  await page.keyboard.press("Enter");
  await bar.waitFor({ state: "detached" });
  const found = async (query) =>
    (await (await fetch(`${base}/v1/images?q=${word}&${query}`)).json()).images.length;
  await until(page, () => found("tag=harvest"), 3);
  await grid.locator("a[tabindex='0']").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowRight");
  await bar.getByText("2 selected").waitFor();
  await bar.getByRole("button", { name: "Hide" }).click();
  await page.getByText("1 picture", { exact: true }).waitFor();
  await page.getByText("Hidden", { exact: true }).click();
  await page.getByText("2 pictures", { exact: true }).waitFor();
  await grid.locator("a[tabindex='0']").focus();
  await page.keyboard.press("Control+a");
  await bar.getByRole("button", { name: "Show again" }).click();
  await page.getByText("No picture matches.").waitFor();
  await page.getByText("All", { exact: true }).click();
  await page.getByText("3 pictures", { exact: true }).waitFor();
}

export async function many_are_taken_along_in_one_archive(visitor, base) {
  const word = unique("archive");
  for (let number = 0; number < 2; number++) await earlier(base, `${word} ${number}`);
  const page = await visitor();
  await page.goto(`/gallery?q=${word}`);
  await page.getByText("2 pictures", { exact: true }).waitFor();
  await page.getByRole("grid").locator("a[tabindex='0']").focus();
  await page.keyboard.press("Control+a");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("toolbar").getByRole("button", { name: "Download as zip" }).click(),
  ]);
  assert.match(file.suggestedFilename(), /\.zip$/);
  const listed = execFileSync(process.env.PYTHON ?? "python3", ["-m", "zipfile", "-l", await file.path()], {
    encoding: "utf8",
  });
  assert.equal(listed.match(/\.png/g).length, 2, listed);
}

export async function the_trash_is_emptied_only_after_a_question(visitor, base) {
  const made = await earlier(base, unique("rubbish "));
  const page = await visitor();
  await page.goto(`/i/${made.id}`);
  await page.getByRole("button", { name: "Move to the trash" }).click();
  await page.getByText("1 picture is in the trash.").waitFor();
  await page.goto("/gallery?show=trash");
  await page.getByRole("gridcell").first().waitFor();
  const empty = page.getByRole("button", { name: "Empty the trash" });
  await empty.click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.equal((await fetch(`${base}/v1/images/${made.id}`)).status, 200);
  await empty.click();
  await page.getByRole("dialog").getByRole("button", { name: "Empty the trash" }).click();
  await page.getByText(/deleted for good/).waitFor();
  await until(page, async () => (await fetch(`${base}/v1/images/${made.id}`)).status, 404);
}
