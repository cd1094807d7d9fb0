// Holds the build to its budgets, in kilobytes after gzip. First route: the page's own script with all that it imports.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGETS = { firstScripts: 290, lazyScript: 70, styles: 35, font: 50 };
const build = fileURLToPath(new URL("../../src/fluxroom/server/studio/", import.meta.url));
const manifest = JSON.parse(readFileSync(`${build}manifest.json`, "utf8"));
const size = (file) => gzipSync(readFileSync(build + file), { level: 9 }).length / 1000;

const first = new Set();
function take(key) {
  const chunk = manifest[key];
  if (first.has(chunk.file)) return;
  first.add(chunk.file);
  for (const inner of chunk.imports ?? []) take(inner);
}
take("index.html");

const sum = (files) => files.reduce((total, file) => total + size(file), 0);
const files = readdirSync(`${build}page`).map((name) => `page/${name}`);
const lazy = files.filter((file) => file.endsWith(".js") && !first.has(file));
const found = {
  firstScripts: sum([...first]),
  lazyScript: Math.max(...lazy.map(size)),
  styles: sum(manifest["index.html"].css),
  font: size(files.find((file) => /inter-latin-wght/.test(file))),
};
let over = false;
for (const [name, budget] of Object.entries(BUDGETS)) {
  const kilobytes = found[name];
  over ||= kilobytes > budget;
  console.log(`${kilobytes > budget ? "OVER" : "ok"}  ${name}  ${kilobytes.toFixed(1)} of ${budget} kB`);
}
process.exit(over ? 1 : 0);
