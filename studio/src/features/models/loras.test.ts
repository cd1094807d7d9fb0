import { describe, expect, it } from "vitest";
import type { Json } from "@/api/types";
import { isPath, type Lora, useLoras, withLora, withTrigger } from "./loras";

const clay: Lora = {
  id: "1",
  name: "Clay",
  path: "https://example.com/clay.safetensors",
  scale: 0.8,
  trigger: "claymation",
  base: "flux-dev",
};

describe("a LoRA", () => {
  it.each([
    ["https://example.com/clay.safetensors", true],
    ["owner/name", true],
    ["owner/name/more", false],
    ["http://example.com/x", false],
    ["clay", false],
    ["", false],
  ])("stands at %j: %s", (path, good) => {
    expect(isPath(path)).toBe(good);
  });

  it("stands once among the form's own, with its strength", () => {
    expect(withLora(undefined, clay)).toEqual([{ path: clay.path, scale: 0.8 }]);
    const before: Json = [{ path: clay.path, scale: 2 }, { path: "a/b" }];
    expect(withLora(before, clay)).toEqual([{ path: "a/b" }, { path: clay.path, scale: 0.8 }]);
  });

  it("is woken by its words, said once", () => {
    expect(withTrigger("a fox", "claymation")).toBe("claymation, a fox");
    expect(withTrigger("A Claymation fox", "claymation")).toBe("A Claymation fox");
    expect(withTrigger("a fox", "")).toBe("a fox");
  });
});

describe("the shelf", () => {
  it("keeps and forgets", () => {
    useLoras.getState().keep(clay);
    const [kept] = useLoras.getState().loras;
    expect(kept).toMatchObject({ name: "Clay", scale: 0.8 });
    useLoras.getState().forget(kept?.id ?? "");
    expect(useLoras.getState().loras).toEqual([]);
  });

  it.each([null, {}, { loras: 3 }, { loras: [{ id: 1 }, null] }])("of %j is empty", async (state) => {
    localStorage.setItem("fluxroom-loras", JSON.stringify({ version: 1, state }));
    await useLoras.persist.rehydrate();
    expect(useLoras.getState().loras).toEqual([]);
  });
});
