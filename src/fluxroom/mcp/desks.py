"""Who does the work for an agent: what the tools need, whoever asks and wherever it is done."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fluxroom.client import AsyncClient
    from fluxroom.engine import Snapshot
    from fluxroom.store.library import Picture
    from fluxroom.types import Event, Plan

_ID = re.compile(r"[0-9abcdefghjkmnpqrstvwxyz]{22}")


class Desk(Protocol):
    """The work of one caller."""

    async def quote(self, prompt: Any, model: str, options: Mapping[str, Any]) -> Plan:
        """What a request would become and cost; nothing is sent."""

    async def order(self, prompt: Any, model: str, options: Mapping[str, Any]) -> str:
        """Send a request under the caller's terms; returns its generation's id."""

    def events(self, generation: str) -> AsyncGenerator[Event, None]:
        """What happens to a generation of the caller's."""

    async def snapshot(self, part: str) -> Snapshot:
        """A generation of the caller's, by its id or by that of one of its jobs."""

    async def search(self, words: str, *, model: str, limit: int, before: str) -> list[Picture]:
        """The caller's pictures whose prompt has these words."""

    async def picture(self, image_id: str) -> Picture:
        """One of the caller's pictures."""

    async def file(self, picture: Picture) -> bytes:
        """A picture's bytes, as the provider made them."""

    async def link(self, picture: Picture) -> str:
        """Where a person can open the original; empty where there is no such place."""


class ClientDesk:
    """A desk at a client of this process, which works here or at a gateway.

    Args:
        client: an open client.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def quote(self, prompt: Any, model: str, options: Mapping[str, Any]) -> Plan:
        """See `Desk.quote`."""
        return (await self._client.plan_with(prompt, model, await self._named(options)))[1]

    async def order(self, prompt: Any, model: str, options: Mapping[str, Any]) -> str:
        """See `Desk.order`."""
        named = await self._named(options)
        request, plan = await self._client.plan_with(prompt, model, named)
        return await self._client.send(request, plan, named)

    def events(self, generation: str) -> AsyncGenerator[Event, None]:
        """See `Desk.events`."""
        return self._client.worker.events(generation)

    async def snapshot(self, part: str) -> Snapshot:
        """See `Desk.snapshot`."""
        from fluxroom.errors import NotFound

        try:
            return await self._client.snapshot(part)
        except NotFound:
            return await self._client.snapshot((await self._client.job(part)).generation)

    async def search(self, words: str, *, model: str, limit: int, before: str) -> list[Picture]:
        """See `Desk.search`."""
        return await self._client.search(words, model=model, limit=limit, before=before)

    async def picture(self, image_id: str) -> Picture:
        """See `Desk.picture`."""
        return await self._client.worker.books.picture(image_id)

    async def file(self, picture: Picture) -> bytes:
        """See `Desk.file`."""
        return (await self._client.worker.books.fetched([picture])).get(picture.sha256)

    async def link(self, picture: Picture) -> str:
        """See `Desk.link`."""
        if self._client.settings.url:
            return f"{self._client.settings.url}/v1/images/{picture.id}/file"
        path = (await self._client.worker.books.fetched([picture])).local_path(picture.sha256)
        return path.as_uri() if path else ""

    async def _named(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options with ids of pictures as what stands behind them: a client knows files, addresses and hashes."""
        sources: Sequence[Any] = options.get("references") or ()
        found = [
            (await self.picture(one)).sha256 if isinstance(one, str) and _ID.fullmatch(one) else one for one in sources
        ]
        return {**options, "references": found}
