"""What every route works with: the open client, the settings and the word that the process is about to end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from fluxroom.client import AsyncClient
from fluxroom.engine import Engine
from fluxroom.engine.accounts import in_sandbox
from fluxroom.engine.watching import Watcher
from fluxroom.errors import NotFound
from fluxroom.server.access.identities import Identities
from fluxroom.server.access.sessions import Sessions
from fluxroom.server.webhooks.newsroom import Newsroom
from fluxroom.settings import Settings
from fluxroom.store import signing_keys

T = TypeVar("T")

_ID = re.compile(r"[0-9abcdefghjkmnpqrstvwxyz]{22}")


@dataclass(slots=True)
class Gateway:
    """One running gateway."""

    settings: Settings
    client: AsyncClient
    closing: asyncio.Event = field(default_factory=asyncio.Event)  # set: long answers end now, jobs go on
    watchers: list[Watcher] = field(default_factory=list)  # hear what the engine does while the gateway is on duty
    in_hand: set[str] = field(default_factory=set)  # orders whose caller waits for an answer that a door owes
    _secrets: dict[str, bytes] = field(default_factory=dict, repr=False)
    identities: Identities = field(init=False)
    sessions: Sessions = field(init=False)
    _newsroom: Newsroom | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """What knows the keys reads them from the store of the client, once it is open."""
        self.identities = Identities(lambda: self.engine.store)
        self.sessions = Sessions(self.identities, self.secret)

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        return self.client.engine

    @property
    def newsroom(self) -> Newsroom:
        """What happens to all jobs, for everybody who listens."""
        if self._newsroom is None:
            self._newsroom = Newsroom(self.engine, self.closing)
        return self._newsroom

    @property
    def sandbox(self) -> bool:
        """Whether pictures are made up by the built-in sandbox."""
        return in_sandbox(self.settings)

    async def secret(self, name: str) -> bytes:
        """The secret of this name that the installation made for itself: the same in all its processes."""
        if name not in self._secrets:
            self._secrets[name] = await self.engine.store.database.write(partial(signing_keys.kept, name=name))
        return self._secrets[name]

    async def unless_closing(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` returns, or None when the gateway is told to stop first."""
        task = asyncio.ensure_future(work)
        closing = asyncio.ensure_future(self.closing.wait())
        try:
            await asyncio.wait({task, closing}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for unfinished in (task, closing):
                if not unfinished.done():
                    unfinished.cancel()
                    with suppress(asyncio.CancelledError):
                        await unfinished


def running_version() -> str:
    """The version that is installed; empty when it runs from a bare checkout."""
    try:
        return version("fluxroom")
    except PackageNotFoundError:
        return ""


def is_id(text: str) -> bool:
    """Whether a text has the form of our ids.

    >>> is_id("01kaz3x9f0m2n4p6q8r0st"), is_id("../../etc/passwd")
    (True, False)
    """
    return bool(_ID.fullmatch(text))


def checked_id(text: str, what: str) -> str:
    """The id, unchanged.

    Raises:
        NotFound: it does not have the form of an id, so there is nothing under it.
    """
    if not is_id(text):
        raise NotFound(
            f"There is no {what} {text[:40]!r}.", advice="List what there is with GET /v1/generations.", field="id"
        )
    return text


def _gateway(request: Request) -> Gateway:
    found: Gateway = request.app.state.gateway
    return found


Running = Annotated[Gateway, Depends(_gateway)]
"""The gateway, as a parameter of a route."""
