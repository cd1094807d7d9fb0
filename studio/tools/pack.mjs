// Packs what the build has written, as tightly as Brotli can; the gateway packs for browsers that take only gzip.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const parts = fileURLToPath(new URL("../../src/fluxroom/server/studio/page/", import.meta.url));
for (const name of readdirSync(parts).filter((one) => /\.(js|css)$/.test(one))) {
  writeFileSync(`${parts}${name}.br`, brotliCompressSync(readFileSync(parts + name)));
}
