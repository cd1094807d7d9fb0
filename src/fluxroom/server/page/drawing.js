// How a generation looks: while it is made, when it is done, when it failed, and as a tile among the recent ones.

import { language, money, words } from "./words.js";

export const $ = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const button = (text, act) => element("button", { type: "button", onclick: act }, text);
const rounded = (seconds) => (seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)).toLocaleString(language);
const altOf = (generation) => generation.prompt.slice(0, 120) || generation.model;

export function shapeOf(generation) {
  const wire = generation.jobs[0]?.wire ?? {};
  const size = wire.image_size?.width ? wire.image_size : wire;
  if (size.width && size.height) return `${size.width} / ${size.height}`;
  const ratio = /^(\d+):(\d+)$/.exec(wire.aspect_ratio ?? "");
  return ratio ? `${ratio[1]} / ${ratio[2]}` : "4 / 3";
}

export function phaseText(progress) {
  if (progress.phase === "queued") return progress.position ? words.position(progress.position) : words.queued;
  return progress.phase === "fetching" ? words.fetching : words.running;
}

export function card(generation, acts) {
  const made = element("article", { class: "card" });
  made.append(generation.settled ? pictures(generation) : waiting(generation, acts));
  const body = element("div", { class: "body" });
  if (generation.prompt) body.append(element("p", { class: "said", lang: "" }, generation.prompt));
  body.append(element("p", { class: "quiet figures" }, summary(generation)));
  if (generation.settled && generation.error) body.append(trouble(generation, acts));
  if (generation.settled) body.append(tools(generation, acts), details(generation));
  made.append(body);
  return made;
}

function pictures(generation) {
  const shown = generation.images.map((image) => {
    const picture = element("img", { src: image.url, alt: altOf(generation), width: String(image.width), height: String(image.height) });
    return element("a", { href: image.url, target: "_blank", rel: "noopener", title: words.open }, picture);
  });
  return element("div", { class: "pictures" }, ...shown);
}

function waiting(generation, acts) {
  const bar = element("progress", { max: "1", "aria-label": words.running });
  const text = element("p", {}, words.queued);
  const time = element("p", { class: "quiet figures" }, "");
  const tile = element("div", { class: "waiting" }, element("div", {}, text, bar, time, button(words.cancel, acts.cancel)));
  tile.style.aspectRatio = shapeOf(generation);
  acts.onProgress((progress) => {
    text.textContent = phaseText(progress);
    const expected = progress.expected ?? generation.seconds;
    if (progress.elapsed === undefined) return;
    time.textContent = words.usually(rounded(progress.elapsed), rounded(expected));
    // Ours is a guess: it slows down towards the end instead of standing still at it.
    bar.value = progress.progress ?? 1 - Math.exp((-2 * progress.elapsed) / Math.max(expected, 0.1));
  });
  return element("div", { class: "pictures" }, tile);
}

function summary(generation) {
  const first = generation.images[0];
  return [
    generation.route,
    first && `${first.width} × ${first.height}`,
    first && first.seed !== null && `${words.seed} ${generation.images.map((image) => image.seed).join(", ")}`,
    generation.settled && took(generation) && words.seconds(rounded(took(generation))),
    generation.settled && generation.images.length > 0 && (generation.sandbox ? words.free : charge(generation)),
  ].filter(Boolean).join(" · ");
}

function took(generation) {
  const times = generation.jobs.filter((job) => job.ready_at).map((job) => Date.parse(job.ready_at) - Date.parse(job.submitted_at));
  return times.length ? Math.max(...times) / 1000 : 0;
}

function charge({ receipt }) {
  if (receipt.state === "unknown") return words.unknown_charge;
  return receipt.state === "charged" && receipt.charged !== null ? money(receipt.charged) : words.not_charged;
}

function trouble(generation, acts) {
  const { error, images, jobs } = generation;
  const inDoubt = jobs.filter((job) => job.state === "unknown");
  const spent = { charged: words.charged, not_charged: words.not_charged, unknown: words.unknown_charge }[error.charge];
  const made = element("div", { class: "trouble" }, element("strong", {}, words.titles[error.code] ?? error.title));
  if (images.length) made.append(element("p", {}, words.failed_some(images.length, jobs.length)));
  if (error.detail !== error.title) made.append(element("p", {}, error.detail));
  made.append(element("p", { class: "quiet" }, `${spent}. ${error.next}`));
  if (inDoubt.length) {
    const decide = (choice) => () => acts.resolve(inDoubt.map((job) => job.id), choice);
    made.append(element("div", { class: "tools" }, button(words.retry, decide("retry")), button(words.abandon, decide("abandon"))));
  }
  return made;
}

function tools(generation, acts) {
  const made = element("div", { class: "tools" });
  for (const image of generation.images) {
    const number = generation.images.length > 1 ? ` ${generation.images.indexOf(image) + 1}` : "";
    made.append(
      element("a", { class: "button", href: image.download, download: "", title: words.download_help }, words.download + number),
      button(words.use + number, () => acts.use(image)),
    );
  }
  made.append(button(words.again, () => acts.again(generation)));
  return made;
}

function details(generation) {
  const first = generation.images[0];
  const { receipt } = generation;
  const spent = generation.sandbox && receipt.charged !== null ? words.sandbox_charge(money(receipt.charged)) : charge(generation);
  const rows = [
    [words.charged, spent],
    [words.estimated, `${money(receipt.estimated)} = ${generation.quote.formula ?? ""}`],
    [words.route, `${generation.route} → ${generation.jobs[0]?.endpoint ?? ""}`],
    [words.dimensions, first && `${first.width} × ${first.height}, ${Math.round(first.size_bytes / 1024).toLocaleString(language)} kB, ${first.mime.split("/")[1].toUpperCase()}`],
    [words.at_provider, generation.jobs.map((job) => job.request_id).filter(Boolean).join(", ")],
    [words.left_out, generation.not_sent.map((one) => `${one.name}: ${one.why}`).join("; ")],
  ].filter(([, value]) => value);
  const list = element("dl", {}, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  return element("details", {}, element("summary", {}, words.receipt), list);
}

export function tile(generation, current, open) {
  const first = generation.images[0];
  const failed = generation.error ? words.ended : words[generation.state] ?? words.running;
  const face = first
    ? element("img", { src: `${first.thumbnail}?size=256`, alt: altOf(generation), loading: "lazy" })
    : element("span", { class: "none" }, generation.settled ? failed : words.running);
  const made = element("button", { type: "button", title: generation.prompt.slice(0, 300), onclick: open }, face, element("span", {}, generation.route));
  if (current) made.setAttribute("aria-current", "true");
  return element("li", {}, made);
}

export function problemText(problem) {
  const title = words.titles[problem.code];
  return title ? `${title} ${problem.detail}` : problem.detail ?? problem.title ?? words.offline;
}
