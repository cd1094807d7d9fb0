// The AI SDK with its two FLUX providers, pointed at a gateway: node ai_sdk.mjs GATEWAY bfl|fal

import { createBlackForestLabs } from "@ai-sdk/black-forest-labs";
import { createFal } from "@ai-sdk/fal";
import { generateImage } from "ai";
import { tell } from "./told.mjs";

const [gateway, provider] = process.argv.slice(2);
const apiKey = process.env.GATEWAY_KEY ?? "none";

const bfl = createBlackForestLabs({ baseURL: `${gateway}/bfl/v1`, apiKey, pollIntervalMillis: 50, pollTimeoutMillis: 3000 });
const fal = createFal({ baseURL: `${gateway}/fal`, apiKey });
const model = provider === "bfl" ? bfl.image("flux-2-pro") : fal.image("fal-ai/flux-2/klein/4b");
const editing = provider === "bfl" ? model : fal.image("fal-ai/flux-2/klein/4b/edit");

function facts({ images, providerMetadata, warnings }) {
  return {
    images: images.map((image) => ({ type: image.mediaType, base64: image.base64 })),
    providerMetadata,
    warnings,
  };
}

let first;
await tell("generation", async () => {
  const made = await generateImage({ model, prompt: "a red fox", size: "1024x768", seed: 7 });
  first = made.images[0].uint8Array;
  return facts(made);
});
await tell("edit", async () => {
  const options = provider === "fal" ? { providerOptions: { fal: { useMultipleImages: true } } } : {};
  const prompt = { text: "make it dusk", images: [first, first] };
  return facts(await generateImage({ model: editing, prompt, ...options }));
});
await tell("moderated", () => generateImage({ model, prompt: "moderate-me-output" }));
await tell("refused", () => generateImage({ model, prompt: "moderate-me" }));
await tell("failed", () => generateImage({ model, prompt: "a fox [[fault:error]]", maxRetries: 0 }));
await tell("doubtful", () => generateImage({ model, prompt: "a fox [[fault:submit-drop-after]]" }));
