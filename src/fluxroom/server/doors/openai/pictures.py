"""Pictures that a client of this door gives: files, data URIs, public addresses, and links to pictures of our own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from fluxroom.engine.intake import take_in
from fluxroom.errors import InvalidReference
from fluxroom.imaging.containers import NotAnImage
from fluxroom.imaging.probe import MAX_REFERENCE_MEGAPIXELS, check_reference, opened
from fluxroom.server.access.callers import Caller
from fluxroom.server.doors import links
from fluxroom.server.gateway import Gateway
from fluxroom.server.generations.references import client_options, usable
from fluxroom.server.schemas import GenerationBody
from fluxroom.types import Reference

Picture = bytes | str | Reference


async def options_with(
    gateway: Gateway,
    caller: Caller,
    body: GenerationBody,
    pictures: Iterable[Picture] = (),
    mask: Picture | None = None,
) -> dict[str, Any]:
    """The client's options for a body, with these pictures before its own references.

    Raises:
        UnknownModel: there is no such model.
        InvalidReference: a picture cannot be used; nothing was sent.
    """
    named = [*pictures, *body.references]
    options = await client_options(gateway, caller, body.model_copy(update={"references": []}))
    options["references"] = [await taken(gateway, caller, picture) for picture in named]
    if mask is not None:
        options["mask"] = await _mask(gateway, caller, mask)
    return options


async def taken(gateway: Gateway, caller: Caller, picture: Picture) -> Reference | str:
    """The picture in the store, where we have its bytes; else its address.

    Raises:
        InvalidReference: it cannot be used, or is not the caller's.
    """
    blobs = gateway.engine.store.blobs
    if isinstance(picture, Reference):
        return picture
    if isinstance(picture, bytes) or picture.startswith("data:"):
        return await take_in(picture, blobs)
    ours = await links.resolve(gateway, picture)
    return await take_in(ours, blobs) if ours else await usable(gateway, caller, picture)


async def _mask(gateway: Gateway, caller: Caller, mask: Picture) -> Any:
    """The mask in our sense: white is what may change."""
    found = await taken(gateway, caller, mask)
    if isinstance(found, str) or not found.sha256:
        return found
    blobs = gateway.engine.store.blobs
    data = await asyncio.to_thread(blobs.get, found.sha256)
    white = await asyncio.to_thread(white_where_clear, data)
    return found if white is data else await take_in(white, blobs)


def white_where_clear(data: bytes) -> bytes:
    """OpenAI's mask as ours: it is clear (alpha 0) where the picture may change, ours is white there.

    A mask that cannot be seen through is in our sense already, and comes back as it is.

    Raises:
        InvalidReference: it is no picture.
    """
    check_reference(data, "The mask")
    try:
        with opened(data, megapixels=MAX_REFERENCE_MEGAPIXELS) as image:
            if not image.has_transparency_data:
                return data
            from PIL import ImageChops

            alpha = image.convert("RGBA").getchannel("A")
            out = BytesIO()
            ImageChops.invert(alpha).save(out, "PNG")
            return out.getvalue()
    except NotAnImage as reason:
        raise InvalidReference(f"The mask cannot be used: {reason}.") from reason
