// The same request as a program: for Python, curl, JavaScript and the command line.

import type { Generation, Json } from "@/api/types";
import { repeated } from "@/features/create/results/repeated";

export type Kind = "python" | "curl" | "javascript" | "cli";
type Body = Record<string, Json | undefined>;

/** The request that makes this picture again, without what only the page needs. */
export function requestOf(generation: Generation): Body {
  const { on_unsupported: _, mode, ...body } = repeated(generation, { otherSeed: false });
  const derived = mode === "generate" || mode === "edit";
  const seed = generation.params.seed ?? generation.jobs[0]?.seed;
  return { ...body, ...(derived ? {} : { mode }), ...(seed == null ? {} : { seed: seed as number }) };
}

export function snippet(kind: Kind, body: Body, origin: string): string {
  return { python, curl, javascript, cli }[kind](body, origin);
}

function python({ prompt, ...options }: Body, origin: string): string {
  const lines = Object.entries(options).map(([name, value]) => `        ${name}=${toPython(value ?? null)},`);
  return [
    "from fluxroom import Client",
    "",
    `with Client(base_url=${toPython(origin)}) as client:`,
    "    image = client.generate(",
    `        ${toPython(prompt ?? "")},`,
    ...lines,
    "    )",
    '    image.save("picture.png")',
    "    print(image.seed, image.receipt)",
  ].join("\n");
}

export function toPython(value: Json): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string" || typeof value === "number") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(toPython).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}: ${toPython(inner)}`)
    .join(", ")}}`;
}

function curl(body: Body, origin: string): string {
  return [
    `curl ${origin}/v1/generations \\`,
    "  -H 'Content-Type: application/json' -H 'Prefer: wait=60' \\",
    `  -d ${quoted(JSON.stringify(body, null, 2))}`,
  ].join("\n");
}

function javascript(body: Body, origin: string): string {
  return [
    `const answer = await fetch("${origin}/v1/generations", {`,
    '  method: "POST",',
    '  headers: { "Content-Type": "application/json", Prefer: "wait=60" },',
    `  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll("\n", "\n  ")}),`,
    "});",
    "const generation = await answer.json();",
    "if (!answer.ok) throw new Error(generation.detail);",
    `for (const image of generation.images) console.log(new URL(image.url, "${origin}").href);`,
  ].join("\n");
}

function cli(
  { prompt, model, references, mask, mode, num_images: count, seed, ...rest }: Body,
  origin: string,
): string {
  const pictures = (references as string[] | undefined) ?? [];
  const [first, ...others] = pictures;
  const text = typeof prompt === "string" ? prompt : JSON.stringify(prompt ?? "");
  const parts = [
    `FLUXROOM_URL=${origin}`,
    first ? `fluxroom edit ${quoted(first)} ${quoted(text)}` : `fluxroom generate ${quoted(text)}`,
    `-m ${model}`,
    ...others.map((one) => `-r ${quoted(one)}`),
    ...(mask ? [`--mask ${quoted(String(mask))}`] : []),
    ...(mode ? [`--mode ${mode}`] : []),
    ...(count ? [`-n ${count}`] : []),
    ...(seed == null ? [] : [`--seed ${seed}`]),
    ...Object.entries(rest).map(([name, value]) => `-p ${quoted(`${name}=${plain(value ?? null)}`)}`),
    "-o picture.png",
  ];
  return parts.join(" \\\n  ");
}

function plain(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A word for a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
