"""A picture once more, from what its file says: same route, same parameters, same seed, same references."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fluxroom.client import AsyncClient
from fluxroom.errors import InvalidReference, NotFound

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NOT_PARAMETERS = frozenset({"num_images"})  # one file is one picture


def request_of(facts: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Prompt and options as `AsyncClient.generate` takes them, from the facts of a file (`fluxroom.imaging.read`).

    Raises:
        NotFound: the facts do not say what was asked for: another program wrote them, or an earlier version.
    """
    asked, provider, model = facts.get("asked"), facts.get("provider"), facts.get("model")
    params = asked.get("params") if isinstance(asked, Mapping) else None
    if not isinstance(params, Mapping) or not isinstance(provider, str) or not isinstance(model, str):
        raise NotFound(
            "The file does not say what was asked for",
            advice="Look at it with `fluxroom inspect FILE`, and ask for it with `fluxroom generate`.",
        )
    options = {str(name): _named(value) for name, value in params.items() if name not in _NOT_PARAMETERS}
    options["model"] = f"{provider}/{model}"
    options["references"] = [_foreign(str(one)) for one in (asked or {}).get("references") or ()]
    if facts.get("mode"):
        options["mode"] = facts["mode"]
    if facts.get("seed") is not None and "seed" in _wire(facts):
        options["seed"] = facts["seed"]
    extra = _extra(facts, provider)
    return facts.get("prompt") or None, options | ({"extra": {provider: extra}} if extra else {})


def _foreign(picture: str) -> str:
    """A picture that a file from elsewhere names: never a file of this machine.

    Raises:
        InvalidReference: it is neither a hash nor an address.
    """
    if _SHA256.fullmatch(picture) or picture.startswith("https://"):
        return picture
    raise InvalidReference(
        f"The file names {picture[:60]!r} as a picture, which is neither a hash nor an https address",
        advice="Give the pictures yourself with -r, in order.",
    )


def _named(value: Any) -> Any:
    """A stored value with pictures by their hash, as they can be asked for."""
    if isinstance(value, Mapping):
        inner = {name: _named(one) for name, one in value.items()}
        return value["$reference"] if set(value) == {"$reference"} else inner
    return [_named(one) for one in value] if isinstance(value, list) else value


def _wire(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    sent = facts.get("parameters")
    return sent if isinstance(sent, Mapping) else {}


def _extra(facts: Mapping[str, Any], provider: str) -> dict[str, Any]:
    """Fields that were sent although the endpoint's schema does not know them."""
    from fluxroom.catalog import endpoint
    from fluxroom.types import PROVIDERS

    known = next((one for one in PROVIDERS if one == provider), None)
    try:
        fields = endpoint(known, str(facts.get("endpoint"))).known if known else frozenset(_wire(facts))
    except KeyError:
        return {}
    return {name: value for name, value in _wire(facts).items() if name not in fields}


async def still_there(client: AsyncClient, options: Mapping[str, Any]) -> None:
    """Make sure that every picture that is named by its hash can still be had where the work is done.

    Raises:
        UnknownModel: the model is not known here.
        InvalidReference: a parameter names a file of this machine, or a picture is gone; the message says which.
    """
    named = {one: f"reference {number}" for number, one in enumerate(options["references"], 1)}
    named |= {_foreign(str(value)): name for name, value in _pictures(options)}
    missing = {}
    for digest, name in named.items():
        if not _SHA256.fullmatch(digest):
            continue
        try:
            await client.worker.take_in([digest], {}, [])
        except InvalidReference:
            missing[name] = digest
    if missing:
        listed = ", ".join(f"{name} ({digest[:12]}…)" for name, digest in missing.items())
        raise InvalidReference(
            f"No longer here: {listed}",
            advice="Give the references again, in order: `fluxroom inspect FILE --again -r FIRST -r SECOND`.",
            charge="not_charged",
        )


def _pictures(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The parameters that hold pictures, such as `mask`, with what they hold."""
    from fluxroom import catalog

    row, provider, _ = catalog.find(options["model"])
    params = {name: value for name, value in options.items() if name not in {"model", "references", "mode", "extra"}}
    places = {
        place
        for name in ([provider] if provider else row.routes)
        for mode in row.routes[name].modes
        for place in catalog.locate_images(row.id, name, mode, params)
    }
    found = []
    for place in sorted(places, key=str):
        inner: Any = params
        for step in place:
            inner = inner[step]
        found.append((".".join(map(str, place)), inner))
    return found
