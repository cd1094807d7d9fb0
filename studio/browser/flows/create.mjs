// The form and its results.

import assert from "node:assert/strict";
import {
  asked,
  counted,
  create,
  drop,
  FAST,
  generate,
  generated,
  holds,
  PATIENCE,
  png,
  priced,
  prompt,
  ready,
  row,
  rowIn,
  seen,
  unique,
  until,
} from "../steps.mjs";

export async function first_picture_in_two_clicks(visitor) {
  const page = await visitor();
  const clicks = await counted(page);
  await page.goto("/");
  await page.getByRole("button", { name: "Start in the sandbox" }).click();
  const before = await clicks();
  const made = await generated(page);
  assert.equal((await clicks()) - before + 1, 2);
  await seen(row(page, made).locator("figure img"));
  await row(page, made).getByText("sandbox", { exact: true }).waitFor();
}

export async function a_reload_keeps_everything(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-flex" });
  const text = `${unique("kept")} [[duration:4]]`;
  await prompt(page).fill(text);
  await page.getByRole("radio", { name: "Custom" }).click();
  await page.getByRole("textbox", { name: "Width" }).fill("1280");
  await page.getByRole("textbox", { name: "Width" }).press("Tab");
  await page.locator("button[aria-expanded]", { hasText: "More settings" }).first().click();
  await drop(page, page.getByRole("region", { name: "References" }), [png("a.png")]);
  await page.getByRole("button", { name: "Remove image 1" }).waitFor({ state: "attached" });
  await ready(page);
  const made = await asked(page, () => generate(page).click());
  await row(page, made).waitFor();
  await page.reload();
  await generate(page).waitFor();
  await holds(prompt(page), text);
  await until(
    page,
    async () => /1280/.test(await page.getByRole("textbox", { name: "Width" }).inputValue()),
    true,
  );
  await seen(page.getByAltText(/^image 1: a.png/));
  await rowIn(page, made, "succeeded").waitFor();
}

export async function what_a_model_lacks_is_not_sent_and_says_so(visitor) {
  const page = await visitor();
  await create(page, {
    model: "flux-3-image",
    prompt: "a fox",
    values: { "flux-3-image": { seed: 7 } },
    seedMode: "fixed",
  });
  const chip = page.getByRole("status", { name: "Not sent" });
  await chip.getByText(/Seed: /).waitFor();
  const made = await generated(page);
  assert.deepEqual(
    made.not_sent.map((one) => one.name),
    ["seed"],
  );
  await page.getByRole("button", { name: "Forget Seed" }).click();
  await chip.waitFor({ state: "detached" });
}

export async function form_and_json_are_the_same_request(visitor) {
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
  await holds(prompt(page), "a badger");
  await page.getByRole("radio", { name: "1:1 HD", checked: true }).waitFor({ state: "attached" });
  const made = await generated(page);
  assert.equal(made.params.seed, 99);
  assert.equal(made.params.image_size, "square_hd");
}

export async function what_is_dear_is_asked_first(visitor) {
  const page = await visitor();
  const sent = [];
  page.on("request", (one) => {
    if (one.method() === "POST" && one.url().endsWith("/v1/generations")) sent.push(one);
  });
  await create(page, { model: "flux-2-max", prompt: "dear", values: { "flux-2-max": { num_images: 20 } } });
  await priced(page, /\$1\.40/);
  await generate(page).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("20 pictures for about $1.40.").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(sent.length, 0);
}

export async function cancel_says_what_it_can_do(visitor) {
  const page = await visitor();
  await create(page, { model: "flux-2-pro", provider: "bfl", prompt: `${unique("slow")} [[duration:20]]` });
  await ready(page);
  const slow = row(page, await asked(page, () => generate(page).click()));
  await slow.getByText("BFL cannot cancel a running picture; it will arrive and be charged.").waitFor();
  await slow.getByText(/usually about/).waitFor();
  await slow.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByText("Cancelled what could be cancelled").waitFor();
  await slow.locator("figure img").waitFor({ timeout: 2 * PATIENCE });
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
  await holds(prompt(page), "still here");
  await page.locator("button[aria-haspopup=dialog]").click();
  await page.getByRole("textbox", { name: "Search by name" }).fill("flex");
  await page.getByRole("button", { name: /^FLUX.2 \[flex\]/ }).click();
  await page.getByText("Guidance was set to 10").waitFor();
}

export async function a_favourite_is_one_press_on_its_picture(visitor, base) {
  const page = await visitor();
  await create(page, { prompt: "a favourite fox" });
  const made = await generated(page);
  const star = row(page, made).getByRole("button", { name: "Favourite" });
  const pressed = row(page, made).locator("button[aria-pressed=true]");
  await star.press("Enter");
  await pressed.waitFor({ state: "attached" });
  const told = async () => (await (await fetch(`${base}/v1/images/${made.images[0].id}`)).json()).favourite;
  await until(page, told, true);
  await page.reload();
  await pressed.waitFor({ state: "attached" });
}

export async function the_last_fifteen_prompts_are_kept_each_once(visitor) {
  const page = await visitor();
  const recent = Array.from({ length: 15 }, (_, number) => `prompt ${number}`);
  await create(page, { prompt: "prompt 3", recent });
  await generated(page);
  await page.getByRole("button", { name: "Recent prompts" }).click();
  const items = page.getByRole("menuitem");
  await until(page, () => items.count(), 15);
  assert.equal(await items.first().innerText(), "prompt 3");
  await items.nth(1).click();
  await holds(prompt(page), "prompt 0");
}

export async function settings_are_kept_by_model_and_brought_into_its_range(visitor) {
  const page = await visitor();
  await create(page, {
    model: "flux-2-flex",
    prompt: "kept",
    values: { "flux-2-flex": { guidance_scale: 50 }, "flux-2-klein-4b": { image_size: "square_hd" } },
  });
  await page.getByText("Guidance was set to 10").waitFor();
  await page.reload();
  await page.getByText("Guidance was set to 10").waitFor();
  await page.locator("button[aria-haspopup=dialog]").click();
  await page.getByRole("button", { name: /^FLUX.2 \[klein\] 4B BFL/ }).click();
  await page.getByRole("radio", { name: "1:1 HD", checked: true }).waitFor({ state: "attached" });
}

export async function presets_fill_what_they_are_about_and_leave_the_rest(visitor) {
  const page = await visitor();
  await create(page, {
    model: "flux-2-flex",
    provider: "fal",
    prompt: "preset",
    values: { "flux-2-flex": { seed: 5 } },
    seedMode: "fixed",
  });
  const group = page.getByRole("group", { name: "Presets" });
  const sent = [];
  for (const name of ["Speed", "Quality", "Balanced"]) {
    await group.getByRole("button", { name }).click();
    await group.locator("button[aria-pressed=true]", { hasText: name }).waitFor();
    const made = await generated(page);
    assert.equal(made.params.seed, 5);
    sent.push(JSON.stringify(made.params));
  }
  assert.equal(new Set(sent).size, 3, sent.join(" "));
}

export async function the_next_seed_is_one_higher_after_each_run(visitor) {
  const page = await visitor();
  await create(page, { prompt: "counted", values: { [FAST]: { seed: 41 } }, seedMode: "next" });
  const seed = page.locator("[data-field=seed] input[inputmode]");
  assert.equal((await generated(page)).params.seed, 41);
  await holds(seed, "42");
  assert.equal((await generated(page)).params.seed, 42);
  await holds(seed, "43");
}

export async function a_json_prompt_goes_as_one_and_colours_are_shown(visitor) {
  const page = await visitor();
  await create(page);
  await prompt(page).fill('{"scene": "a red door", "palette": ["#ff0000", "#00ff7f"]}');
  await page.getByText("JSON prompt").waitFor();
  await page.getByRole("note", { name: "Colours in the prompt: #ff0000, #00ff7f" }).waitFor();
  assert.match((await generated(page)).prompt, /a red door/);
}

export async function a_row_can_be_varied_used_again_and_edited(visitor) {
  const page = await visitor();
  await create(page, { prompt: "a row", values: { [FAST]: { seed: 9 } }, seedMode: "fixed" });
  const first = await generated(page);
  const vary = row(page, first).getByRole("button", { name: "Vary" });
  const varied = await generated(page, "succeeded", () => vary.click());
  assert.notEqual(varied.images[0].sha256, first.images[0].sha256);
  await prompt(page).fill("");
  await row(page, first).getByRole("button", { name: "Use these settings" }).click();
  await holds(prompt(page), "a row");
  await row(page, varied).locator("figure").getByRole("button", { name: "Edit this picture" }).click();
  await page.getByRole("button", { name: "Remove image 1" }).waitFor({ state: "attached" });
  await holds(prompt(page), "");
}

export async function what_is_written_right_after_edit_goes_with_the_picture(visitor) {
  const page = await visitor();
  await create(page, { prompt: "to be edited" });
  const first = await generated(page);
  // A slow gateway: what is asked of it now is answered later than anybody types.
  await page.route("**/v1/images/*", async (route) => {
    await new Promise((later) => setTimeout(later, 3000));
    await route.continue();
  });
  const picture = row(page, first).locator("figure");
  await picture.hover();
  await picture.getByRole("button", { name: "Edit this picture" }).click();
  await prompt(page).fill("make it night");
  const edited = await generated(page);
  assert.equal(edited.prompt, "make it night");
  assert.equal(edited.mode, "edit");
  await holds(prompt(page), "make it night");
}
