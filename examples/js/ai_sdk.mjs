// The AI SDK's two FLUX providers on the gateway: a generation at each, and an edit.
//
//   npm install ai @ai-sdk/black-forest-labs @ai-sdk/fal && node examples/js/ai_sdk.mjs "a red fox in fresh snow"

import { writeFile } from "node:fs/promises";
import { createBlackForestLabs } from "@ai-sdk/black-forest-labs";
import { createFal } from "@ai-sdk/fal";
import { generateImage } from "ai";

const gateway = process.env.FLUXROOM_URL ?? "http://127.0.0.1:7860";
const apiKey = process.env.FLUXROOM_API_KEY ?? "none";
const prompt = process.argv[2] ?? "a red fox in fresh snow";

const bfl = createBlackForestLabs({ baseURL: `${gateway}/bfl/v1`, apiKey });
const fal = createFal({ baseURL: `${gateway}/fal`, apiKey });

const day = await generateImage({ model: bfl.image("flux-2-pro"), prompt, size: "1536x1024", seed: 7 });
await writeFile("day.jpg", day.image.uint8Array);
const night = await generateImage({
  model: fal.image("fal-ai/flux-2/edit"),
  prompt: { text: "make it night", images: [day.image.uint8Array] },
  providerOptions: { fal: { useMultipleImages: true } },
});
await writeFile("night.png", night.image.uint8Array);
console.log("day.jpg", day.providerMetadata.blackForestLabs.images[0].cost, "credits; night.png");
