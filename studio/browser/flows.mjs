// What people do, with real clicks and keys.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const PICTURE = readFileSync(fileURLToPath(new URL("./picture.png", import.meta.url)));
const FAST = "flux-2-klein-4b";

const rows = (page) => page.locator("[data-generation]");
const prompt = (page) => page.locator("#prompt");
const generate = (page) => page.getByTestId("generate");

/** Clicks of a person, counted where they land. */
async function counted(page) {
  await page.addInitScript(() => {
    window.__clicks = 0;
    addEventListener("click", (event) => event.isTrusted && window.__clicks++, true);
  });
  return () => page.evaluate(() => window.__clicks);
}

/** The form with a model in it, as somebody finds it who was here before. */
async function create(page, { model = FAST, ...draft } = {}) {
  await page.addInitScript(
    ([state]) => {
      if (!localStorage.getItem("fluxroom-draft")) {
        localStorage.setItem("fluxroom-draft", JSON.stringify({ version: 1, state }));
      }
    },
    [{ model, ...draft }],
  );
  await page.goto("/create");
  await generate(page).waitFor();
}

/** Press Generate, by a click or otherwise, and wait until that request has ended in `state`. */
async function generated(page, state = "succeeded", press = () => generate(page).click()) {
  await page.waitForLoadState("networkidle", { timeout: 500 }).catch(() => undefined);
  const before = await rows(page)
    .first()
    .getAttribute("data-generation", { timeout: 100 })
    .catch(() => null);
  await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
  await press();
  await page.waitForFunction(
    ([old, wanted]) => {
      const { generation, state } = document.querySelector("[data-generation]")?.dataset ?? {};
      return generation && generation !== old && state === wanted;
    },
    [before, state],
  );
}

/** A picture that was made before, by somebody else. */
async function earlier(base, prompt = "made before") {
  const answer = await fetch(`${base}/v1/generations`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=30" },
    body: JSON.stringify({ prompt, model: FAST }),
  });
  return (await answer.json()).images[0];
}

async function newest(base) {
  const answer = await fetch(`${base}/v1/generations?limit=1`);
  return (await answer.json()).generations[0];
}

/** Files dropped on an element, as from the desktop. */
async function drop(page, target, files) {
  const transfer = await page.evaluateHandle((list) => {
    const found = new DataTransfer();
    for (const { name, type, data } of list) {
      const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
      found.items.add(new File([bytes], name, { type }));
    }
    return found;
  }, files);
  await target.dispatchEvent("dragover", { dataTransfer: transfer });
  await target.dispatchEvent("drop", { dataTransfer: transfer });
}

const png = (name) => ({ name, type: "image/png", data: PICTURE.toString("base64") });

export async function first_picture_in_two_clicks(visitor) {
  const page = await visitor();
  const clicks = await counted(page);
  await page.goto("/");
  await page.getByRole("button", { name: "Start in the sandbox" }).click();
  const before = await clicks();
  await generated(page);
  assert.equal((await clicks()) - before + 1, 2);
  const picture = page.locator("[data-generation] figure img").first();
  await picture.waitFor();
  assert.ok(await picture.evaluate((one) => one.decode().then(() => one.naturalWidth > 0)));
  assert.match(await rows(page).first().innerText(), /sandbox/);
}

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

export async function moderation_is_explained(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-pro", prompt: "moderate-me" });
  await generated(page, "moderated_input");
  const card = rows(page).first();
  await card.getByText("The provider refused the prompt or a reference before starting.").waitFor();
  await card.getByText(/Reason given/).waitFor();
  await card.getByRole("button", { name: "Send to fal" }).waitFor();
  await card.getByRole("button", { name: /^Try FLUX/ }).waitFor();
  await card.getByRole("button", { name: "Edit the prompt" }).click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "prompt");
  await prompt(page).fill("moderate-me-output");
  await generated(page, "moderated_output");
  await rows(page).first().getByText("The picture was made, then withheld by the provider.").waitFor();
  await rows(page).first().getByRole("button", { name: "Another seed" }).waitFor();
}

export async function cancel_says_what_it_can_do(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: "slow [[duration:8]]" });
  await generate(page).click();
  const row = rows(page).first();
  await row.getByText("BFL cannot cancel a running picture; it will arrive and be charged.").waitFor();
  await row.getByText(/usually about/).waitFor();
  await row.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByText("Cancelled what could be cancelled").waitFor();
  await page.getByText("The picture is ready.").or(row.locator("figure img")).first().waitFor();
}

export async function a_reload_keeps_everything(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-flex" });
  await prompt(page).fill("kept [[duration:4]]");
  await page.getByRole("radio", { name: "Custom" }).click();
  await page.getByRole("textbox", { name: "Width" }).fill("1280");
  await page.getByRole("textbox", { name: "Width" }).press("Tab");
  await page.locator("button[aria-expanded]", { hasText: "More settings" }).first().click();
  await drop(page, page.getByRole("region", { name: "References" }), [png("a.png")]);
  await page.waitForFunction(() => !document.querySelector("[data-testid=generate]").disabled);
  await page.waitForTimeout(500);
  await generate(page).click();
  await rows(page).first().waitFor();
  await page.reload();
  await generate(page).waitFor();
  assert.equal(await prompt(page).inputValue(), "kept [[duration:4]]");
  assert.match(await page.getByRole("textbox", { name: "Width" }).inputValue(), /1280/);
  const preview = page.getByAltText(/^image 1: a.png/);
  await preview.waitFor();
  assert.ok(await preview.evaluate((one) => one.decode().then(() => one.naturalWidth > 0)));
  await page.locator('[data-generation][data-state="succeeded"]', { hasText: "kept" }).waitFor();
}

export async function an_old_browser_state_is_used_as_far_as_it_is_sound(visitor) {
  const page = await visitor();
  await page.addInitScript(() => {
    const state = {
      model: "flux-of-yesterday",
      prompt: "still here",
      values: { "flux-2-flex": { guidance_scale: 20 } },
      references: 7,
    };
    localStorage.setItem("fluxroom-draft", JSON.stringify({ version: 0, state }));
    localStorage.setItem("fluxroom-look", "not even JSON");
  });
  await page.goto("/create");
  await page.getByText("The model flux-of-yesterday is no longer offered").waitFor();
  assert.equal(await prompt(page).inputValue(), "still here");
  await page.locator("button[aria-haspopup=dialog]").click();
  await page.getByRole("textbox", { name: "Search by name" }).fill("flex");
  await page.getByRole("button", { name: /^FLUX.2 \[flex\]/ }).click();
  await page.getByText("Guidance was set to 10").waitFor();
}

export async function what_a_model_lacks_is_not_sent_and_says_so(visitor, base) {
  const page = await visitor();
  await create(page, {
    model: "flux-3-image",
    prompt: "a fox",
    values: { "flux-3-image": { seed: 7 } },
    seedMode: "fixed",
  });
  const chip = page.getByRole("status", { name: "Not sent" });
  await chip.getByText(/Seed: /).waitFor();
  await generated(page);
  assert.deepEqual(
    (await newest(base)).not_sent.map((one) => one.name),
    ["seed"],
  );
  await page.getByRole("button", { name: "Forget Seed" }).click();
  await chip.waitFor({ state: "detached" });
}

export async function form_and_json_are_the_same_request(visitor, base) {
  const page = await visitor();
  await create(page, { prompt: "a fox" });
  await page.getByText("JSON", { exact: true }).click();
  const text = page.getByRole("textbox", { name: "JSON" });
  const body = JSON.parse(await text.inputValue());
  assert.equal(body.prompt, "a fox");
  await text.fill(JSON.stringify({ ...body, prompt: "a badger", image_size: "square_hd", seed: 99 }));
  await text.fill("{ broken");
  await page.getByText("This is not valid JSON.").waitFor();
  await page.getByText("Form", { exact: true }).click();
  assert.equal(await prompt(page).inputValue(), "a badger");
  assert.equal(await page.getByRole("radio", { name: "1:1 HD" }).getAttribute("aria-checked"), "true");
  await generated(page);
  const made = await newest(base);
  assert.equal(made.params.seed, 99);
  assert.equal(made.params.image_size, "square_hd");
}

export async function what_is_dear_is_asked_first(visitor, base) {
  const page = await visitor();
  await create(page, { model: "flux-2-max", prompt: "dear", values: { "flux-2-max": { num_images: 20 } } });
  const before = await newest(base);
  await page.waitForFunction(() =>
    /\$1\.40/.test(document.querySelector("[data-testid=generate]").textContent),
  );
  await generate(page).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("20 pictures for about $1.40.").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await newest(base))?.id, before?.id);
}

export async function everything_works_without_a_mouse(visitor) {
  const page = await visitor();
  await create(page);
  await page.keyboard.press("p");
  await page.keyboard.type("typed, not clicked");
  await generated(page, "succeeded", () => page.keyboard.press("Control+Enter"));
  await page.locator("body").press("Escape");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("g");
  await page.keyboard.press("g");
  await page.waitForURL("**/gallery");
  const grid = page.getByRole("grid");
  await grid.locator("a[tabindex='0']").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("4");
  await page
    .getByRole("gridcell")
    .first()
    .getByRole("link", { name: /4 stars/ })
    .waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/i/*");
  await page.getByRole("cell", { name: "flux-2-klein-4b" }).waitFor();
  await page.keyboard.press("a");
  await page.waitForURL("**/create");
  assert.equal(await prompt(page).inputValue(), "typed, not clicked");
}

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

export async function two_by_two_over_both_providers(visitor) {
  const page = await visitor();
  await page.addInitScript(() => {
    const state = { model: "flux-2-flex", prompt: "compared" };
    localStorage.setItem("fluxroom-draft", JSON.stringify({ version: 1, state }));
  });
  await page.goto("/compare");
  await page.getByRole("button", { name: "Both providers" }).click();
  await page.getByRole("combobox", { name: "Rows" }).click();
  await page.getByRole("option", { name: "Guidance" }).click();
  await page.getByRole("textbox", { name: "Values" }).fill("2, 4");
  const run = page.getByRole("button", { name: /^Make 4 cells/ });
  await page.getByRole("button", { name: /Make 4 cells.*\$0\.20/ }).waitFor();
  await run.click();
  await page.waitForURL("**/compare/*");
  await page.getByText(/Finished · 4 of 4/).waitFor();
  assert.equal(await page.locator("td img").count(), 4);
  const [best] = await page.getByRole("button", { name: "Best" }).all();
  await best.click();
  await page.locator("button[aria-pressed=true]", { hasText: "Best" }).waitFor();
  await page.reload();
  await page.locator("button[aria-pressed=true]", { hasText: "Best" }).waitFor();
  await page
    .getByRole("button", { name: /^Use these settings/ })
    .first()
    .click();
  await page.waitForURL("**/create");
  assert.equal(await prompt(page).inputValue(), "compared");
}

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

export async function a_conversation_of_three_turns(visitor, base) {
  const page = await visitor();
  await page.goto("/chat");
  const write = async (text) => {
    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await page.keyboard.press("Enter");
  };
  const pictures = page.getByRole("log").locator("figure img");
  await page.getByRole("button", { name: /^A paper boat/ }).click();
  await pictures.nth(0).waitFor();
  const first = await newest(base);
  assert.equal(first.mode, "generate");
  await write("make it dusk");
  await pictures.nth(1).waitFor();
  const second = await newest(base);
  assert.deepEqual([second.mode, second.references[0].sha256], ["edit", first.images[0].sha256]);
  await drop(page, page.locator("form").last(), [png("lamp.png")]);
  await page.getByAltText("lamp.png").waitFor();
  await write("with the lamp of image 2");
  await pictures.nth(2).waitFor();
  const third = await newest(base);
  assert.equal(third.references.length, 2);
  assert.equal(third.references[0].sha256, second.images[0].sha256);
  await page.reload();
  await pictures.nth(2).waitFor();
  assert.ok(await pictures.nth(0).evaluate((one) => one.decode().then(() => one.naturalWidth > 0)));
  await page.getByRole("button", { name: "Open as form" }).last().click();
  await page.waitForURL("**/create");
  assert.equal(await prompt(page).inputValue(), "with the lamp of image 2");
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

export async function two_tabs_agree(visitor) {
  const page = await visitor();
  const other = await page.context().newPage();
  await create(page, { prompt: "seen twice" });
  await other.goto("/create");
  await rows(other).first().waitFor();
  const known = await rows(other).count();
  await generate(page).click();
  await other.waitForFunction(
    (before) => document.querySelectorAll("[data-generation]").length > before,
    known,
  );
  const row = rows(other).first();
  await row.getByText("seen twice").first().waitFor();
  await other.locator('[data-generation][data-state="succeeded"]').first().waitFor();
}

export async function the_language_is_german_everywhere(visitor) {
  const page = await visitor();
  await create(page);
  await page.getByRole("button", { name: /Language/ }).click();
  await page.getByRole("menuitem", { name: "Deutsch" }).click();
  await page.getByRole("button", { name: /^Erzeugen/ }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  for (const [address, title] of [
    ["/gallery", "Galerie"],
    ["/chat", "Gespräch"],
    ["/compare", "Vergleichen"],
    ["/bulk", "Serie"],
    ["/models", "Modelle"],
    ["/costs", "Kosten"],
    ["/settings", "Einstellungen"],
    ["/welcome", "Willkommen bei Fluxroom"],
  ]) {
    await page.goto(address);
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
  }
}
