// The built-in page: a form drawn from what the chosen model takes, its live price, and the pictures that come.

import { $, card, element, problemText, tile } from "./drawing.js";
import { language, priceOf, words } from "./words.js";

const NAMES = { bfl: "Black Forest Labs", fal: "fal.ai" };
const DRAFT = "fluxroom-draft";

let models = [];
let model = null; // the chosen one, with its parameters
let references = []; // {sha256, preview, name}; sha256 is empty while it is uploaded
let uploads = [];
let generations = []; // the newest first
let shown = ""; // the id of the generation on the stage
let quoting = 0;
let quoteTimer = 0;

async function call(path, { method = "GET", body, type = "application/json" } = {}) {
  const headers = body ? { "content-type": type } : {};
  let answer;
  try {
    answer = await fetch(path, { method, headers, body });
  } catch {
    throw { detail: words.offline, code: "offline" };
  }
  const data = await answer.json();
  if (!answer.ok) throw data;
  return data;
}

const post = (path, body) => call(path, { method: "POST", body: JSON.stringify(body) });

// words and health ----------------------------------------------------------------------------------------------------

function speak() {
  document.documentElement.lang = language;
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = words[place.dataset.word];
  for (const place of document.querySelectorAll("[data-placeholder]")) place.placeholder = words[place.dataset.placeholder];
  for (const place of document.querySelectorAll("[data-label]")) place.setAttribute("aria-label", words[place.dataset.label]);
  $("shortcut").textContent = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘ ↵" : language === "de" ? "Strg ↵" : "Ctrl ↵";
}

async function tellWhatRuns() {
  const health = await call("/healthz");
  $("running").textContent = words.version(health.version);
  $("providers").replaceChildren(...health.providers.map(({ provider, set_up: ready, sandbox }) => {
    const said = ready ? (sandbox ? words.in_sandbox : words.set_up) : words.not_set_up;
    return element("li", { class: ready ? (sandbox ? "sandbox" : "on") : "off" }, said(NAMES[provider]));
  }));
  const none = health.providers.every((one) => !one.set_up);
  $("banner").hidden = !health.sandbox && !none;
  const [before, or, into, after] = words.banner_how;
  const code = (text) => element("code", {}, text);
  $("banner").replaceChildren(
    element("strong", {}, none ? words.no_provider : words.banner), " ",
    before, code("BFL_API_KEY=…"), or, code("FAL_KEY=…"), into, code(".env"), after,
  );
}

// the form ------------------------------------------------------------------------------------------------------------

const option = (value, text) => element("option", { value }, text);

function offerModels(chosen) {
  const groups = new Map();
  for (const one of models) {
    if (one.status === "retired" || !one.modes.some((mode) => mode === "generate" || mode === "edit")) continue;
    const name = words.families[one.family] ?? one.family.toUpperCase().replace("-", one.family === "flux-3" ? " " : ".");
    if (!groups.has(name)) groups.set(name, element("optgroup", { label: name }));
    const made = option(one.id, one.titles[language]);
    made.disabled = !one.available;
    groups.get(name).append(made);
  }
  $("model").replaceChildren(...groups.values());
  $("model").value = chosen;
  if (!$("model").value) $("model").selectedIndex = 0;
}

const providerNow = () => {
  const usable = Object.keys(model.routes).filter((name) => model.routes[name].available);
  return $("provider").value || usable[0] || Object.keys(model.routes)[0];
};

function modeNow() {
  const modes = model.routes[providerNow()].modes;
  const wanted = references.length ? "edit" : "generate";
  return modes[wanted] ?? modes.generate ?? modes.edit ?? Object.values(modes)[0];
}

const parameter = (name) => modeNow().parameters.find((one) => one.name === name);

async function chooseModel() {
  model = await call(`/v1/models/${encodeURIComponent($("model").value)}`);
  const usable = Object.keys(model.routes).filter((name) => model.routes[name].available);
  $("provider").replaceChildren(option("", words.any_provider), ...usable.map((name) => option(name, NAMES[name])));
  $("provider-field").hidden = usable.length < 2;
  chooseRoute();
}

function chooseRoute() {
  const mode = modeNow();
  $("about").textContent = model.descriptions[language];
  $("price").textContent = words.price_about(mode.price.text, mode.seconds.toLocaleString(language));
  offerSizes();
  const seed = Boolean(parameter("seed"));
  $("seed").disabled = !seed;
  $("seed").title = seed ? "" : model.why_not.seed?.[language] ?? "";
  $("seed").placeholder = seed ? words.seed_any : "–";
  drawReferences();
  askPrice();
}

function offerSizes() {
  const size = parameter("image_size");
  const shape = parameter("aspect_ratio");
  const before = $("size").value;
  const presets = size?.schema.anyOf?.find((one) => one.enum)?.enum ?? [];
  const ratios = size ? [] : shape?.schema.enum ?? [];
  $("size-field").hidden = !presets.length && !ratios.length;
  $("size-field").querySelector("label").textContent = size ? words.size : words.aspect;
  $("size").replaceChildren(
    option("", words.automatic),
    ...[...presets, ...ratios].filter((name) => name !== "auto").map((name) => option(name, words.sizes[name] ?? name)),
    ...(presets.length ? [option("own", words.own_size)] : []),
  );
  $("size").value = before;
  if (!$("size").value) $("size").value = "";
  $("own-size").hidden = $("size").value !== "own";
}

function limitNow() {
  return model.routes[providerNow()].modes.edit?.max_references ?? 0;
}

function drawReferences() {
  const limit = limitNow();
  $("files").disabled = !limit;
  $("drop").classList.toggle("off", !limit);
  $("drop-text").textContent = limit ? words.drop_more(limit) : words.no_references;
  $("chosen").replaceChildren(...references.map((one, place) => element("li", { class: one.sha256 ? "" : "loading" },
    element("img", { src: one.preview, alt: one.name }),
    element("b", {}, String(place + 1)),
    element("button", { type: "button", "aria-label": words.remove(place + 1), onclick: () => removeReference(place) }, "×"),
  )));
  const needed = !model.modes.includes("generate") && !references.length;
  const note = needed ? words.needs_reference : limit && references.length > limit ? words.too_many(limit) : "";
  $("form-note").hidden = !note;
  $("form-note").textContent = note;
}

function removeReference(place) {
  references.splice(place, 1);
  chooseRoute();
  $("files").focus();
}

function addFiles(files) {
  uploads = [...uploads, ...files.map(addFile)];
}

async function addFile(file) {
  if (!["image/png", "image/jpeg", "image/webp"].includes(file.type)) {
    complain({ detail: words.not_a_picture });
    return;
  }
  const one = { sha256: "", preview: URL.createObjectURL(file), name: file.name };
  references.push(one);
  drawReferences();
  try {
    one.sha256 = (await call("/v1/assets", { method: "POST", body: file, type: file.type })).sha256;
    complain(null);
  } catch (problem) {
    references = references.filter((other) => other !== one);
    complain(problem);
  }
  chooseRoute();
}

function wish() {
  const body = { prompt: $("prompt").value.trim(), on_unsupported: "error" };
  body.model = $("provider").value ? `${$("provider").value}/${model.id}` : model.id;
  const size = $("size").value;
  if (size === "own") body.image_size = { width: Number($("width").value), height: Number($("height").value) };
  else if (size) body[parameter("image_size") ? "image_size" : "aspect_ratio"] = size;
  if ($("seed").value !== "" && !$("seed").disabled) body.seed = Number($("seed").value);
  if (Number($("number").value) !== 1) body.num_images = Number($("number").value);
  const limit = limitNow();
  if (limit) body.references = references.filter((one) => one.sha256).slice(0, limit).map((one) => one.sha256);
  return body;
}

function complain(problem) {
  $("form-error").hidden = !problem;
  $("form-error").textContent = problem ? problemText(problem) : "";
}

function askPrice() {
  clearTimeout(quoteTimer);
  const number = ++quoting;
  quoteTimer = setTimeout(async () => {
    try {
      const body = wish();
      // A price needs no words; the provider does, and says so when the button is pressed.
      const told = await post("/v1/quotes", { ...body, prompt: body.prompt || "…" });
      if (number !== quoting) return;
      $("quote").textContent = told.sandbox ? `· ${words.free}` : `· ${priceOf(told.quote)}`;
      $("quote").title = told.quote.formula;
      complain(null);
    } catch (problem) {
      if (number !== quoting) return;
      $("quote").textContent = "";
      if ($("form-note").hidden) complain(problem);
    }
  }, 250);
}

async function generate(event) {
  event?.preventDefault();
  if ($("generate").disabled) return; // pressed twice is paid once
  if (!$("prompt").value.trim() && !references.length) {
    $("prompt").focus();
    return;
  }
  localStorage.setItem(DRAFT, JSON.stringify({ prompt: $("prompt").value, model: model.id }));
  $("generate").disabled = true;
  try {
    complain(null);
    await Promise.allSettled(uploads); // a picture that is still on its way belongs to the request
    const made = await post("/v1/generations", wish());
    generations.unshift(made);
    show(made.id);
    if (matchMedia("(max-width: 820px)").matches) $("stage").scrollIntoView();
  } catch (problem) {
    complain(problem);
  } finally {
    $("generate").disabled = false;
  }
}

// the stage -----------------------------------------------------------------------------------------------------------

const streams = new Map(); // id -> EventSource
const listeners = new Map(); // id -> what draws its progress

function show(id) {
  shown = id;
  const generation = generations.find((one) => one.id === id);
  if (generation && !generation.settled) follow(id);
  $("current").replaceChildren(generation ? card(generation, actsOn(generation)) : empty());
  drawRecent();
}

function empty() {
  const examples = words.examples.map((text) => element("button", { type: "button", onclick: () => {
    $("prompt").value = text;
    $("prompt").focus();
  } }, text));
  return element("div", { class: "empty" }, element("p", {}, words.empty), element("div", { class: "tools" }, ...examples));
}

function drawRecent() {
  const listed = generations.filter((one) => one.images.length || !one.settled || one.id === shown || one.state === "unknown");
  $("recent-title").hidden = listed.length < 1;
  $("recent").replaceChildren(...listed.map((one) => tile(one, one.id === shown, () => show(one.id))));
}

function replace(fresh) {
  generations = generations.map((one) => (one.id === fresh.id ? fresh : one));
  if (fresh.id === shown) show(fresh.id);
  else drawRecent();
}

function follow(id) {
  if (streams.has(id)) return;
  const stream = new EventSource(`/v1/generations/${id}/events`);
  streams.set(id, stream);
  const stop = () => {
    stream.close();
    streams.delete(id);
    listeners.delete(id);
  };
  stream.addEventListener("progress", (event) => listeners.get(id)?.(JSON.parse(event.data)));
  stream.addEventListener("end", (event) => {
    stop();
    const fresh = JSON.parse(event.data);
    $("said").textContent = fresh.images.length ? words.done : words.ended;
    replace(fresh);
  });
  stream.addEventListener("problem", (event) => {
    stop();
    complain(JSON.parse(event.data));
  });
  stream.onopen = () => complain(null);
  stream.onerror = () => complain({ detail: words.reconnecting });
}

function actsOn(generation) {
  return {
    onProgress: (draw) => listeners.set(generation.id, draw),
    cancel: async () => {
      try {
        const told = await call(`/v1/generations/${generation.id}`, { method: "DELETE" });
        if (!told.generation.settled) complain({ detail: [...new Set(told.jobs.map((job) => job.said))].join(". ") });
        replace(told.generation);
      } catch (problem) {
        complain(problem);
      }
    },
    resolve: async (jobs, choice) => {
      try {
        for (const job of jobs) await post(`/v1/jobs/${job}/resolve`, { choice });
        replace(await call(`/v1/generations/${generation.id}`));
      } catch (problem) {
        complain(problem);
      }
    },
    use: (image) => {
      references = [...references, { sha256: image.sha256, preview: image.thumbnail, name: generation.prompt.slice(0, 60) }];
      chooseRoute();
      $("prompt").focus();
    },
    again: async (one) => {
      $("prompt").value = one.prompt;
      $("model").value = one.model;
      await chooseModel();
      $("seed").value = $("seed").disabled ? "" : one.images[0]?.seed ?? one.params.seed ?? "";
      $("number").value = one.params.num_images ?? 1;
      restoreSize(one.params.image_size ?? one.params.aspect_ratio);
      askPrice();
      $("prompt").focus();
    },
  };
}

function restoreSize(size) {
  if (size?.width) {
    $("size").value = "own";
    $("width").value = size.width;
    $("height").value = size.height;
  } else {
    $("size").value = typeof size === "string" ? size : "";
    if ($("size").selectedIndex < 0) $("size").value = "";
  }
  $("own-size").hidden = $("size").value !== "own";
}

// begin ---------------------------------------------------------------------------------------------------------------

function listen() {
  $("form").addEventListener("submit", generate);
  $("form").addEventListener("input", (event) => {
    if (event.target === $("model")) return;
    $("own-size").hidden = $("size").value !== "own";
    if (event.target === $("provider")) chooseRoute();
    else if (event.target !== $("files")) askPrice();
  });
  $("model").addEventListener("change", () => chooseModel().catch(complain));
  $("files").addEventListener("change", () => {
    addFiles([...$("files").files]);
    $("files").value = "";
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") generate();
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length && limitNow()) addFiles(files);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", limitNow() > 0);
  });
  document.addEventListener("dragleave", () => $("drop").classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    $("drop").classList.remove("over");
    if (limitNow()) addFiles([...event.dataTransfer.files]);
  });
}

async function begin() {
  speak();
  const draft = JSON.parse(localStorage.getItem(DRAFT) ?? "{}");
  $("prompt").value = draft.prompt ?? "";
  try {
    const [, listed, past] = await Promise.all([tellWhatRuns(), call("/v1/models"), call("/v1/generations?limit=24")]);
    models = listed.models;
    offerModels(draft.model ?? listed.default);
    generations = past.generations;
    await chooseModel();
    listen();
    for (const one of generations) if (!one.settled) follow(one.id);
    show(generations[0]?.id ?? "");
  } catch (problem) {
    complain(problem instanceof Error ? { detail: problem.message } : problem);
  }
}

begin();
