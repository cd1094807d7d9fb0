// What happy-dom lacks and the components ask for.

import { afterEach, beforeEach } from "vitest";

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
