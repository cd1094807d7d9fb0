// A pipeline as YAML. Texts are written as JSON strings where YAML could read something else; every reader takes both.

import type { Json } from "@/api/types";

/** A value as YAML, blocks for what has members. */
function toYaml(value: Json, indent = 0): string {
  const pad = "  ".repeat(indent);
  if (Array.isArray(value)) {
    if (!value.length) return "[]";
    if (value.every((one) => one === null || typeof one !== "object"))
      return `[${value.map(scalar).join(", ")}]`;
    return value.map((one) => `\n${pad}- ${toYaml(one, indent + 1).trimStart()}`).join("");
  }
  if (value && typeof value === "object") {
    const entries = Object.entries(value);
    if (!entries.length) return "{}";
    const lines = entries.map(([name, one]) => {
      const text = toYaml(one, indent + 1);
      return `${pad}${scalar(name)}:${text.startsWith("\n") ? "" : " "}${text}`;
    });
    return `\n${lines.join("\n")}`;
  }
  return scalar(value);
}

const PLAIN = /^[A-Za-z_][\w -]*[\w]$|^[A-Za-z_]$/;
/** Words that YAML reads as something else. */
const TAKEN = /^(true|false|null|yes|no|on|off|y|n|~)$/i;

function scalar(value: Json): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return PLAIN.test(value) && !TAKEN.test(value) ? value : JSON.stringify(value);
}

/** The text of a file. */
export function yamlFile(value: Json): string {
  return `${toYaml(value).trimStart()}\n`;
}
