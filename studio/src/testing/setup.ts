// What happy-dom lacks and the components ask for.

import { configure } from "@testing-library/react";
import { afterEach, beforeEach } from "vitest";

// Milliseconds that something may take to come: it costs time only where it never does.
configure({ asyncUtilTimeout: 20_000 });

class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
}
globalThis.ResizeObserver ??= Observer as unknown as typeof ResizeObserver;
window.matchMedia ??= (query: string) =>
  ({
    matches: false,
    media: query,
    addEventListener() {},
    removeEventListener() {},
    addListener() {},
    removeListener() {},
  }) as unknown as MediaQueryList;

if (!document.fonts) {
  const fonts = { addEventListener() {}, removeEventListener() {} };
  Object.defineProperty(document, "fonts", { value: fonts });
}

beforeEach(() => localStorage.clear());
afterEach(() => {
  document.body.innerHTML = "";
});
