// Conversations: said once, kept by the gateway, the same in every tab.

import assert from "node:assert/strict";
import { drop, generate, holds, png, prompt, seen, settled, unique, until } from "../steps.mjs";

const HERE = /\/chat\/[0-9a-z]{20,}$/;
const pictures = (page) => page.getByRole("log").locator("figure img");
const message = (page) => page.getByRole("textbox", { name: "Message" });

async function write(page, text) {
  await message(page).fill(text);
  await page.keyboard.press("Enter");
}

/** What the conversation's answer of this number has made, once nothing of it is under way. */
async function answer(base, page, number) {
  await page.waitForURL(HERE);
  const address = `${base}/v1/conversations/${new URL(page.url()).pathname.split("/").at(-1)}`;
  let made = [];
  await until(
    page,
    async () => {
      const { messages } = await (await fetch(address)).json();
      made = messages.flatMap((one) => (one.role === "user" ? [] : (one.generation ?? [])));
      return made.length > number;
    },
    true,
  );
  return settled(base, made[number]);
}

export async function a_conversation_of_three_turns(visitor, base) {
  const page = await visitor();
  // What an older version has kept in this browser harms nobody.
  await page.addInitScript(() => localStorage.setItem("fluxroom-chat", '{"state":{"chats":7},"version":0}'));
  await page.goto("/chat");
  const starters = page.locator("[class*=starters] button");
  await until(page, () => starters.count(), 5);
  await starters.nth(1).click();
  const first = await answer(base, page, 0);
  await pictures(page).nth(0).waitFor();
  assert.equal(first.mode, "generate");
  await page.getByText("The last picture goes along as image 1.").waitFor();
  await write(page, "make it dusk");
  await pictures(page).nth(1).waitFor();
  const second = await answer(base, page, 1);
  assert.equal(second.prompt, "make it dusk");
  assert.deepEqual([second.mode, second.references[0].sha256], ["edit", first.images[0].sha256]);
  await drop(page, page.locator("form").last(), [png("lamp.png")]);
  await page.getByAltText("lamp.png").waitFor();
  await write(page, "with the lamp of image 2");
  await pictures(page).nth(2).waitFor();
  const third = await answer(base, page, 2);
  assert.deepEqual([third.prompt, third.references.length], ["with the lamp of image 2", 2]);
  assert.equal(third.references[0].sha256, second.images[0].sha256);
  await page.reload();
  await pictures(page).nth(2).waitFor();
  await seen(pictures(page).nth(0));
}

export async function an_earlier_picture_can_go_on(visitor, base) {
  const page = await visitor();
  await page.goto("/chat");
  await write(page, "a harbour");
  await pictures(page).nth(0).waitFor();
  const first = await answer(base, page, 0);
  await write(page, "in fog");
  await pictures(page).nth(1).waitFor();
  await page.getByRole("button", { name: "Go on with this picture" }).click();
  await page.getByText("The picture you picked goes along as image 1.").waitFor();
  await write(page, "in snow");
  await pictures(page).nth(2).waitFor();
  const third = await answer(base, page, 2);
  assert.deepEqual(
    third.references.map((one) => one.sha256),
    [first.images[0].sha256],
  );
  await page.getByText("The last picture goes along as image 1.").waitFor();
}

export async function a_form_of_a_conversation_and_back(visitor, base) {
  const page = await visitor();
  await page.goto("/chat");
  await write(page, "a green chair");
  await pictures(page).nth(0).waitFor();
  await page.waitForURL(HERE);
  const { pathname } = new URL(page.url());
  await page.getByRole("button", { name: "Open as form" }).click();
  await page.waitForURL("**/create");
  await holds(prompt(page), "a green chair");
  await generate(page).waitFor();
  await page.getByRole("radio", { name: "1:1 HD" }).click();
  await page.getByRole("button", { name: "Go on with these settings" }).click();
  await page.waitForURL(`**${pathname}`);
  await page.getByText(/^With .*square_hd/).waitFor();
  await write(page, "a blue chair");
  await pictures(page).nth(1).waitFor();
  const made = await answer(base, page, 1);
  assert.equal(made.params.image_size, "square_hd");
}

export async function two_tabs_hear_the_same_conversation(visitor) {
  const page = await visitor();
  await page.goto("/chat");
  await write(page, "heard twice");
  await page.waitForURL(HERE);
  await pictures(page).nth(0).waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await pictures(other).nth(0).waitFor();
  await write(other, "and once more");
  await pictures(other).nth(1).waitFor();
  await page.getByText("and once more").waitFor();
  await pictures(page).nth(1).waitFor();
}

export async function an_answer_can_be_stopped_and_says_what_it_costs(visitor) {
  const page = await visitor();
  await page.goto("/chat");
  await page.getByRole("combobox", { name: "Model" }).click();
  await page.getByRole("option", { name: "FLUX.2 [pro]", exact: true }).click();
  await page.getByText(/^about \$0\.0\d+ a message$/).waitFor();
  await write(page, "slowly [[duration:30]]");
  await page.getByText("BFL cannot cancel a running picture; it will arrive and be charged.").waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText("Stopped what could be stopped").waitFor();
}

export async function what_is_refused_stays_written(visitor) {
  const page = await visitor();
  await page.goto("/chat");
  await message(page).waitFor();
  await page.route("**/v1/conversations/*/messages", (route) =>
    route.fulfill({
      status: 402,
      contentType: "application/problem+json",
      body: JSON.stringify({ code: "budget_exceeded", detail: "The budget is spent.", status: 402 }),
    }),
  );
  await write(page, "a dear wish");
  await page.getByRole("alert").getByText("The budget does not allow this request.").waitFor();
  await holds(message(page), "a dear wish");
  await page.unroute("**/v1/conversations/*/messages");
  await page.keyboard.press("Enter");
  await pictures(page).nth(0).waitFor();
}

export async function a_conversation_is_forgotten_only_when_that_is_meant(visitor) {
  const page = await visitor();
  await page.goto("/chat");
  const title = unique("to be forgotten ");
  await write(page, title);
  await page.waitForURL(HERE);
  await pictures(page).nth(0).waitFor();
  const forget = page.getByRole("button", { name: `Forget this conversation: ${title}` });
  await forget.click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await forget.click();
  await page.getByRole("dialog").getByRole("button", { name: "Forget this conversation" }).click();
  await page.waitForURL(/\/chat$/);
  await forget.waitFor({ state: "detached" });
}

export async function an_assistant_answers_once_somebody_wants_it(visitor, base) {
  const page = await visitor();
  await page.goto("/chat");
  await page.getByRole("button", { name: "Assistants" }).click();
  const editor = page.getByRole("switch", { name: "FLUX photo editor" });
  await editor.press("Space");
  await editor.and(page.locator(":checked")).waitFor({ state: "attached" });
  await page.keyboard.press("Escape");
  await page.getByRole("combobox", { name: "Assistant" }).waitFor();
  const starters = page.locator("[class*=starters] button");
  await starters.filter({ hasText: "Another time of day" }).waitFor();
  // It edits: a picture goes along from the start.
  await drop(page, page.locator("form").last(), [png("street.png")]);
  await page.getByAltText("street.png").waitFor();
  await write(page, "at night");
  await pictures(page).nth(0).waitFor();
  const made = await answer(base, page, 0);
  assert.deepEqual([made.model, made.mode], ["flux-kontext-pro", "edit"]);
  await page.goto("/chat");
  await page.getByRole("combobox", { name: "Assistant" }).click();
  await page.getByRole("option", { name: "None: the model alone" }).click();
  await page.getByRole("button", { name: "Assistants" }).click();
  await editor.press("Space");
  await page.getByRole("combobox", { name: "Assistant" }).waitFor({ state: "detached" });
}

export async function a_picture_of_the_gallery_goes_along(visitor, base) {
  const page = await visitor();
  await page.goto("/chat");
  const word = unique("lighthouse");
  await write(page, `a ${word}`);
  await pictures(page).nth(0).waitFor();
  const first = await answer(base, page, 0);
  await page.getByRole("link", { name: "New conversation" }).click();
  await page.waitForURL(/\/chat$/);
  await page.getByRole("button", { name: "From the gallery" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: new RegExp(word) }).click();
  await dialog.getByRole("button", { name: "Use 1 picture" }).click();
  await page.getByAltText(new RegExp(word)).waitFor();
  await write(page, "the same in a storm");
  const made = await answer(base, page, 0);
  assert.equal(made.references[0].sha256, first.images[0].sha256);
}

export async function what_a_provider_refuses_can_be_said_otherwise(visitor) {
  const page = await visitor();
  await page.goto("/chat");
  await write(page, "moderate-me");
  await page.getByText("The provider refused the prompt or a reference before starting.").waitFor();
  await page.getByRole("button", { name: "Edit the message" }).click();
  await holds(message(page), "moderate-me");
  await write(page, "a harmless lamp");
  await pictures(page).nth(0).waitFor();
}

export async function whoever_writes_at_once_is_heard(visitor) {
  const page = await visitor();
  let open = () => {};
  const gate = new Promise((resolve) => {
    open = resolve;
  });
  await page.route("**/v1/models", async (route) => {
    await gate;
    await route.continue();
  });
  await page.goto("/chat");
  await write(page, "said before the models were there");
  open();
  await page.waitForURL(HERE);
  await pictures(page).nth(0).waitFor();
}
