import { describe, expect, it } from "vitest";
import type { Generation } from "@/api/types";
import { requestOf, snippet, toPython } from "./snippets";

const generation = {
  model: "flux-2-pro",
  provider: "bfl",
  mode: "edit",
  prompt: "it's dusk",
  params: { image_size: { width: 1024, height: 768 }, raw: true },
  references: [{ sha256: "a".repeat(64) }, { url: "https://example.com/b.png" }],
  jobs: [{ seed: 7 }],
} as unknown as Generation;
const at = "http://127.0.0.1:7860";

describe("the request of a picture", () => {
  it("has the seed that was drawn, its references in order, and nothing that only the page needs", () => {
    expect(requestOf(generation)).toEqual({
      model: "bfl/flux-2-pro",
      prompt: "it's dusk",
      image_size: { width: 1024, height: 768 },
      raw: true,
      references: ["a".repeat(64), "https://example.com/b.png"],
      seed: 7,
    });
  });

  it("names the mode only where it would not be found by itself", () => {
    expect(
      requestOf({ ...generation, mode: "fill", params: { mask: { sha256: "m" } } } as Generation),
    ).toMatchObject({
      mode: "fill",
      mask: "m",
    });
  });
});

describe("as a program", () => {
  const body = requestOf(generation);

  it("in Python", () => {
    const text = snippet("python", body, at);
    expect(text).toContain('        "it\'s dusk",');
    expect(text).toContain('        image_size={"width": 1024, "height": 768},');
    expect(text).toContain("        raw=True,");
    expect(toPython([null, false, 1.5, { a: "b" }])).toBe('[None, False, 1.5, {"a": "b"}]');
  });

  it("in a shell, whatever stands in the prompt", () => {
    expect(snippet("curl", body, at)).toContain(`"prompt": "it'\\''s dusk"`);
    const text = snippet("cli", body, at);
    expect(text).toMatch(/^FLUXROOM_URL=http:\/\/127.0.0.1:7860 \\\n {2}fluxroom edit a{64} 'it'\\''s dusk'/);
    expect(text).toContain(`-p 'image_size={"width":1024,"height":768}'`);
    expect(text).toContain("-r https://example.com/b.png");
    expect(text).toContain("--seed 7");
  });

  it("in JavaScript", () => {
    expect(snippet("javascript", body, at)).toContain('fetch("http://127.0.0.1:7860/v1/generations"');
  });
});
