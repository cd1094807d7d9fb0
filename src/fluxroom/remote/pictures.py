"""Pictures on their way to a gateway and back: uploaded once, fetched whole."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fluxroom.engine.intake import take_in
from fluxroom.errors import GatewayUnreachable, InvalidReference, NotFound
from fluxroom.remote import answers
from fluxroom.remote.line import Line
from fluxroom.types import Reference

T = TypeVar("T")

_AT_ONCE = 4
"""Pictures that are fetched at the same time."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Fetched:
    """Bytes that were fetched from a gateway.

    Args:
        found: by their SHA-256.
    """

    def __init__(self, found: Mapping[str, bytes]) -> None:
        self._found = found

    def get(self, digest: str) -> bytes:
        """The bytes of this hash.

        Raises:
            NotFound: they were not fetched.
        """
        if digest not in self._found:
            raise NotFound(f"The bytes of {digest[:12]}… were not fetched.")
        return self._found[digest]

    def local_path(self, digest: str) -> Path | None:  # noqa: ARG002  the protocol's signature
        """None: the file is the gateway's."""
        return None


async def fetch(line: Line, paths: Mapping[str, str]) -> Fetched:
    """The bytes of pictures, by hash and path; each is compared with its hash.

    Raises:
        NotFound: the gateway no longer has one of them.
        GatewayUnreachable: one did not arrive whole.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(digest: str, path: str) -> bytes:
        async with gate:
            data = (await line.call("GET", path)).body
        if hashlib.sha256(data).hexdigest() != digest:
            raise GatewayUnreachable(f"The picture at {path} did not arrive as the gateway has it.", charge="charged")
        return data

    bodies = await asyncio.gather(*(one(digest, path) for digest, path in paths.items()))
    return Fetched(dict(zip(paths, bodies, strict=True)))


class Assets:
    """Where a caller's pictures go: looked for by their hash first, and uploaded only when the gateway lacks them.

    `engine.intake` looks at every picture here, before it travels, and calls `put` in a thread, as with every shelf.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._loop = asyncio.get_running_loop()

    async def take(self, source: Any) -> Reference:
        """A reference to whatever a caller may give for a picture, with its bytes at the gateway.

        Raises:
            InvalidReference: it is none that can be used; nothing was sent.
        """
        digest = source.strip() if isinstance(source, str) else ""
        if not _SHA256.fullmatch(digest):
            return await take_in(source, self)
        try:
            return answers.reference(await self._line.get(f"/v1/assets/{digest}"), digest[:12])
        except NotFound:
            raise InvalidReference(f"The gateway has no picture {digest[:12]}….") from None

    def put(self, data: bytes) -> str:
        """Bring the bytes to the gateway and return their SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        if not self.has(digest):
            self._awaited(self._upload(data))
        return digest

    def has(self, digest: str) -> bool:
        """Whether the gateway has the bytes of this hash."""
        return self._awaited(self._known(digest))

    def get(self, digest: str) -> bytes:
        """Never asked for: what has a hash is taken by its hash."""
        raise NotFound(f"The picture {digest[:12]}… is the gateway's.")

    async def _known(self, digest: str) -> bool:
        answer = await self._line.call("HEAD", f"/v1/assets/{digest}", refused=False)
        return answer.status == 200

    async def _upload(self, data: bytes) -> None:
        # Repeated when the connection breaks: the same bytes twice are the same asset.
        await self._line.call("POST", "/v1/assets", data=data, headers={"Content-Type": "application/octet-stream"})

    def _awaited(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
