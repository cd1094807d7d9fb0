"""Brings the input pictures of a submit into the books."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from fluxroom.sandbox.media import read_name
from fluxroom.sandbox.pictures import InputPicture, Limits, PictureError, inspect, read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fluxroom.sandbox.gallery import Gallery
    from fluxroom.sandbox.world import World

_OWN_PICTURE: Final = re.compile(r"/(?:files/b/[^/]+|delivery)/([^/]+)$")


async def load_picture(world: World, gallery: Gallery, text: str, limits: Limits) -> InputPicture:
    """Read one image field; PictureError when it cannot be used. No connection is ever opened for it."""
    painted = await _own_painting(world, gallery, text)
    data, source = (painted, text) if painted is not None else read_text(text, world.books)
    kept, small = await asyncio.to_thread(inspect, data, source[:200], limits)
    world.books.add_blob(kept.thumbnail, "image/png", small)
    return kept


async def _own_painting(world: World, gallery: Gallery, text: str) -> bytes | None:
    """The bytes of an earlier result of this world, when the address is one."""
    if not text.startswith(("http://", "https://")):
        return None
    parts = urlsplit(text)
    found = _OWN_PICTURE.search(parts.path)
    named = read_name(found[1]) if found and parts.hostname in {"127.0.0.1", "localhost", "::1"} else None
    task = world.task(named[0]) if named else None
    return await gallery.picture(task, named[1]) if task is not None and named is not None else None


async def load_pictures(
    world: World, gallery: Gallery, texts: Sequence[str], limits: Limits
) -> tuple[list[InputPicture], tuple[int, PictureError] | None]:
    """Read image fields in order; stops at the first that cannot be used and says which one and why."""
    kept: list[InputPicture] = []
    for index, text in enumerate(texts):
        try:
            kept.append(await load_picture(world, gallery, text, limits))
        except PictureError as error:
            return kept, (index, error)
    return kept, None
