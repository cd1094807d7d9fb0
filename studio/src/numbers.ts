// Money, sizes and times in one form everywhere.

import type { Language } from "@/words";

/** US dollars: cents, and below one dollar as many digits as three significant ones need. */
export function money(amount: string | number, language: Language): string {
  const value = Number(amount);
  const size = Math.abs(value);
  const digits = size > 0 && size < 1 ? Math.min(8, 2 - Math.floor(Math.log10(size))) : 2;
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  }).format(value);
}

/** A text of the gateway's with its prices as this language writes them. */
export function pricesIn(text: string, language: Language): string {
  if (language === "en") return text.replaceAll(" x ", " × ");
  return text.replace(/\$(\d+(?:\.\d+)?)/g, (_, amount) => money(amount, language)).replaceAll(" x ", " × ");
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

/** A calendar day of UTC, as the gateway counts them. */
export function day(text: string, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(
    new Date(`${text}T00:00:00Z`),
  );
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

/** The day that so many days, today among them, began with; as UTC counts. */
export function daysAgo(days: number, now = Date.now()): string {
  return new Date(now - (days - 1) * 86_400_000).toISOString().slice(0, 10);
}
