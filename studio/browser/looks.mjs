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

async function settled(page) {
  await page.locator("h1").first().waitFor({ state: "attached" });
  await page.waitForLoadState("networkidle").catch(() => undefined); // the stream of events never ends
  await page.waitForTimeout(300);
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

async function look(visitor, base, name) {
  const page = await visitor(LOOKS[name]);
  await page.addInitScript(() => {
    localStorage.setItem("fluxroom-look", JSON.stringify({ version: 1, state: { welcomed: true } }));
  });
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
    troubles.push(...(await troublesOf(page)).map((one) => `${screen}: ${one}`));
    if (process.env.SHOTS) {
      mkdirSync(process.env.SHOTS, { recursive: true });
      await page.screenshot({ path: `${process.env.SHOTS}/${screen}-${name}.png` });
    }
  }
  assert.deepEqual([...troubles, ...failed], []);
}

export const look_light = (visitor, base) => look(visitor, base, "light");
export const look_dark = (visitor, base) => look(visitor, base, "dark");
export const look_german = (visitor, base) => look(visitor, base, "german");
export const look_small = (visitor, base) => look(visitor, base, "small");
export const look_phone = (visitor, base) => look(visitor, base, "phone");
