/**
 * What a number field says while somebody types: a number, nothing once it is empty, and no news on the way to a number
 * ("0.", "-"), which would be wiped out if it were taken for nothing.
 */
export function typed(next: number | string, set: (value: number | undefined) => void): void {
  if (typeof next === "number") set(next);
  else if (next === "") set(undefined);
}
