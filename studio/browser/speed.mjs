// How long the gallery takes until its first screen is drawn, what it holds, and how it scrolls; and when the largest
// part of a screen is there on a slow line and a slow machine: node browser/speed.mjs BASE. Prints one JSON object.

import { chromium } from "playwright-core";

const [base] = process.argv.slice(2);
const TRIES = 5;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const middle = (list) => [...list].sort((one, other) => one - other)[Math.floor(list.length / 2)];

const first = [];
let held = {};
let frames = [];
for (let number = 0; number < TRIES; number++) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, baseURL: base });
  await page.goto("/gallery");
  // From the start of the navigation to the moment in which every picture on the screen is drawn.
  const drawn = await page.waitForFunction(() => {
    const seen = [...document.querySelectorAll("[role=gridcell] img")].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.top < innerHeight && box.bottom > 0;
    });
    return seen.length > 10 && seen.every((one) => one.complete && one.naturalWidth > 0)
      ? performance.now()
      : 0;
  });
  first.push(await drawn.jsonValue());
  held = await page.evaluate(() => ({
    nodes: document.querySelectorAll("*").length,
    pictures: document.images.length,
    heapMegabytes: Math.round(performance.memory.usedJSHeapSize / 1e6),
  }));
  frames = await page.evaluate(async () => {
    const frame = [...document.querySelectorAll("div")].find(
      (one) =>
        one.scrollHeight > one.clientHeight + 500 &&
        getComputedStyle(one).overflowY === "auto" &&
        one.querySelector("[role=grid]"),
    );
    const taken = [];
    let before = performance.now();
    for (let step = 0; step < 90; step++) {
      frame.scrollTop += 100;
      await new Promise(requestAnimationFrame);
      taken.push(performance.now() - before);
      before = performance.now();
    }
    return taken;
  });
  await page.close();
}
/** A line of 1.6 Mbit/s with 150 ms, and a processor of a quarter of the speed. */
async function slowLcp(path) {
  const context = await browser.newContext({ viewport: { width: 412, height: 823 }, baseURL: base });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: (1.6e6 / 8) * 0.9,
    uploadThroughput: 750e3 / 8,
  });
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await page.addInitScript(() => {
    window.__lcp = 0;
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) window.__lcp = one.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
  });
  await page.goto(path);
  await page.locator("h1").first().waitFor({ state: "attached", timeout: 60_000 });
  await page.waitForTimeout(3000); // later paints count too
  const found = await page.evaluate(() => window.__lcp);
  await context.close();
  return Math.round(found);
}
const slow = {};
for (const path of ["/welcome", "/create", "/gallery"]) {
  const tries = [];
  for (let number = 0; number < 3; number++) tries.push(await slowLcp(path));
  slow[path] = middle(tries);
}
await browser.close();
console.log(
  JSON.stringify({
    firstScreenMs: Math.round(middle(first)),
    slowestMs: Math.round(Math.max(...first)),
    ...held,
    frameMs: Math.round(middle(frames) * 10) / 10,
    slowFrames: frames.filter((one) => one > 33).length,
    slowLcpMs: slow,
  }),
);
