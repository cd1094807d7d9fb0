// fal's own client, pointed at a gateway: node fal_client.mjs GATEWAY middleware|proxy

import { fal } from "@fal-ai/client";
import { tell } from "./told.mjs";

const [gateway, way] = process.argv.slice(2);
const key = process.env.GATEWAY_KEY ?? "none";

const places = {
  "https://queue.fal.run/": `${gateway}/fal/queue/`,
  "https://fal.run/": `${gateway}/fal/`,
  "https://rest.fal.ai/": `${gateway}/fal/`,
};

function here(request) {
  const place = Object.keys(places).find((start) => request.url.startsWith(start));
  return place ? { ...request, url: request.url.replace(place, places[place]) } : request;
}

if (way === "proxy") {
  fal.config({ credentials: key, proxyUrl: { url: `${gateway}/fal/proxy`, when: "always" } });
} else {
  fal.config({ credentials: key, requestMiddleware: async (request) => here(request) });
}

const app = "fal-ai/flux-2/klein/4b";
const seen = [];

await tell("generation", async () => {
  const onQueueUpdate = (update) => seen.push(update.status);
  const { data, requestId } = await fal.subscribe(app, {
    input: { prompt: "a red fox", seed: 7, num_images: 2 },
    logs: true,
    pollInterval: 50,
    onQueueUpdate,
  });
  const file = await fetch(data.images[0].url);
  return { data, requestId, seen, bytes: (await file.arrayBuffer()).byteLength };
});

await tell("edit", async () => {
  const made = await fal.subscribe(app, { input: { prompt: "a red fox" }, mode: "streaming" });
  const picture = await (await fetch(made.data.images[0].url)).blob();
  const images = [made.data.images[0].url, picture]; // a Blob is uploaded first
  return (await fal.subscribe(`${app}/edit`, { input: { prompt: "at dusk", image_urls: images } })).data;
});

await tell("upload", () => fetch(made()).then((file) => file.blob()).then((blob) => fal.storage.upload(blob)));
await tell("run", async () => (await fal.run(app, { input: { prompt: "at once" } })).data);
await tell("stream", async () => {
  const stream = await fal.stream(app, { input: { prompt: "in events" } });
  const events = [];
  for await (const event of stream) events.push(event);
  return { events, done: await stream.done() };
});
await tell("moderated", () => fal.subscribe(app, { input: { prompt: "moderate-me-output" } }));
await tell("failed", () => fal.subscribe(app, { input: { prompt: "a fox [[fault:error=internal_server_error]]" } }));
await tell("invalid", () => fal.subscribe(app, { input: { prompt: "a fox", num_images: 9 } }));
await tell("cancel", async () => {
  const { request_id: requestId } = await fal.queue.submit(app, { input: { prompt: "a fox [[duration:60]]" } });
  await fal.queue.cancel(app, { requestId });
  return fal.queue.status(app, { requestId, logs: true });
});

function made() {
  // One pixel, as a data URI that fetch can read.
  return "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
}
