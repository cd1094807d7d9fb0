// Money, sizes and times in one form everywhere.

import type { Language } from "@/words";

/** US dollars: three significant digits below one dollar, cents above. */
export function money(amount: string | number, language: Language): string {
  const value = Number(amount);
  const small = Math.abs(value) < 1 && value !== 0;
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: 2,
    ...(small ? { maximumFractionDigits: 6, maximumSignificantDigits: 3 } : { maximumFractionDigits: 2 }),
  }).format(value);
}

export function decimal(value: number, language: Language, digits = 1): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** Megapixels of 1,048,576 pixels. */
export function megapixels(width: number, height: number): number {
  return (width * height) / 1_048_576;
}

export function fileSize(bytes: number, language: Language): string {
  return bytes < 1_048_576
    ? `${decimal(bytes / 1024, language, 0)} kB`
    : `${decimal(bytes / 1_048_576, language, 1)} MB`;
}

export function dateTime(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

/** "3 minutes ago", in the page's language; recent moments are "now". */
export function ago(iso: string, language: Language, now = Date.now()): string {
  const seconds = Math.round((new Date(iso).getTime() - now) / 1000);
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [
    [60, "second"],
    [3600, "minute"],
    [86_400, "hour"],
    [604_800, "day"],
  ];
  const size = Math.abs(seconds);
  if (size < 45) return format.format(0, "second");
  for (const [limit, unit] of steps) {
    if (size < limit) return format.format(Math.round(seconds / unitSeconds(unit)), unit);
  }
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(iso));
}

function unitSeconds(unit: Intl.RelativeTimeFormatUnit): number {
  return { second: 1, minute: 60, hour: 3600, day: 86_400 }[unit as "second" | "minute" | "hour" | "day"];
}

/** "Guidance scale" for guidance_scale: a name without a title of its own. */
export function humanise(name: string): string {
  const text = name.replaceAll("_", " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
