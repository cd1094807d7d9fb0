// How long the gallery takes until its first screen is drawn, what it holds, and how it scrolls:
// node browser/speed.mjs BASE. Prints one JSON object.

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
await browser.close();
console.log(
  JSON.stringify({
    firstScreenMs: Math.round(middle(first)),
    slowestMs: Math.round(Math.max(...first)),
    ...held,
    frameMs: Math.round(middle(frames) * 10) / 10,
    slowFrames: frames.filter((one) => one > 33).length,
  }),
);
