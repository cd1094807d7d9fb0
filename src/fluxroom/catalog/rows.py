"""Models as rows: what `models/*.toml` says, as frozen values.

A row is written by hand: texts, which endpoint serves which mode, and every fact that the published schemas lack
(reference limits, size limits, prices, what a model does not take and why), each with its source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from fluxroom.catalog import overlay, wire
from fluxroom.catalog.pricing import Price
from fluxroom.types import JSON, MODES, PROVIDERS, Mode, Provider

FOLDER = Path(__file__).parent / "models"
SHARED = Path(__file__).parent / "shared.toml"

Status = Literal["active", "legacy", "retired"]
Text = Mapping[str, str]
"""The same sentence by language: `en` and `de`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRule:
    """What a route allows for width and height, in pixels, beyond its schema.

    `floored` says that the provider itself rounds down to `step` instead of refusing.
    """

    min_side: int = 1
    max_side: int = 14142
    step: int = 1
    floored: bool = False
    max_pixels: int | None = None
    source: str = "fal toolkit, image_size object (2026-08-21)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A model at a provider: its endpoints and the facts that the schemas lack."""

    model: str
    provider: Provider
    endpoints: Mapping[Mode, str]
    many: Mapping[Mode, str]  # the endpoint that takes several references, where the usual one takes one
    limit: int | None  # references by hand, where the schema has no limit or the wrong one
    limit_source: str
    reference_side: int  # pixels that each side of a reference must have at least; 0 when nothing is known
    prices: Mapping[str, Price]  # by mode, "" for all others
    defaults: Mapping[str, Mapping[str, JSON]]  # by mode, "" for all
    size: SizeRule
    caps: Mapping[str, int]  # cap group -> jobs in flight
    seconds: float  # a typical job
    notes: tuple[str, ...]  # where sources disagree, and which one was taken

    @property
    def name(self) -> str:
        """Provider and model: `bfl/flux-2-pro`."""
        return f"{self.provider}/{self.model}"

    @property
    def modes(self) -> tuple[Mode, ...]:
        """What the route offers, in the order of `fluxroom.types.MODES`."""
        return tuple(mode for mode in MODES if mode in self.endpoints)

    def endpoint(self, mode: Mode, references: int = 0) -> wire.Endpoint:
        """The endpoint of a mode, for this many references."""
        name = self.many.get(mode) if references > 1 else None
        return wire.endpoint(self.provider, name or self.endpoints[mode])

    def max_references(self, mode: Mode) -> int:
        """How many references a request in this mode may have.

        >>> models()["flux-2-flex"].routes["fal"].max_references("edit")
        10
        """
        slots = self.endpoint(mode, 2).slots()
        if slots is None:
            return self.limit or 1
        return slots if self.limit is None else min(slots, self.limit)

    def price(self, mode: Mode) -> Price:
        """The price formula of a mode; scaled where the provider has since published another unit price."""
        price = self.prices.get(mode) or self.prices[""]
        unit = self.endpoint(mode).document.get("x-unit-price") or {}
        if "was" not in unit:
            return price
        return price.scaled(Decimal(unit["dollars"]) / Decimal(unit["was"]), unit["source"])

    def ours(self, mode: Mode) -> dict[str, JSON]:
        """The values that are sent when the caller says nothing, by canonical name."""
        return {**self.defaults.get("", {}), **self.defaults.get(mode, {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What the user picks: one row of the catalog.

    >>> from fluxroom import catalog
    >>> catalog.models()["flux-2-pro"].title
    'FLUX.2 [pro]'
    """

    id: str
    titles: Text
    descriptions: Text
    family: str
    family_titles: Text
    base: str  # the weights it runs on
    released: str  # date or month; empty when nobody published it
    lora: bool  # takes LoRAs
    seconds: float  # a typical job
    status: Status
    successor: str  # the model to use instead; empty unless legacy or retired
    aliases: tuple[str, ...]
    routes: Mapping[Provider, Route]
    why_not: Mapping[str, Text] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The English title."""
        return self.titles["en"]

    @property
    def description(self) -> str:
        """The English description."""
        return self.descriptions["en"]

    @property
    def modes(self) -> tuple[Mode, ...]:
        """What any of its routes offers."""
        return tuple(mode for mode in MODES if any(mode in route.endpoints for route in self.routes.values()))

    def takes(self, name: str) -> bool:
        """Some route takes this canonical parameter in some mode."""
        if name == "region":
            return "bfl" in self.routes
        return any(route.endpoint(mode).named(name) for route in self.routes.values() for mode in route.modes)

    def as_dict(self, lang: str = "en") -> dict[str, JSON]:
        """The row as JSON, with title and description in `lang` (`en` or `de`)."""
        return {
            "id": self.id,
            "title": self.titles.get(lang, self.title),
            "description": self.descriptions.get(lang, self.description),
            "family": self.family,
            "family_title": self.family_titles.get(lang, self.family_titles["en"]),
            "base": self.base,
            "released": self.released,
            "status": self.status,
            "successor": self.successor or None,
            "lora": self.lora,
            "seconds": self.seconds,
            "aliases": list(self.aliases),
            "modes": list(self.modes),
            "why_not": {
                name: text.get(lang, text["en"]) for name, text in self.why_not.items() if not self.takes(name)
            },
            "routes": {provider: _route_dict(route) for provider, route in self.routes.items()},
        }


def _route_dict(route: Route) -> dict[str, JSON]:
    return {
        "route": route.name,
        "endpoints": dict(route.endpoints),
        "max_references": {mode: route.max_references(mode) for mode in route.modes},
        "price": {mode: route.price(mode).text for mode in route.modes},
        "price_source": {mode: route.price(mode).source for mode in route.modes},
        "seconds": route.seconds,
        "notes": list(route.notes),
    }


@cache
def models() -> Mapping[str, Model]:
    """Every model by id, in the order in which they are shown: FLUX.2, FLUX 3, Kontext, FLUX.1, tools, galleries.

    Models that the providers have published since come last.
    """
    own = own_models()
    new = {name: overlaid(name) for name in overlay.current().rows if name not in own}
    return MappingProxyType({**own, **new})


overlay.on_change(models.cache_clear)


def overlaid(name: str) -> Model:
    """A model of the overlay."""
    return _model(name, overlay.current().rows[name], _shared())


@cache
def own_models() -> Mapping[str, Model]:
    """The models that came with this version."""
    shared = _shared()
    rows: dict[str, JSON] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        with path.open("rb") as file:
            rows |= tomllib.load(file)
    return MappingProxyType({name: _model(name, row, shared) for name, row in rows.items()})


@cache
def _shared() -> JSON:
    with SHARED.open("rb") as file:
        return tomllib.load(file)


def _model(name: str, row: JSON, shared: JSON) -> Model:
    family = str(row["family"])
    routes = {provider: _route(name, provider, row, shared) for provider in PROVIDERS if provider in row}
    title = str(row["title"])
    return Model(
        id=name,
        titles={"en": title, "de": str(row.get("title_de", title))},
        descriptions={"en": _line(row["en"]), "de": _line(row["de"])},
        family=family,
        family_titles=shared["families"][family],
        base=str(row["base"]),
        released=str(row.get("released", "")),
        lora=bool(row.get("lora", False)),
        seconds=float(row["seconds"]),
        status=row.get("status", "active"),
        successor=str(row.get("successor", "")),
        aliases=tuple(row.get("aliases", ())),
        routes=MappingProxyType(routes),
        why_not={**shared["why_not"]["any"], **shared["why_not"].get(family, {}), **row.get("why_not", {})},
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _route(model: str, provider: Provider, row: JSON, shared: JSON) -> Route:
    raw = row[provider]
    name = f"{provider}/{model}"
    caps: dict[str, int] = {provider: shared["caps"][provider]}
    caps |= {name: raw["cap"]} if "cap" in raw else {}
    return Route(
        model=model,
        provider=provider,
        endpoints=MappingProxyType({mode: raw[mode] for mode in MODES if mode in raw}),
        many=MappingProxyType(dict(raw.get("many", {}))),
        limit=raw.get("references"),
        limit_source=str(raw.get("references_source", "")),
        reference_side=int(raw.get("reference_side", 0)),
        prices=_prices(raw["price"], shared["sources"]),
        defaults=_defaults(shared["defaults"], raw.get("defaults", {})),
        size=SizeRule(**shared["size"][raw["size"]]) if "size" in raw else SizeRule(),
        caps=MappingProxyType(caps),
        seconds=float(raw.get("seconds", row["seconds"])),
        notes=tuple(raw.get("notes", ())),
    )


def _prices(raw: JSON, sources: Mapping[str, str]) -> Mapping[str, Price]:
    table = {"": raw} if "kind" in raw else raw
    return {mode if mode != "other" else "": Price.read(price, sources) for mode, price in table.items()}


def _defaults(shared: JSON, own: JSON) -> Mapping[str, Mapping[str, JSON]]:
    merged: dict[str, dict[str, JSON]] = {"": {}}
    for table in (shared, own):
        for name, value in table.items():
            if name in MODES:
                merged.setdefault(name, {}).update(value)
            else:
                merged[""][name] = value
    return merged
