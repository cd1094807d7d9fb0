// Pipelines: templates, steps, checkpoints, choices, changes, files.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  counted,
  drop,
  FAST,
  holds,
  PATIENCE,
  png,
  priced,
  ready,
  seen,
  settled,
  until,
  whilePaused,
} from "../steps.mjs";

const RUN = /\/pipelines\/[0-9a-z]{20,}$/;
const step = (page, name) => page.locator(`[data-step="${name}"]`);
const state = (page, name, wanted) => page.locator(`[data-step="${name}"][data-state="${wanted}"]`);
const view = (page, name) => page.locator("label", { hasText: new RegExp(`^${name}$`) });
const run = (page) => page.getByTestId("run");
const LONG = { timeout: 2 * PATIENCE }; // several requests, one after the other

/** Press Run, once it can be pressed, and go along to the run. */
async function begun(page) {
  await ready(page, "run");
  await run(page).click();
  await page.waitForURL(RUN);
}

/** A pipeline of one's own: pictures, a look at them, a choice, a change of each. */
const EVENING = {
  version: 1,
  name: "evening",
  inputs: { product: { kind: "text", title: { en: "Product", de: "Produkt" } } },
  steps: [
    { name: "words", do: "prompt", template: "{{inputs.product}} on {marble|oak}" },
    {
      name: "shots",
      do: "generate",
      model: FAST,
      prompt: "{{steps.words.texts}}",
      seed: 7,
      checkpoint: true,
    },
    { name: "best", do: "select", from: "{{steps.shots.images}}", by: "person" },
    {
      name: "night",
      do: "edit",
      model: FAST,
      each: "{{steps.best.images}}",
      references: ["{{item}}"],
      prompt: "at night",
    },
  ],
};

const file = (name, text) => ({ name, type: "text/plain", data: Buffer.from(text).toString("base64") });

/** The pipeline in the form, as it comes out of a file. */
async function opened(page, pipeline, name = "evening.json", text = JSON.stringify(pipeline)) {
  await page.goto("/pipelines");
  await page.getByRole("heading", { level: 1, name: "Pipelines" }).waitFor();
  await drop(page, page.getByRole("region", { name: "Pipelines" }), [file(name, text)]);
  await page.waitForURL("**/pipelines/new");
}

async function requests(base, id) {
  const answer = await fetch(`${base}/v1/runs/${id}/items?limit=200`);
  return (await answer.json()).items;
}

const idOf = (page) => page.url().split("/").at(-1);

export async function a_pipeline_with_a_checkpoint_and_a_choice(visitor, base) {
  const page = await visitor();
  await opened(page, EVENING);
  await page.getByRole("textbox", { name: "Product" }).fill("a cup");
  // Priced before it runs: two pictures, and the one or two that are chosen.
  await page.getByRole("table", { name: "Price of the whole run" }).getByText("2 pictures").first().waitFor();
  await priced(page, /\$\d/, "run");
  await begun(page);
  await state(page, "shots", "review").waitFor(LONG);
  const id = idOf(page);
  const texts = step(page, "words").locator("li");
  await until(page, () => texts.allInnerTexts(), ["a cup on marble", "a cup on oak"]);
  await page.getByRole("button", { name: "Good, go on" }).click();
  await state(page, "best", "review").waitFor();
  await page.getByRole("button", { name: "Picture 2" }).click();
  await page.getByRole("button", { name: "Go on with 1 picture" }).click();
  await state(page, "night", "done").waitFor(LONG);
  await page.getByText(/^Finished · 3 of 3/).waitFor();
  const items = await requests(base, id);
  const made = items.filter((one) => one.step === "shots").map((one) => one.images[0].sha256);
  assert.deepEqual(items.at(-1).asked.references, [made[1]]);
  await seen(step(page, "night").locator("img"));
}

export async function a_step_is_changed_and_made_again(visitor, base) {
  const page = await visitor();
  await opened(page, { ...EVENING, mode: "auto", steps: EVENING.steps.filter((one) => one.do !== "select") });
  await view(page, "Steps").click();
  // What refers to a step that is gone is said at the step, before anything runs.
  const night = page.getByRole("region", { name: /night$/ });
  await night.getByText(/there is no \{\{steps\.best\.images\}\}/).waitFor();
  await until(page, () => run(page).isDisabled(), true);
  await night.getByRole("button", { name: /^night/ }).click();
  await night.getByRole("combobox", { name: "Once for each of" }).click();
  await page.getByRole("option", { name: "pictures of shots" }).click();
  await page.getByRole("textbox", { name: "Product" }).fill("a lamp");
  await begun(page);
  await state(page, "night", "done").waitFor(LONG);
  const id = idOf(page);
  const before = await requests(base, id);
  await page.getByRole("button", { name: "Change: night" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Makes night again. Everything before stays, free of charge.").waitFor();
  await dialog.getByRole("textbox", { name: "Prompt" }).fill("at dawn");
  await dialog.getByRole("button", { name: /^Make it again like this/ }).click();
  await step(page, "night").getByText("at dawn").first().waitFor();
  await page.getByText(/^Finished · 4 of 4/).waitFor(LONG);
  const after = (await requests(base, id)).filter((one) => one.state !== "replaced");
  const prompts = (items, name) => items.filter((one) => one.step === name).map((one) => one.asked.prompt);
  assert.deepEqual(prompts(after, "night"), ["at dawn", "at dawn"]);
  const kept = (items) => items.filter((one) => one.step === "shots").map((one) => one.generation);
  assert.deepEqual(kept(after), kept(before));
}

export async function a_template_is_filled_in_and_run(visitor, base) {
  const page = await visitor();
  const clicks = await counted(page);
  await page.goto("/pipelines");
  await page.getByRole("button", { name: /^Change the background/ }).click();
  await page.waitForURL("**/pipelines/new");
  await page.getByText(/^Still missing: /).waitFor();
  assert.ok(await run(page).isDisabled());
  const before = await clicks();
  await drop(page, page.getByRole("region", { name: "Photos" }), [png("cup.png")]);
  await page.getByRole("button", { name: /^Remove image 1/ }).waitFor();
  for (const box of await page.getByRole("textbox").all()) {
    if (!(await box.inputValue())) await box.fill("a beach at noon");
  }
  await begun(page);
  assert.equal((await clicks()) - before, 1);
  await page.locator("[data-step][data-state=review]").first().waitFor(LONG);
  const [made] = await requests(base, idOf(page));
  assert.equal((await settled(base, made.generation)).mode, "edit");
  // Paused it stays as it is; cancelled it is over.
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText(/^Cancelled/).waitFor();
}

export async function a_pipeline_is_written_saved_and_read_again(visitor) {
  const page = await visitor();
  await page.goto("/pipelines");
  await page.getByRole("button", { name: "New pipeline" }).click();
  await page.waitForURL("**/pipelines/new");
  await page.getByRole("textbox", { name: "Name", exact: true }).first().fill("cups");
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.getByRole("menuitem", { name: /^Choose/ }).click();
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.getByRole("menuitem", { name: /^Tool/ }).click();
  const tool = page.getByRole("region", { name: "Step 3: finished" });
  await tool.getByRole("combobox", { name: "Tool" }).click();
  await page.getByRole("option", { name: "Deblur" }).click();
  await tool.getByText("flux-deblur").first().waitFor();
  await page.getByRole("button", { name: "Move finished up" }).click();
  await page
    .getByRole("region", { name: "Step 2: finished" })
    .getByText(/there is no \{\{steps\.best\.images\}\}/)
    .waitFor();
  await page.getByRole("button", { name: "Move finished down" }).click();
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save as YAML" }).click(),
  ]);
  assert.equal(saved.suggestedFilename(), "cups.yaml");
  const text = readFileSync(await saved.path(), "utf8");
  assert.match(text, /^version: 1\nname: cups\n/);
  assert.match(text, /do: tool\n {4}tool: deblur\n {4}model: flux-deblur/);
  await opened(page, null, "cups.yaml", text);
  await view(page, "Steps").click();
  await until(page, () => page.getByRole("region", { name: /^Step \d/ }).count(), 3);
  await view(page, "Text").click();
  const box = page.getByRole("textbox", { name: "Text" });
  await box.fill(
    `${await box.inputValue()}  - {name: last, do: select, from: "{{steps.finished.images}}", first: 1}\n`,
  );
  await box.blur();
  await view(page, "Steps").click();
  await page.getByRole("region", { name: "Step 4: last" }).waitFor();
  await page.reload();
  await page.getByRole("region", { name: "Step 4: last" }).waitFor();
}

export async function a_file_that_is_no_pipeline_says_so(visitor) {
  const page = await visitor();
  await page.addInitScript(() =>
    localStorage.setItem("fluxroom-pipeline", '{"state":{"pipeline":{"steps":4}},"version":9}'),
  );
  await page.goto("/pipelines");
  const place = page.getByRole("region", { name: "Pipelines" });
  await drop(page, place, [file("notes.yaml", "just: words")]);
  await page.getByText("This file is no pipeline").waitFor();
  assert.match(page.url(), /\/pipelines$/);
}

export async function a_failed_step_can_be_changed_in_a_second_tab(visitor) {
  const page = await visitor();
  const steps = [{ name: "shots", do: "generate", model: "flux-2-pro", prompt: "{{inputs.what}}" }];
  await opened(page, { version: 1, name: "refused", inputs: { what: { kind: "text" } }, steps });
  await page.getByRole("textbox", { name: "What" }).fill("moderate-me");
  await begun(page);
  await state(page, "shots", "failed").waitFor(LONG);
  await step(page, "shots").getByText("The provider refused the prompt").waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByRole("button", { name: "Change: shots" }).click();
  await other.getByRole("dialog").getByRole("textbox", { name: "Prompt" }).fill("a harmless cup");
  await other
    .getByRole("dialog")
    .getByRole("button", { name: /^Make it again/ })
    .click();
  await state(other, "shots", "done").waitFor(LONG);
  await state(page, "shots", "done").waitFor(LONG);
}

export async function a_step_has_settings_of_its_own_and_takes_those_of_inputs(visitor, base) {
  const page = await visitor();
  const steps = [{ name: "shots", do: "generate", model: "flux-2-flex", prompt: "{{inputs.what}}" }];
  const inputs = { what: { kind: "text" }, number: { kind: "number", default: 11 } };
  await opened(page, { version: 1, name: "settings", inputs, steps });
  await view(page, "Steps").click();
  await page.getByRole("radio", { name: "1:1 HD" }).click();
  await page.getByRole("button", { name: /^More settings/ }).click();
  await page.getByRole("textbox", { name: "Guidance" }).fill("4");
  await page.getByRole("textbox", { name: "Guidance" }).press("Tab");
  await page.getByRole("button", { name: "Take Seed from an input" }).click();
  await page.getByRole("menuitem", { name: "number" }).click();
  await page.getByText("{{inputs.number}}").waitFor();
  await page.getByRole("textbox", { name: "What" }).fill("a kettle");
  await begun(page);
  await state(page, "shots", "done").waitFor(LONG);
  const [item] = await requests(base, idOf(page));
  const { image_size, guidance_scale, seed, prompt } = item.asked;
  assert.deepEqual([image_size, guidance_scale, seed, prompt], ["square_hd", 4, 11, "a kettle"]);
  assert.equal((await settled(base, item.generation)).params.guidance_scale, 4);
}

export async function a_run_is_paused_survives_a_reload_and_goes_on(visitor, base) {
  const page = await visitor();
  const steps = [
    { name: "first", do: "generate", model: "flux-2-pro", prompt: "{{inputs.what}} [[duration:2]]" },
    { name: "second", do: "edit", model: FAST, references: ["{{steps.first.image}}"], prompt: "at night" },
  ];
  await opened(page, { version: 1, name: "paused", inputs: { what: { kind: "text" } }, steps });
  await page.getByRole("textbox", { name: "What" }).fill("a quay");
  await whilePaused(base, "bfl", async () => {
    await begun(page);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText(/^Paused/).waitFor();
    await page.reload();
    await page.getByText(/^Paused/).waitFor();
  });
  await page.getByRole("button", { name: "Go on", exact: true }).click();
  await state(page, "second", "done").waitFor(LONG);
  const made = (await requests(base, idOf(page))).filter((one) => one.state === "done");
  assert.deepEqual(
    made.map((one) => one.step),
    ["first", "second"],
  );
  // From here it can be begun again with other inputs.
  await page.getByRole("button", { name: "Open in the editor" }).click();
  await page.waitForURL("**/pipelines/new");
  await holds(page.getByRole("textbox", { name: "What" }), "a quay");
}

export async function a_choice_is_made_without_a_mouse(visitor) {
  const page = await visitor();
  await opened(page, { ...EVENING, name: "keys", mode: "auto" });
  await page.getByRole("textbox", { name: "Product" }).focus();
  await page.keyboard.type("a jug");
  await ready(page, "run");
  await page.keyboard.press("Tab");
  await page.waitForFunction(() => document.activeElement?.dataset.testid === "run");
  await page.keyboard.press("Enter");
  await page.waitForURL(RUN);
  await state(page, "best", "review").waitFor(LONG);
  await page.getByRole("button", { name: "Picture 2" }).press("Space");
  await page.getByRole("button", { name: "Picture 2, goes on as number 1" }).waitFor();
  await page.getByRole("button", { name: "Picture 1" }).press("Space");
  await page.getByRole("button", { name: "Picture 1, goes on as number 2" }).waitFor();
  await page.getByRole("button", { name: "Go on with 2 pictures" }).press("Enter");
  await state(page, "night", "done").waitFor(LONG);
}
