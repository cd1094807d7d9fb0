"""What a gateway does by itself while it runs: calls back, sends webhooks, tidies up once an hour."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fluxroom.errors import FluxroomError
from fluxroom.logs import get_logger
from fluxroom.server.doors import call_backs
from fluxroom.server.gateway import Gateway
from fluxroom.server.webhooks import postman
from fluxroom.store.retention import Rules, prune

_log = get_logger("fluxroom.server")

_FIRST = 60.0
"""Seconds after the start until it tidies up: a gateway that is restarted again and again still does."""

_HOUR = 3600.0


@asynccontextmanager
async def on_duty(gateway: Gateway) -> AsyncIterator[None]:
    """Do all of it, as long as this is open."""
    async with call_backs.calling(gateway), postman.at_work(gateway):
        for watcher in gateway.watchers:
            gateway.engine.watchers.add(watcher)
        task = asyncio.create_task(_tidy(gateway))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _tidy(gateway: Gateway) -> None:
    await asyncio.sleep(_FIRST)
    while True:
        try:
            done = await prune(gateway.engine.store, Rules.of(gateway.settings))
        except FluxroomError as error:  # the disk or the database: there is a next hour
            _log.warning("could not tidy up", why=error.detail)
        except Exception:  # noqa: BLE001  there is a next hour
            _log.exception("unexpected error while tidying up")
        else:
            if any(done.as_dict().values()):
                _log.info("tidied up", **done.as_dict())
        await asyncio.sleep(_HOUR)
