// What a prompt says beyond its words: colours, and the references it names.

const MOST = 12;

/** Hex colours, and the numbers of "image 2" (or „Bild 2“). */
export function readPrompt(prompt: string): { colours: string[]; images: number[] } {
  const colours = prompt.match(/#[0-9a-fA-F]{6}\b/g) ?? [];
  const images = [...prompt.matchAll(/\b(?:image|bild)\s+(\d{1,2})\b/gi)].map((found) => Number(found[1]));
  return {
    colours: [...new Set(colours)].slice(0, MOST),
    images: [...new Set(images)].filter((one) => one > 0),
  };
}

/** Whether a prompt says what must not be there: FLUX does better with what must. */
export function looksNegative(prompt: string): boolean {
  return /(^|[\s,.;])(no|without|don't|do not|kein|keine|keinen|ohne)\s+\w/i.test(prompt);
}

export interface Piece {
  text: string;
  /** The reference that these words name; null for all others. */
  image: number | null;
}

/** A prompt in pieces: the words that name a reference, and what stands between them. */
export function pieces(prompt: string): Piece[] {
  return prompt
    .split(/\b((?:image|bild)\s+\d{1,2})\b/gi)
    .map((text, place) => ({ text, image: place % 2 ? Number(/\d+/.exec(text)?.[0]) : null }))
    .filter((one) => one.text);
}
