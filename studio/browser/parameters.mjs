// Every parameter of a model, set in the form as a person would, and looked for in what the provider received.

import assert from "node:assert/strict";
import { asked as asking, generate, PATIENCE, ready, rowIn, settled, until } from "./steps.mjs";

const MODELS = ["bfl/flux-2-flex", "fal/flux-general", "bfl/flux-3-image"];
/** Set in another way (the prompt), or of a shape that is written as JSON. */
const ELSEWHERE = new Set(["prompt", "references", "mask"]);

/** A value that is not the default, for each kind of control; undefined where only JSON would do. */
function wished(parameter) {
  const { kind } = parameter["x-ui"];
  const { schema, default: ours, provider_default: theirs } = parameter;
  const before = ours ?? theirs;
  if (parameter.name === "num_images") return 2;
  if (kind === "seed") return 4711;
  if (kind === "size") return "square_hd";
  if (kind === "switch") return !before;
  if (kind === "lora") return [{ path: "https://example.com/clay.safetensors", scale: 0.5 }];
  if (schema.enum) return schema.enum.find((one) => one !== before);
  if (schema.type === "integer") return Math.min(schema.maximum ?? 12, (schema.minimum ?? 0) + 3);
  if (schema.type === "number") return Math.min(schema.maximum ?? 0.5, (schema.minimum ?? 0) + 0.5);
  if (kind === "text") return schema.format === "uri" ? "https://example.com/x" : `said of ${parameter.name}`;
  if (kind === "aspect") return "16:9";
  return undefined;
}

async function set(page, parameter, value) {
  const { kind } = parameter["x-ui"];
  const field = page.locator(`[data-field="${parameter.name}"]`);
  const fill = async (input, text) => {
    await input.fill(String(text));
    await input.press("Tab");
  };
  if (kind === "seed") {
    await field.getByText("Fixed", { exact: true }).click();
    await fill(field.getByRole("textbox", { name: "Seed" }), value);
  } else if (kind === "switch") {
    await field.getByRole("switch").click();
  } else if (kind === "size" || kind === "aspect") {
    await field.getByRole("radio", { name: kind === "size" ? "1:1 HD" : value, exact: true }).click();
  } else if (kind === "lora") {
    await field.getByRole("button", { name: "Add a LoRA" }).click();
    await fill(field.getByRole("textbox").first(), value[0].path);
    await fill(field.getByRole("textbox", { name: /^Strength/ }), value[0].scale);
  } else if (parameter.schema.enum && kind !== "safety" && kind !== "slider") {
    const list = field.getByRole("combobox");
    if (await list.count()) {
      await list.click();
      await page.getByRole("option", { name: String(value), exact: true }).click();
    } else {
      await field.locator("label", { hasText: new RegExp(`^${value}$`) }).click();
    }
  } else {
    await fill(field.getByRole("textbox").last(), value);
  }
}

const hidden = (parameter) => parameter["x-ui"].visible_if;

export async function every_parameter_of_three_models_arrives(visitor, base) {
  for (const route of MODELS) {
    const [provider, model] = route.split("/");
    const page = await visitor();
    await page.addInitScript(
      (state) => localStorage.setItem("fluxroom-draft", JSON.stringify({ version: 1, state })),
      { model, provider, prompt: "every parameter" },
    );
    await page.goto("/create");
    await generate(page).waitFor();
    const told = await (await fetch(`${base}/v1/models/${model}`)).json();
    const mode = told.routes[provider].modes.generate;
    const more = page.locator("button[aria-expanded]", { hasText: "More settings" });
    if (await more.count()) await more.click();

    const asked = {};
    for (const parameter of mode.parameters) {
      if (ELSEWHERE.has(parameter.name) || hidden(parameter)) continue;
      await page.locator(`[data-field="${parameter.name}"]`).waitFor();
      const value = wished(parameter);
      if (value === undefined) continue;
      await set(page, parameter, value);
      asked[parameter.name] = value;
    }
    // Both would say the size; the one that was set last in the form stays.
    if ("image_size" in asked && "aspect_ratio" in asked) delete asked.aspect_ratio;
    // What is typed is kept before it is sent.
    const missing = ([id, names]) => {
      const { state } = JSON.parse(localStorage.getItem("fluxroom-draft"));
      return names.filter((name) => !(name in (state.values[id] ?? {})));
    };
    await until(page, () => page.evaluate(missing, [model, Object.keys(asked)]), []);
    await ready(page);
    const sent = page.waitForRequest(
      (one) => one.method() === "POST" && one.url().endsWith("/v1/generations"),
    );
    const [made, request] = await Promise.all([asking(page, () => generate(page).click()), sent]);
    const body = request.postDataJSON();
    for (const [name, value] of Object.entries(asked))
      assert.deepEqual(body[name], value, `${route}: ${name} leaves the form`);
    await rowIn(page, made, "succeeded").waitFor({ timeout: 2 * PATIENCE });
    await arrived(await settled(base, made.id), mode, asked, route);
    await page.context().close();
  }
}

/** What the provider was sent has every parameter under one of its wire names, and nothing was left out. */
async function arrived(made, mode, asked, route) {
  assert.deepEqual(made.not_sent, [], route);
  const received = process.env.SANDBOX ? await emulated(made.jobs[0].request_id) : made.jobs[0].wire;
  for (const parameter of mode.parameters.filter((one) => one.name in asked && one.wire.length)) {
    const found = parameter.wire.some((name) => name in received);
    assert.ok(found, `${route}: ${parameter.name} arrives as ${parameter.wire}`);
    const [name] = parameter.wire;
    if (typeof asked[parameter.name] === "number")
      assert.equal(Number(received[name]), asked[parameter.name], `${route}: ${name}`);
  }
}

/** The input of a task as the emulator of the providers received it. */
async function emulated(id) {
  const tasks = await (await fetch(`${process.env.SANDBOX}/admin/tasks`)).json();
  const list = Array.isArray(tasks) ? tasks : tasks.tasks;
  const found = list.find((one) => one.id === id || one.request_id === id);
  assert.ok(found, `the emulator knows ${id}`);
  return found.input;
}
