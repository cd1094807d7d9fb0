// One picture and all that is known of it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { create, earlier, generated, newest } from "../steps.mjs";

export async function a_picture_tells_how_it_was_made(visitor, base) {
  const page = await visitor();
  await create(page, { prompt: "told" });
  await generated(page);
  const made = await newest(base);
  await page.locator("[data-generation] figure a").first().click();
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
  const made = await earlier(base, 'it\'s "told" again');
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
  for (const [name, program] of Object.entries(programs)) {
    await page.locator("label", { hasText: new RegExp(`^${name}$`) }).click();
    const before = (await newest(base)).id;
    program(await page.locator("pre").innerText());
    const again = await newest(base);
    assert.notEqual(again.id, before, name);
    assert.equal(again.prompt, 'it\'s "told" again', name);
    assert.equal(again.images[0].sha256, made.sha256, `${name} makes the same picture`);
  }
  rmSync(folder, { recursive: true });
}
