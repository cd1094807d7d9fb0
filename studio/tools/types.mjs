// Writes src/api/schema.d.ts from the gateway's own OpenAPI; with --check it only says whether the file is fresh.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const studio = fileURLToPath(new URL("..", import.meta.url));
const target = join(studio, "src/api/schema.d.ts");
const python = process.env.PYTHON ?? join(studio, "../.venv/bin/python");
const program = `
import json, sys
from fluxroom.server import create_app
from fluxroom.settings import load
json.dump(create_app(load(sandbox=True)).openapi(), sys.stdout)
`;

const folder = mkdtempSync(join(tmpdir(), "fluxroom-types-"));
try {
  const described = join(folder, "openapi.json");
  writeFileSync(described, execFileSync(python, ["-c", program], { maxBuffer: 64 * 1024 * 1024 }));
  const made = join(folder, "schema.d.ts");
  const generator = join(studio, "tools/openapi/node_modules/openapi-typescript/bin/cli.js");
  execFileSync(process.execPath, [generator, described, "-o", made], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const fresh = readFileSync(made, "utf8");
  if (process.argv.includes("--check")) {
    if (readFileSync(target, "utf8") !== fresh) {
      console.error(
        "studio/src/api/schema.d.ts is not what the gateway's OpenAPI says: run `make studio-types`.",
      );
      process.exit(1);
    }
  } else {
    writeFileSync(target, fresh);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
