"""A new endpoint becomes a model that can be asked for, without anybody writing a row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from fluxroom.catalog.naming import Schema
from fluxroom.catalog.published import Published
from fluxroom.types import JSON, Mode, Provider

_BY_WORD: Mapping[str, Mode] = {
    "redux": "vary", "variation": "vary", "inpaint": "fill", "inpainting": "fill", "fill": "fill", "outpaint": "expand",
    "outpainting": "expand", "expand": "expand", "erase": "erase", "eraser": "erase", "deblur": "deblur",
    "vto": "tryon", "tryon": "tryon", "try-on": "tryon", "upscale": "upscale", "upscaler": "upscale",
}  # fmt: skip
"""Modes by the last word of an endpoint's name; without one, its fields say what it does."""

_EDITS = re.compile(r"/(edit|image-to-image|kontext)$")
_FAMILIES = (("flux-3", "flux-3"), ("flux-2", "flux-2"), ("kontext", "flux-kontext"), ("flux-tools", "flux-tools"))
_UNITS = {"image": "per_image", "megapixel": "per_megapixel", "second": "per_second", "compute second": "per_second"}

_SECONDS = 10.0
"""A typical job, until our own history knows better."""

_REFERENCES = 10
"""References where the schema sets no limit; the provider has the last word."""


def row_of(
    provider: Provider, fresh: Mapping[str, Schema], published: Published, *, read: str, taken: Collection[str]
) -> Iterator[tuple[list[str], dict[str, JSON]]]:
    """Rows for new endpoints, each with the endpoints that it is made of: one, or one that makes and one that edits."""
    names = set(taken)
    done: set[str] = set()
    for endpoint in sorted(fresh):
        if endpoint in done:
            continue
        modes = dict.fromkeys(_modes(endpoint, fresh[endpoint]), endpoint)
        other = next((name for name in sorted(fresh) if _EDITS.sub("", name) == endpoint and name != endpoint), None)
        if other and "edit" not in modes and "edit" in _modes(other, fresh[other]):
            modes["edit"] = other
        done |= set(modes.values())
        name = _id(endpoint, provider, names)
        names.add(name)
        yield list(dict.fromkeys(modes.values())), _row(name, provider, modes, fresh, published, read)


def _modes(endpoint: str, document: Schema) -> list[Mode]:
    last = endpoint.rsplit("/", 1)[-1]
    word = next((mode for word, mode in _BY_WORD.items() if last == word or last.endswith(f"-{word}")), None)
    if word:
        return [word]
    fields = document["properties"]
    canonical = {str(one.get("x-canonical", name)) for name, one in fields.items()}
    if "mask" in canonical:
        return ["fill"]
    if "references" not in canonical:
        return ["generate"]
    needed = any(fields[name].get("x-canonical") == "references" for name in document["required"])
    return ["edit"] if needed else ["generate", "edit"]


def _id(endpoint: str, provider: Provider, taken: Collection[str]) -> str:
    """A model id from an endpoint's name: its words after the owner's, and the provider where that is taken."""
    tail = endpoint.split("/", 1)[1] if provider == "fal" and "/" in endpoint else endpoint
    name = re.sub(r"[^a-z0-9.-]+", "-", tail.lower()).strip("-")
    found, number = name, 1
    while found in taken:
        found = f"{name}-{provider}" + (f"-{number}" if number > 1 else "")
        number += 1
    return found


def _row(
    name: str,
    provider: Provider,
    modes: Mapping[Mode, str],
    fresh: Mapping[str, Schema],
    published: Published,
    read: str,
) -> dict[str, JSON]:
    first = next(iter(modes.values()))
    where = {"bfl": "BFL", "fal": "fal"}[provider]
    title = published.titles.get(first) or name
    row: dict[str, JSON] = {
        "id": name,
        "title": title,
        "family": next((family for word, family in _FAMILIES if word in first), "flux-1"),
        "base": title,
        "seconds": _SECONDS,
        "en": f"New at {where}: read from what it publishes on {read}, before anybody described it here.",
        "de": f"Neu bei {where}: am {read} aus dessen Veröffentlichung gelesen, noch von niemandem hier beschrieben.",
        str(provider): {
            **{str(mode): endpoint for mode, endpoint in modes.items()},
            "references": _REFERENCES,
            "references_source": "the schema; where it sets no limit, the provider does",
            "price": _price(published, list(modes.values()), read, many="edit" in modes),
        },
        "lora": any("loras" in fresh[one]["properties"] for one in modes.values()),
    }
    return row


def _price(published: Published, endpoints: list[str], read: str, *, many: bool) -> dict[str, JSON]:
    """A formula from the unit price where the unit says what for; else only that it costs at least something."""
    amount, unit = published.prices.get(endpoints[0], (None, ""))
    kind = _UNITS.get(unit.lower().rstrip("s"))
    if amount is None:
        return {"kind": "unknown", "source": f"nothing was published on {read}"}
    source = f"fal pricing API, {read}: ${amount:f} per {unit or 'unit'}"
    if kind is None:
        return {"kind": "unknown", "amount": f"{amount:f}", "source": source}
    inputs = {"inputs": "unknown", "rounding": "unknown"} if kind == "per_megapixel" and many else {}
    return {"kind": kind, "amount": f"{amount:f}", "source": source, "approximate": True} | inputs
