// Names of keys as this machine has them.

import { useLook } from "@/look";

/** The key that commands begin with. */
export function mod(): string {
  if (/Mac|iPhone|iPad/.test(navigator.userAgent)) return "⌘";
  return useLook.getState().language === "de" ? "Strg" : "Ctrl";
}
