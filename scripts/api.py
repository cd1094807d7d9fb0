"""Writes `docs/api.md`: every address of the gateway's own API, from the contract that it serves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fluxroom.server import create_app
from fluxroom.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/api.md"

JSON = Mapping[str, Any]

HEAD = """# API

Generated from the gateway's own contract by `make gen`; the same as OpenAPI 3.1 is at `/v1/openapi.json` of a running
gateway. How to begin: [user guide](user-guide.md). Who may what: [gateway](gateway.md).

- Bodies and answers are JSON in UTF-8. Money is US dollars as decimal text, times are UTC, sizes are pixels.
- A key goes into `Authorization: Bearer flux_…` or `X-Api-Key`; on loopback none is needed. Behind each address stands
  which scope its key must have. Everything a key sees is its owner's own, unless it is an admin's.
- An error is a problem (RFC 9457, `application/problem+json`) with `code`, `detail`, `next` and `charge`:
  [all codes](errors.md), and `GET /problems`.
- Every answer has `X-Request-Id`; one that you send (letters, digits, `._:-`, at most 128) comes back and stands in the
  log. What is read has an `ETag`: send it as `If-None-Match` and get 304 when nothing has changed.
- Lists are pages, the newest first: `next` is the address of the page after this one, or null.
"""

PLAIN = {"integer": "integer", "number": "number", "boolean": "true or false", "string": "text", "null": "null"}


def page() -> str:
    """The text of the page."""
    return render(contract())


def contract() -> JSON:
    """What a gateway says of itself."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, sandbox=True, data=Path(folder))
        found: JSON = create_app(settings).openapi()
    return found


def render(document: JSON) -> str:
    """A contract as a page."""
    parts = [HEAD]
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for tag in document["tags"]:
        of_tag = [one for one in operations if (one[2].get("tags") or [""])[0] == tag["name"]]
        if of_tag:
            parts.append(f"\n## {tag['name'].capitalize()}\n\n{tag['description']}\n")
            parts += ["\n".join(_operation(*one)) for one in of_tag]
    parts.append("\n## What stands in bodies and answers\n")
    parts += ["\n".join(_schema(name, schema)) for name, schema in sorted(document["components"]["schemas"].items())]
    return "\n".join(parts).rstrip() + "\n"


def _operation(method: str, path: str, operation: JSON) -> Iterator[str]:
    scope = operation.get("x-fluxroom-scope")
    yield f"### {operation['summary']}"
    yield ""
    yield f"`{method.upper()} {path}` · {f'scope `{scope}`' if scope else 'no key needed'}"
    if text := operation.get("description"):
        yield ""
        yield text.strip()
    if parameters := operation.get("parameters"):
        yield ""
        yield "| Parameter | In | Takes | |"
        yield "|---|---|---|---|"
        yield from (_row(f"`{one['name']}`", one["in"], _type(one["schema"]), _told(one)) for one in parameters)
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield ""
        yield f"Body, `{kind}`: {_type(content.get('schema', {}))}"
    yield ""
    yield f"Answers: {'; '.join(_answers(operation))}"
    yield ""


def _answers(operation: JSON) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        if status[0] in "23":
            said = ", ".join(_answered(kind, content) for kind, content in answer.get("content", {}).items())
            yield f"{status} {said or answer['description'].lower()}"
    refused = [status for status in operation["responses"] if status.isdigit() and status[0] in "45"]
    yield f"problems {', '.join(refused)}"


def _answered(kind: str, content: JSON) -> str:
    named = _type(content.get("schema", {}))
    return named if kind == "application/json" else f"{named} (`{kind}`)"


def _schema(name: str, schema: JSON) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    if text := schema.get("description"):
        yield text.strip()
        yield ""
    fields = schema.get("properties", {})
    if not fields:
        yield f"{_type(schema)}"
        yield ""
        return
    needed = set(schema.get("required", ()))
    yield "| Field | Is | |"
    yield "|---|---|---|"
    for field, inner in fields.items():
        yield _row(f"`{field}`{' *' if field in needed else ''}", _type(inner), str(inner.get("description", "")))
    yield ""


def _row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _told(parameter: JSON) -> str:
    text = str(parameter.get("description") or parameter["schema"].get("description") or "")
    return f"{text} (needed)".strip() if parameter.get("required") and parameter["in"] != "path" else text


def _type(schema: JSON) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return " or ".join(f"`{value}`" for value in values)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(one) for one in choices))
    return _of_kind(str(schema.get("type")), schema)


def _of_kind(kind: str, schema: JSON) -> str:
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"object of {_type(inner)}" if isinstance(inner, dict) and inner else "object"
    return _limited(PLAIN.get(kind, "anything"), schema)


def _limited(word: str, schema: JSON) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{word} {low} to {high}"
    if schema.get("format") == "binary":
        return "file"
    if schema.get("format") == "date":
        return "day (2026-11-20)"
    return f"{word}, at most {schema['maxLength']}" if "maxLength" in schema else word
