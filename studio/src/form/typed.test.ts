import { expect, it } from "vitest";
import { typed } from "./typed";

it("a number on its way is no news; an empty field is", () => {
  const told: (number | undefined)[] = [];
  for (const next of [0, "0.", 0.5, "-", "", -3]) typed(next, (value) => told.push(value));
  expect(told).toEqual([0, 0.5, undefined, -3]);
});
