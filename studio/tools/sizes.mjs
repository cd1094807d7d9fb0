// Holds the build to its budgets, in kilobytes after gzip. First route: the page's own scripts with all that they import.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGETS = { firstScripts: 290, lazyScript: 70, styles: 35, font: 50 };
const build = `${process.argv[2] ?? fileURLToPath(new URL("../../src/fluxroom/server/studio", import.meta.url))}/`;
const manifest = JSON.parse(readFileSync(`${build}manifest.json`, "utf8"));
const size = (file) => gzipSync(readFileSync(build + file), { level: 9 }).length / 1000;

const page = readFileSync(`${build}index.html`, "utf8");
const named = (pattern) => [...page.matchAll(pattern)].map((found) => found[1]);
const chunks = Object.values(manifest);
const first = new Set();
function take(file) {
  if (first.has(file)) return;
  first.add(file);
  const chunk = chunks.find((one) => one.file === file);
  for (const key of chunk?.imports ?? []) take(manifest[key].file);
}
for (const file of named(/<script[^>]+src="\/([^"]+)"/g)) take(file);

const sum = (files) => files.reduce((total, file) => total + size(file), 0);
const files = readdirSync(`${build}page`).map((name) => `page/${name}`);
const lazy = files.filter((file) => file.endsWith(".js") && !first.has(file));
const found = {
  firstScripts: sum([...first]),
  lazyScript: Math.max(...lazy.map(size)),
  styles: sum(named(/<link rel="stylesheet"[^>]+href="\/([^"]+)"/g)),
  font: size(files.find((file) => /inter-latin-wght/.test(file))),
};
let over = false;
for (const [name, budget] of Object.entries(BUDGETS)) {
  const kilobytes = found[name];
  over ||= kilobytes > budget;
  console.log(`${kilobytes > budget ? "OVER" : "ok"}  ${name}  ${kilobytes.toFixed(1)} of ${budget} kB`);
}
process.exit(over ? 1 : 0);
