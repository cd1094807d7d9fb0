// A table as text: read for what is shown before the gateway reads the whole, and written again with files put in.

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
  "file",
];

/** How people call their columns, in English and German. */
const ALIASES: Record<string, string[]> = {
  prompt: ["text", "title", "titel", "description", "beschreibung", "caption"],
  references: [
    "image",
    "images",
    "picture",
    "photo",
    "source",
    "reference",
    "bild",
    "bilder",
    "foto",
    "quelle",
  ],
  mask: ["maske"],
  model: ["modell"],
  image_size: ["size", "groesse", "größe"],
  aspect_ratio: ["ratio", "format", "seitenverhältnis"],
  num_images: ["count", "number", "anzahl"],
  negative_prompt: ["negative"],
  guidance_scale: ["guidance"],
  num_inference_steps: ["steps", "schritte"],
  file: ["filename", "file name", "name", "datei", "dateiname"],
};

/** What a column most likely means; nothing when it is called as we call it, or nobody knows. */
export function guess(column: string): string | undefined {
  const name = column.trim().toLowerCase();
  if (MEANINGS.includes(column)) return undefined;
  if (MEANINGS.includes(name)) return name;
  return MEANINGS.find((meaning) => ALIASES[meaning]?.includes(name));
}

/** Guesses for all columns; two never mean the same, except pictures, of which a row may have several. */
export function guesses(columns: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  const taken = new Set(columns.filter((one) => MEANINGS.includes(one)));
  for (const column of columns) {
    const meaning = guess(column);
    if (!meaning || (taken.has(meaning) && meaning !== "references")) continue;
    found[column] = meaning;
    taken.add(meaning);
  }
  return found;
}

function separatorOf(table: string): string {
  const [line = ""] = table.split(/\r?\n/, 1);
  const count = (one: string) => line.split(one).length;
  return [",", ";", "\t"].reduce((best, one) => (count(one) > count(best) ? one : best));
}

/** The rows of a table with their cells, at most so many; a quoted cell may hold separators, quotes and line ends. */
export function rowsOf(text: string, most = Number.POSITIVE_INFINITY): string[][] {
  const table = text.replace(/^\uFEFF/, "");
  const separator = separatorOf(table);
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const endRow = () => {
    row.push(cell);
    if (row.some((one) => one.trim())) rows.push(row);
    row = [];
    cell = "";
  };
  for (let place = 0; place < table.length && rows.length < most; place += 1) {
    const sign = table.charAt(place);
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (table.charAt(place + 1) === '"') {
        cell += '"';
        place += 1;
      } else quoted = false;
    } else if (sign === '"' && !cell.trim()) {
      quoted = true;
      cell = "";
    } else if (sign === separator) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n") endRow();
    else if (sign !== "\r") cell += sign;
  }
  if (rows.length < most) endRow();
  return rows;
}

/** Names of the columns. */
export function columnsOf(table: string): string[] {
  return (rowsOf(table, 1)[0] ?? []).map((one) => one.trim()).filter(Boolean);
}

/** Rows as CSV. */
export function toCsv(rows: string[][]): string {
  const cell = (text: string) => (/[",;\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map(cell).join(",")).join("\n");
}

/** The table with the names of files replaced by what the gateway knows them by; several stand with bars between. */
export function withFiles(table: string, known: Map<string, string>): string {
  if (!known.size) return table;
  const base = (name: string) =>
    /^https?:/i.test(name.trim()) ? "" : (name.trim().split(/[/\\]/).at(-1)?.toLowerCase() ?? "");
  const rows = rowsOf(table).map((row, number) =>
    number === 0
      ? row
      : row.map((cell) => {
          const parts = cell.split("|");
          const found = parts.map((one) => known.get(base(one)) ?? one.trim());
          return parts.some((one) => known.has(base(one))) ? found.join("|") : cell;
        }),
  );
  return toCsv(rows);
}
