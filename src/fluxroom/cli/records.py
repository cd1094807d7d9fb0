"""The books of this command line, read without an engine: looking changes nothing and starts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import click

from fluxroom.cli.shared import settings

if TYPE_CHECKING:
    from fluxroom.catalog.overlay import Overlay
    from fluxroom.store import Store
    from fluxroom.working import Books


def opened_books(ctx: click.Context) -> AbstractAsyncContextManager[Books]:
    """The books of the data folder, or of the gateway that FLUXROOM_URL names."""
    from fluxroom.working import open_books

    return open_books(settings(ctx))


@asynccontextmanager
async def opened_store(ctx: click.Context) -> AsyncIterator[Store]:
    """The data folder of this command line, for what no gateway does for others.

    Raises:
        RequestError: FLUXROOM_URL names a gateway.
    """
    from fluxroom.store import open_store

    at_home(ctx, "this")
    chosen = settings(ctx)
    store = await asyncio.to_thread(open_store, chosen.data_folder, chosen.database, chosen.blobs)
    try:
        yield store
    finally:
        store.close()


def at_home(ctx: click.Context, what: str) -> None:
    """Make sure that a command that works on this machine was not meant for a gateway.

    Raises:
        RequestError: FLUXROOM_URL names one.
    """
    from fluxroom.errors import RequestError

    url = settings(ctx).url
    if url:
        raise RequestError(
            f"FLUXROOM_URL is set to {url}, and {what} cannot be done through a gateway.",
            advice="Do it on the machine that runs the gateway, or unset FLUXROOM_URL to do it here.",
            field="FLUXROOM_URL",
        )


def catalogued(ctx: click.Context) -> Overlay:
    """What the providers have published since this version, laid over the catalog of this process."""
    from fluxroom.catalog import overlay
    from fluxroom.settings import BadSettings

    try:
        chosen = settings(ctx)
    except BadSettings:  # what this version knows can be told all the same
        return overlay.current()
    if chosen.url:
        from fluxroom.cli.runtime import opened, run

        async def work() -> None:
            async with opened(ctx) as client:
                await client.worker.refresh()

        run(work)
    else:
        overlay.use(chosen.data_folder)
    return overlay.current()


def is_new(ctx: click.Context) -> bool:
    """Nothing has ever been made in this data folder."""
    chosen = settings(ctx)
    return not chosen.url and not chosen.database and not (chosen.data_folder / "fluxroom.db").exists()
