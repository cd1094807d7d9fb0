// fal's own JavaScript client on the gateway: a generation, and an edit of the picture that it made.
//
//   npm install @fal-ai/client && node examples/js/fal_client.mjs "a red fox in fresh snow"

import { writeFile } from "node:fs/promises";
import { fal } from "@fal-ai/client";

const gateway = process.env.FLUXROOM_URL ?? "http://127.0.0.1:7860";
const prompt = process.argv[2] ?? "a red fox in fresh snow";

fal.config({
  // On this machine any key will do; elsewhere it is one that `fluxroom keys create` made.
  credentials: process.env.FLUXROOM_API_KEY ?? "none",
  // Every call goes to the gateway. `when: "always"` is what makes it work in Node too.
  proxyUrl: { url: `${gateway}/fal/proxy`, when: "always" },
});

const day = await fal.subscribe("fal-ai/flux-2", { input: { prompt, seed: 7 } });
await save(day, "day.png");
const picture = await (await fetch(day.data.images[0].url)).blob(); // a Blob is uploaded first
const input = { prompt: "make it night", image_urls: [picture], seed: 7 };
await save(await fal.subscribe("fal-ai/flux-2/edit", { input }), "night.png");

async function save({ data, requestId }, name) {
  const file = await fetch(data.images[0].url);
  await writeFile(name, Buffer.from(await file.arrayBuffer()));
  console.log(name, requestId, data.seed);
}
