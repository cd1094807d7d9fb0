// The header of a table, as far as it must be known before the gateway reads the whole.

/** Names of the columns: the first line, split by its own separator; quotes may hold separators. */
export function columnsOf(table: string): string[] {
  const [line = ""] = table.replace(/^\uFEFF/, "").split(/\r?\n/, 1);
  const separator = ["\t", ";", ","].find((one) => line.includes(one)) ?? ",";
  const names: string[] = [];
  let name = "";
  let quoted = false;
  for (const sign of line) {
    if (sign === '"') quoted = !quoted;
    else if (sign === separator && !quoted) {
      names.push(name.trim());
      name = "";
    } else name += sign;
  }
  names.push(name.trim());
  return names.filter(Boolean);
}

/** What a column may mean. */
export const MEANINGS = [
  "prompt",
  "references",
  "mask",
  "model",
  "image_size",
  "aspect_ratio",
  "seed",
  "num_images",
  "negative_prompt",
  "guidance_scale",
  "num_inference_steps",
  "strength",
  "output_format",
];
