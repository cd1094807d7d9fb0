"""Pictures that a request names: public URL, data URI, image id or sha256, and never a file of this machine.

Somebody else's picture looks like one that is not there: knowing its hash or its id is not enough.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fluxroom import catalog
from fluxroom.engine.intake import take_in
from fluxroom.errors import InvalidReference
from fluxroom.server.access.callers import Caller
from fluxroom.server.gateway import Gateway, is_id
from fluxroom.server.schemas import GenerationBody
from fluxroom.store import belongings, images
from fluxroom.types import JSON, Reference

_SHA256 = re.compile(r"[0-9a-f]{64}")


async def client_options(gateway: Gateway, caller: Caller, body: GenerationBody) -> dict[str, Any]:
    """The body as keyword arguments of the client, with every picture in a form that reads no file.

    Raises:
        UnknownModel: there is no such model.
        InvalidReference: a picture is named in a way that the gateway does not take, or is not the caller's; nothing
            was read or sent.
    """
    return {
        **await _parameters(gateway, caller, body),
        **body.options,
        "model": body.model,
        "references": [await usable(gateway, caller, source) for source in body.references],
    }


async def _parameters(gateway: Gateway, caller: Caller, body: GenerationBody) -> dict[str, JSON]:
    """The parameters with every picture in them (`mask`, `control_image_url`, `ip_adapters.0.image_url`, …) checked.

    The client opens pictures at exactly the places that the catalog locates, so these are the ones to look at.
    """
    row, _, _ = catalog.find(body.model)
    given = body.parameters
    places = {
        place
        for provider, route in row.routes.items()
        for mode in route.modes
        for place in catalog.locate_images(row.id, provider, mode, given)
    }
    for place in sorted(places, key=str):
        *way, last = place
        inner: Any = given
        for step in way:
            inner = inner[step]
        inner[last] = await usable(gateway, caller, inner[last])
    return given


async def usable(gateway: Gateway, caller: Caller, source: JSON) -> str:
    """A picture as a caller names it, in a form that the client takes without reading a file.

    Raises:
        InvalidReference: it is no picture that the gateway takes, or not one of the caller's.
    """
    if not isinstance(source, str):
        raise InvalidReference(f"A picture is named by a text, not by {_kind(source)}.", advice=_ADVICE)
    text = source.strip()
    if text.startswith("data:") or text.lower().startswith(("https://", "http://")):
        return text
    if _SHA256.fullmatch(text):
        await _check_owned(gateway, caller, text)
        return text
    if is_id(text):
        stored = await gateway.engine.store.database.read(lambda connection: images.get(connection, text))
        if stored is None or not caller.may_see(stored.owner):
            raise InvalidReference(f"There is no image {text}.", advice=_ADVICE)
        return stored.sha256
    raise InvalidReference(
        f"{text[:80]!r} cannot be used as a picture: the gateway reads no files of the machine it runs on.",
        advice=_ADVICE,
    )


def taker(gateway: Gateway, caller: Caller) -> Callable[[JSON], Awaitable[Reference]]:
    """Takes pictures in that a caller names."""

    async def taken(source: JSON) -> Reference:
        return await take_in(await usable(gateway, caller, source), gateway.engine.store.blobs)

    return taken


async def _check_owned(gateway: Gateway, caller: Caller, sha256: str) -> None:
    if caller.is_admin:
        return
    owned = await gateway.engine.store.database.read(
        lambda connection: belongings.belongs(connection, caller.owner, sha256)
    )
    if not owned:
        raise InvalidReference(f"The store has no picture {sha256[:12]}….", advice=_ADVICE)


def _kind(value: JSON) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "nothing")


_ADVICE = (
    "Give a public https URL, a data URI, the id of an image made here, or the sha256 that POST /v1/assets returned."
)
