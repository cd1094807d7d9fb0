// One flow in a real browser against a running gateway: node browser/run.mjs BASE FLOW. Exits with 1 and the reason.

import { readdirSync } from "node:fs";
import { chromium } from "playwright-core";
import * as gateways from "./gateways.mjs";
import * as looks from "./looks.mjs";
import * as parameters from "./parameters.mjs";
import { PATIENCE } from "./steps.mjs";

const [base, name] = process.argv.slice(2);
const folder = new URL("./flows/", import.meta.url);
const files = readdirSync(folder).map((file) => import(new URL(file, folder)));
const flows = Object.assign({}, ...(await Promise.all(files)));
const flow = { ...flows, ...gateways, ...looks, ...parameters }[name];
if (!flow) {
  console.error(`There is no flow ${name}.`);
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const troubles = [];
const refused = []; // requests that were not answered as asked; told when the flow fails
const MOST_TOLD = 700; // letters of the beginning of a page, and of its end: there stand dialogs
const LONGEST = 240_000; // milliseconds of a flow; one that hangs is told where it stood

const after = (milliseconds, said) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds, said).unref());

/** A tab of a person who has never been here. */
async function visitor(options = {}) {
  const context = await browser.newContext({
    baseURL: base,
    locale: "en-GB",
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("pageerror", (error) => troubles.push(`error in the page: ${error.stack ?? error}`));
  page.on(
    "response",
    (answer) => answer.status() >= 400 && refused.push(`${answer.status()} ${answer.url()}`),
  );
  page.on("requestfailed", (one) => refused.push(`${one.failure()?.errorText} ${one.url()}`));
  page.on("console", (message) => {
    // A refused request is told by the browser too; the flow says whether it was meant.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      troubles.push(`on the console: ${message.text()}`);
    }
  });
  return page;
}

/** Where each tab of the flow stood: its address, and what it said. */
async function standing() {
  const pages = browser.contexts().flatMap((context) => context.pages());
  if (pages[0] && process.env.SHOT) await pages[0].screenshot({ path: process.env.SHOT }).catch(() => {});
  const told = pages.map(async (page) => {
    const said = page.evaluate(() => document.body.innerText).catch(String);
    const text = await Promise.race([said, after(5000, "nothing: it does not answer")]);
    const alerts = page.locator("[role=alert], [role=dialog]").allInnerTexts();
    const loud = await Promise.race([alerts.catch(() => []), after(1000, [])]);
    const line = text.replace(/\s*\n\s*/g, " | ");
    const most =
      line.length > 2 * MOST_TOLD ? `${line.slice(0, MOST_TOLD)} … ${line.slice(-MOST_TOLD)}` : line;
    return [`at ${page.url()}, which said:`, most, ...loud].join("\n");
  });
  return Promise.all(told);
}

try {
  const late = after(LONGEST).then(() => Promise.reject(new Error(`not done after ${LONGEST / 1000} s`)));
  await Promise.race([flow(visitor, base), late]);
} catch (error) {
  // The step that failed stands in the trace, by its file and line.
  troubles.unshift(String(error.stack ?? error), ...(await standing()), ...refused.slice(-10));
}
await browser.close();
if (troubles.length) {
  console.error(troubles.join("\n"));
}
process.exit(troubles.length ? 1 : 0);
