"""What the providers publish against what the catalog says: the difference, and the overlay that follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from fluxroom.catalog import wire
from fluxroom.catalog.derived import row_of
from fluxroom.catalog.naming import Schema
from fluxroom.catalog.overlay import Overlay
from fluxroom.catalog.published import Published
from fluxroom.catalog.rows import own_models
from fluxroom.types import JSON, Provider

_FACTS = ("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "multipleOf", "default")
"""What a published field may say and a changed one is told by; what it does not say has not changed."""

_UNSTATED = frozenset({"sync_mode", "webhook_url", "webhook_secret"})
"""Fields of the transport, which the catalog may leave out."""

Kind = Literal["added", "changed", "removed", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: an endpoint that came, went or changed."""

    kind: Kind
    provider: Provider
    endpoint: str
    model: str = ""  # the model that a new endpoint can be asked for as
    details: Sequence[str] = ()

    def as_dict(self) -> dict[str, JSON]:
        """The change as JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {"details": list(self.details)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Everything that differs from the catalog as it was shipped."""

    read: str
    changes: Sequence[Change] = ()
    asked: Sequence[Provider] = ()  # those that answered
    silent: Mapping[str, str] = field(default_factory=dict)  # those that did not, and why
    sandbox: bool = False  # the sandbox was asked, not the providers

    def as_dict(self) -> dict[str, JSON]:
        """The difference as JSON."""
        return {
            "read": self.read,
            "asked": list(self.asked),
            "silent": dict(self.silent),
            "sandbox": self.sandbox,
            "changes": [change.as_dict() for change in self.changes],
        }


def compare(found: Mapping[Provider, Published], *, read: str, before: Overlay) -> tuple[Overlay, list[Change]]:
    """The overlay that the published schemas call for, and how they differ from the catalog as it was shipped.

    Args:
        found: what each provider that answered publishes.
        read: the day, for the sources.
        before: the overlay in use; of a provider that did not answer it stays as it is.
    """
    endpoints = {name: one for name, one in before.endpoints.items() if name.partition(" ")[0] not in found}
    rows = {name: row for name, row in before.rows.items() if not set(row) & found.keys()}
    removed = [name for name in before.removed if name.partition(" ")[0] not in found]
    changes: list[Change] = []
    for provider, published in found.items():
        known = {endpoint for named, endpoint in wire.shipped() if named == provider}
        for change, document in _changed(provider, published, known):
            changes.append(change)
            endpoints[f"{provider} {change.endpoint}"] = document
        fresh = {name: one for name, one in published.documents.items() if name not in known and not _old_name(name)}
        for endpoints_of, row in row_of(provider, fresh, published, read=read, taken={*own_models(), *rows}):
            name = str(row.pop("id"))
            rows[name] = row
            for endpoint in endpoints_of:
                endpoints[f"{provider} {endpoint}"] = _priced(fresh[endpoint], published.prices.get(endpoint), read)
                changes.append(
                    Change(
                        kind="added", provider=provider, endpoint=endpoint, model=name, details=_about(fresh[endpoint])
                    )
                )
        gone = sorted(known - published.documents.keys() - published.wrong.keys())
        changes += [Change(kind="removed", provider=provider, endpoint=endpoint) for endpoint in gone]
        removed += [f"{provider} {endpoint}" for endpoint in gone]
        changes += [
            Change(kind="unreadable", provider=provider, endpoint=endpoint, details=(why,))
            for endpoint, why in published.wrong.items()
        ]
    return Overlay(read=read, endpoints=endpoints, rows=rows, removed=tuple(removed)), changes


def _old_name(endpoint: str) -> bool:
    """An older name: fal serves its FLUX.1 endpoints under two names; rows use the newer one."""
    return endpoint.startswith("fal-ai/flux-1/")


def _changed(provider: Provider, published: Published, known: set[str]) -> Iterator[tuple[Change, Schema]]:
    for endpoint in sorted(known & published.documents.keys()):
        ours = wire.shipped_document(provider, endpoint)
        made, details = _merged(ours, published.documents[endpoint])
        price = published.prices.get(endpoint)
        unit = ours.get("x-unit-price")
        if price and unit and Decimal(unit["dollars"]) != price[0]:
            details.append(f"unit price: ${unit['dollars']} → ${price[0]:f} per {price[1]}")
            made["x-unit-price"] = _unit(price, published.documents[endpoint]["read"], was=Decimal(unit["dollars"]))
        if details:
            made |= {name: published.documents[endpoint][name] for name in ("source", "read")}
            yield Change(kind="changed", provider=provider, endpoint=endpoint, details=tuple(details)), made


def _merged(ours: Mapping[str, JSON], theirs: Schema) -> tuple[Schema, list[str]]:
    """Our schema with what is published differently now, and what that is."""
    fields: dict[str, Schema] = {}
    details: list[str] = []
    for name, field_ in ours["properties"].items():
        if name in theirs["properties"]:
            fields[name], said = _field(name, dict(field_), theirs["properties"][name])
            details += said
        elif name in _UNSTATED:
            fields[name] = field_
        else:
            details.append(f"{name}: removed")
    for name, field_ in theirs["properties"].items():
        if name not in ours["properties"] and name not in _UNSTATED:
            fields[name] = field_
            details.append(f"{name}: new, {_said(field_)}")
    before, now = set(ours["required"]), set(theirs["required"])
    details += [f"{name}: now required" for name in sorted(now - before) if name in ours["properties"]]
    details += [f"{name}: no longer required" for name in sorted(before - now) if name in fields]
    return {**ours, "properties": fields, "required": [name for name in theirs["required"] if name in fields]}, details


def _field(name: str, ours: Schema, theirs: Schema) -> tuple[Schema, list[str]]:
    details = []
    for fact in _FACTS:
        if fact in theirs and fact in ours and theirs[fact] != ours[fact]:
            details.append(f"{name}: {fact} {_short(ours[fact])} → {_short(theirs[fact])}")
            ours[fact] = theirs[fact]
    before, now = _choices(ours), _choices(theirs)
    if before is not None and now is not None and set(map(str, before)) != set(map(str, now)):
        came = [str(value) for value in now if str(value) not in set(map(str, before))]
        went = [str(value) for value in before if str(value) not in set(map(str, now))]
        words = [*(f"+{value}" for value in came), *(f"-{value}" for value in went)]
        details.append(f"{name}: values {', '.join(words[:12])}")
        _choose(ours, now)
    return ours, details


def _choices(schema: Mapping[str, JSON]) -> list[JSON] | None:
    for one in (schema, *schema.get("anyOf", ())):
        if "enum" in one or "examples" in one:
            found: list[JSON] = one.get("enum") or one["examples"]
            return found
    return None


def _choose(schema: Schema, values: list[JSON]) -> None:
    forms = [dict(one) for one in schema.get("anyOf", ())]
    for one in (schema, *forms):
        for word in ("enum", "examples"):
            if word in one:
                one[word] = values
    if forms:
        schema["anyOf"] = forms


def _priced(document: Schema, price: tuple[Decimal, str] | None, read: str) -> Schema:
    return document | ({"x-unit-price": _unit(price, read)} if price else {})


def _unit(price: tuple[Decimal, str], read: str, was: Decimal | None = None) -> Schema:
    made = {"dollars": f"{price[0]:f}", "unit": price[1], "source": f"fal pricing API, {read}"}
    return made | ({"was": f"{was:f}"} if was else {})


def _about(document: Schema) -> tuple[str, ...]:
    return (f"takes {', '.join(document['properties'])}",)


def _said(schema: Schema) -> str:
    from fluxroom.catalog.values import span

    return span(schema)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
