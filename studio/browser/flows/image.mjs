// One picture and all that is known of it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { counted, create, earlier, edited, generated, holds, prompt, row, unique, until } from "../steps.mjs";

export async function a_picture_tells_how_it_was_made(visitor) {
  const page = await visitor();
  await create(page, { prompt: "told" });
  const made = await generated(page);
  await row(page, made).getByRole("link", { name: /^Open/ }).click();
  await page.waitForURL("**/i/*");
  await page.getByRole("tab", { name: "JSON" }).click();
  await page.getByText('"width": 1024').waitFor();
  await page.getByRole("tab", { name: "Code" }).click();
  await page.getByText("from fluxroom import Client").waitFor();
  await page.getByText(`seed=${made.images[0].seed}`).waitFor();
  await page.getByRole("tab", { name: "Receipt" }).click();
  await page.getByText("the provider's own figure").waitFor();
  await page.getByRole("tab", { name: "Origin" }).click();
  await page.getByText("Made from words alone.").waitFor();
  await page.getByRole("button", { name: "Edit this picture" }).click();
  await page.waitForURL("**/create");
  await page.getByRole("button", { name: "Remove image 1" }).waitFor({ state: "attached" });
}

export async function the_code_of_a_picture_makes_it_again(visitor, base) {
  const text = `${unique("it's ")} "told" again`;
  const made = await earlier(base, text);
  const page = await visitor();
  await page.goto(`/i/${made.id}`);
  await page.getByRole("tab", { name: "Code" }).click();
  const python = process.env.PYTHON ?? "../.venv/bin/python";
  const path = `${dirname(resolve(python))}:${process.env.PATH}`;
  const folder = mkdtempSync(join(tmpdir(), "fluxroom-code-"));
  const run = (command, ...args) =>
    execFileSync(command, args, { cwd: folder, encoding: "utf8", env: { ...process.env, PATH: path } });
  const programs = {
    Python: (code) => run(resolve(python), "-c", code),
    curl: (code) => run("bash", "-c", code),
    JavaScript: (code) => run(process.execPath, "--input-type=module", "-e", code),
    "Command line": (code) => run("bash", "-c", code),
  };
  /** All that were made of these words. */
  const all = async () => {
    const { generations } = await (await fetch(`${base}/v1/generations?limit=100`)).json();
    return generations.filter((one) => one.prompt === text);
  };
  let shown = "";
  for (const [place, [name, program]] of Object.entries(programs).entries()) {
    await page.locator("label", { hasText: new RegExp(`^${name}$`) }).click();
    await page.waitForFunction((before) => document.querySelector("pre")?.innerText !== before, shown);
    shown = await page.locator("pre").innerText();
    program(shown);
    const again = await all();
    assert.equal(again.length, place + 2, name);
    assert.ok(
      again.every((one) => one.images[0].sha256 === made.sha256),
      `${name} makes the same picture`,
    );
  }
  rmSync(folder, { recursive: true });
}

export async function the_image_page_is_worked_by_keys(visitor, base) {
  const word = unique("keys");
  const made = [];
  for (let number = 0; number < 3; number++) made.push(await earlier(base, `${word} ${number}`));
  const page = await visitor();
  await page.goto(`/gallery?q=${word}`);
  await page.getByText("3 pictures", { exact: true }).waitFor();
  await page.getByRole("grid").locator("a[tabindex='0']").focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/i/${made[2].id}`);
  await page.getByRole("navigation", { name: "Pictures before and after" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.waitForURL(`**/i/${made[1].id}`);
  await page.getByRole("heading", { level: 1, name: `${word} 1` }).waitFor({ state: "attached" });
  const told = async () => (await fetch(`${base}/v1/images/${made[1].id}`)).json();
  await page.keyboard.press("3");
  await until(page, async () => (await told()).rating, 3);
  await page.keyboard.press(".");
  await until(page, async () => (await told()).favourite, true);
  await page.keyboard.press("t");
  await page.waitForFunction(() => document.activeElement?.id === "tags");
  await page.keyboard.type("keen");
  await page.keyboard.press("Enter");
  await until(page, async () => (await told()).tags.join(), "keen");
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("i");
  await page.getByRole("complementary").waitFor({ state: "detached" });
  await page.keyboard.press("z");
  await page
    .getByRole("radio", { name: "100 %" })
    .and(page.locator(":checked"))
    .waitFor({ state: "attached" });
  const { seed } = await told();
  await page.keyboard.press("s");
  await page.getByText(`Seed ${seed} is in the form.`).waitFor();
  await page.keyboard.press("Delete");
  await page.waitForURL(`**/i/${made[0].id}`);
  await page.getByRole("heading", { level: 1, name: `${word} 0` }).waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await until(page, async () => (await told()).trashed_at, null);
  await page.keyboard.press("r");
  await page.waitForURL("**/create");
  await holds(prompt(page), `${word} 0`);
  await page.getByRole("radio", { name: "Random", checked: true }).waitFor({ state: "attached" });
}

export async function before_and_after_by_one_key(visitor, base) {
  const parent = await earlier(base, "the room by day");
  const child = await edited(base, parent.id, "the same by night");
  const page = await visitor();
  const clicks = await counted(page);
  await page.goto(`/i/${child.id}`);
  await page.getByRole("button", { name: "Before and after" }).waitFor();
  await page.keyboard.press("b");
  await page.locator(`[alt=Before][src*="${parent.id}"]`).waitFor();
  await page.keyboard.press("c");
  await page.waitForFunction((id) => {
    const before = document.querySelector("[alt=Before]");
    return before && !before.style.clipPath && before.src.includes(id);
  }, parent.id);
  assert.equal(await clicks(), 0);
}
