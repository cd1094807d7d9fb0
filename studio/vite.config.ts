import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const gateway = process.env.FLUXROOM_GATEWAY ?? "http://127.0.0.1:7860";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    // The gateway serves this folder; the wheel carries it.
    outDir: "../src/fluxroom/server/studio",
    emptyOutDir: true,
    target: "es2022",
    // Nothing inline: the page's policy allows scripts from files only.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000, // tools/sizes.mjs holds the budgets
    manifest: "manifest.json",
    assetsDir: "page",
    rolldownOptions: {
      output: {
        // What every screen needs is one file: sixty small ones queue for the browser's six connections, and pack worse.
        codeSplitting: { groups: [{ name: "studio", test: /src\/main\.tsx$/ }] },
      },
    },
  },
  server: { proxy: { "/v1": gateway, "/healthz": gateway, "/problems": gateway } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
    // A machine that has much to do is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
