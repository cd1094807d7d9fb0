import type { ReactNode } from "react";

/** A table that is wider than a phone scrolls by itself, by finger or by keys. */
export function ScrollX({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section aria-label={label} tabIndex={0} style={{ overflowX: "auto" }}>
      {children}
    </section>
  );
}
