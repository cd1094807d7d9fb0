// One flow in a real browser against a running gateway: node browser/run.mjs BASE FLOW. Exits with 1 and the reason.

import { readdirSync } from "node:fs";
import { chromium } from "playwright-core";
import * as gateways from "./gateways.mjs";
import * as looks from "./looks.mjs";
import * as parameters from "./parameters.mjs";

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

/** A tab of a person who has never been here. */
async function visitor(options = {}) {
  const context = await browser.newContext({
    baseURL: base,
    locale: "en-GB",
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => troubles.push(`error in the page: ${error.stack ?? error}`));
  page.on("console", (message) => {
    // A refused request is told by the browser too; the flow says whether it was meant.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      troubles.push(`on the console: ${message.text()}`);
    }
  });
  return page;
}

try {
  await flow(visitor, base);
} catch (error) {
  const [page] = browser.contexts().flatMap((context) => context.pages());
  if (page && process.env.SHOT) await page.screenshot({ path: process.env.SHOT });
  troubles.unshift(String(error.stack ?? error));
}
await browser.close();
if (troubles.length) {
  console.error(troubles.join("\n"));
  process.exit(1);
}
