// How every screen looks, and what a machine can say about its accessibility.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = [
  ...["create", "chat", "tools", "welcome", "gallery", "compare", "bulk", "pipelines"],
  ...["models", "costs", "settings"],
];
const LOOKS = {
  light: {},
  dark: { colorScheme: "dark" },
  german: { locale: "de-DE" },
  small: { viewport: { width: 320, height: 700 }, hasTouch: true, isMobile: true },
  phone: {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    colorScheme: "dark",
    locale: "de-DE",
  },
};

async function addresses(base) {
  const { images } = await (await fetch(`${base}/v1/images?limit=1`)).json();
  const { runs } = await (await fetch(`${base}/v1/runs?limit=50`)).json();
  const { conversations } = await (await fetch(`${base}/v1/conversations?limit=1`)).json();
  const run = (kind, name, at) =>
    runs
      .filter((one) => one.kind === kind)
      .slice(0, 1)
      .map((one) => [name, `${at}/${one.id}`]);
  return [
    ...SCREENS.map((name) => [name, `/${name}`]),
    ["tool", "/tools/fill"],
    ["frame", "/tools/outpaint"],
    ["pipeline-steps", "/pipelines/new"],
    ...images.map((one) => ["image", `/i/${one.id}`]),
    ...run("comparison", "comparison", "/compare"),
    ...run("bulk", "bulk-run", "/bulk"),
    ...run("pipeline", "pipeline-run", "/pipelines"),
    ...conversations.map((one) => ["conversation", `/chat/${one.id}`]),
  ];
}

/** All of a list that comes in pages. */
async function every(base, what) {
  const found = [];
  for (let next = `/v1/${what}?limit=100`; next; ) {
    const page = await (await fetch(base + next)).json();
    found.push(...page[what]);
    next = page.next;
  }
  return found;
}

/** What people wrote, in whole and as labels cut it off; the longest first. */
async function written(base) {
  const texts = [
    ...(await every(base, "generations")).map((one) => one.prompt),
    ...(await every(base, "runs")).map((one) => one.name),
    ...(await every(base, "conversations")).map((one) => one.title),
  ].filter(Boolean);
  return [
    ...new Set(texts.flatMap((one) => [one, one.slice(0, 120), one.slice(0, 80), one.slice(0, 60)])),
  ].sort((one, other) => other.length - one.length);
}

const QUIET = 400; // milliseconds in which nothing on the page changes
const RESTLESS = 10_000; // milliseconds after which a page that never rests is looked at as it is

/** Until the screen has its heading, nothing in it is still on its way, and it has stopped changing. */
async function settled(page) {
  await page.locator("h1").first().waitFor({ state: "attached" });
  await page.waitForFunction(() => {
    const open = document.querySelector("[class*=Skeleton-root]");
    return !open && [...document.images].every((one) => one.complete || one.loading === "lazy");
  });
  await page.evaluate(
    ([quiet, most]) =>
      new Promise((resolve) => {
        let timer = setTimeout(resolve, quiet);
        setTimeout(resolve, most);
        new MutationObserver(() => {
          clearTimeout(timer);
          timer = setTimeout(resolve, quiet);
        }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      }),
    [QUIET, RESTLESS],
  );
}

async function troublesOf(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    // The picture's own canvas may be any colour; text never stands on it.
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }),
  );
  return found.violations.map(
    (one) =>
      `${one.id} (${one.impact}): ${one.help}: ${one.nodes
        .slice(0, 3)
        .map((node) => node.html.slice(0, 160))
        .join(" | ")}`,
  );
}

/** What a page says, without what people or programs wrote: words of prompts, code, names of models. */
function said() {
  const foreign = "[lang=''], [lang=en], pre, code, .mono, textarea, option, script, style, svg, kbd";
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    if (text && !walker.currentNode.parentElement.closest(foreign)) texts.push(text);
  }
  for (const one of document.querySelectorAll("[aria-label], [placeholder], [title]")) {
    if (one.closest(foreign) && !one.matches("textarea")) continue;
    for (const name of ["aria-label", "placeholder", "title"]) {
      const text = one.getAttribute(name);
      if (text) texts.push(text);
    }
  }
  return texts;
}

const ENGLISH = /\b(the|and|with|your|this|that|from|are|for|of|has|have|its|which|when|you)\b/i;
const RAW = /\b[a-z]+_[a-z_]+\b|\bundefined\b|\bNaN\b|\[object/;

/** Names of our own things in the text, or English where German is wanted. */
async function wordsOf(page, german, prompts) {
  const texts = await page.evaluate(said);
  return texts
    .map((text) => prompts.reduce((left, one) => left.replaceAll(one, ""), text).replace(/„[^“]*“/g, ""))
    .filter((text) => !text.includes("\n")) // an example of a table
    .filter((text) => RAW.test(text) || (german && ENGLISH.test(text)))
    .map((text) => `${german ? "no German" : "no word"}: ${text.slice(0, 120)}`);
}

async function look(visitor, base, name) {
  const page = await visitor(LOOKS[name]);
  await page.addInitScript(() => {
    localStorage.setItem("fluxroom-look", JSON.stringify({ version: 1, state: { welcomed: true } }));
  });
  const prompts = await written(base);
  const troubles = [];
  const failed = [];
  page.on(
    "response",
    (answer) => answer.status() >= 400 && failed.push(`${answer.status()} ${answer.url()}`),
  );
  for (const [screen, address] of await addresses(base)) {
    await page.goto(address);
    await settled(page);
    const wide = await page.evaluate(() => {
      const main = document.getElementById("content");
      return Math.max(document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth);
    });
    if (wide > 0) troubles.push(`${screen}: ${wide} px wider than the window`);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll("header button, header a, footer button, footer a")]
        .filter((one) => one.checkVisibility() && !one.className.includes("skip"))
        .filter((one) => {
          const box = one.getBoundingClientRect();
          return (
            !one.closest("[class*=film]") && (box.right > innerWidth + 1 || box.left < -1 || box.width < 22)
          );
        })
        .map((one) => one.getAttribute("aria-label") || one.innerText),
    );
    if (cut.length) troubles.push(`${screen}: cut off or squeezed: ${cut.join(", ")}`);
    const german = LOOKS[name].locale === "de-DE";
    for (const found of [...(await troublesOf(page)), ...(await wordsOf(page, german, prompts))])
      troubles.push(`${screen}: ${found}`);
    if (process.env.SHOTS) {
      mkdirSync(process.env.SHOTS, { recursive: true });
      await page.screenshot({ path: `${process.env.SHOTS}/${screen}-${name}.png` });
    }
  }
  const found = [...new Set([...troubles, ...failed])];
  assert.equal(found.length, 0, found.join("\n"));
}

export const look_light = (visitor, base) => look(visitor, base, "light");
export const look_dark = (visitor, base) => look(visitor, base, "dark");
export const look_german = (visitor, base) => look(visitor, base, "german");
export const look_small = (visitor, base) => look(visitor, base, "small");
export const look_phone = (visitor, base) => look(visitor, base, "phone");
