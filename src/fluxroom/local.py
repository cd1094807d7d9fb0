"""A client's work in this process: an engine on the data folder, and the books that it keeps there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from fluxroom import catalog, records
from fluxroom.catalog import overlay
from fluxroom.engine import Engine, Snapshot
from fluxroom.engine.accounting import Accounting
from fluxroom.engine.accounts import SANDBOX_ORIGIN, accounts, in_sandbox
from fluxroom.engine.availability import offered
from fluxroom.engine.egress import inside_hosts
from fluxroom.engine.intake import take_in, take_in_at
from fluxroom.engine.publications import synced
from fluxroom.engine.routing import choose, offers
from fluxroom.engine.transport import AiohttpTransport, Transport
from fluxroom.errors import NotFound
from fluxroom.store import Store, library, listing, open_store

if TYPE_CHECKING:
    from fluxroom.catalog.sync import Difference
    from fluxroom.engine.orders import Terms
    from fluxroom.flows.conversations import Conversations
    from fluxroom.flows.desk import Desk
    from fluxroom.flows.runs.conductor import Conductor, PlanWith
    from fluxroom.records import Record
    from fluxroom.result import Shelf
    from fluxroom.settings import Settings
    from fluxroom.store.images import StoredImage
    from fluxroom.store.jobs import Job
    from fluxroom.store.library import Picture
    from fluxroom.types import Event, Plan, Reference, Request


class LocalBooks(Accounting):
    """What is written in a data folder: jobs, money, accounts.

    Args:
        store: an open data folder.
        settings: for the accounts.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(store, accounts(settings))
        self._folder = store

    async def jobs(self, *, states: Sequence[str] = (), limit: int = 20, before: str = "") -> list[Job]:
        """The newest jobs."""
        return await self._folder.database.read(partial(listing.page, limit=limit, states=states, before=before))

    async def record(self, part: str) -> Record:
        """A job with its story."""
        return await records.record(self._folder, part)

    async def search(self, words: str = "", *, model: str = "", limit: int = 20, before: str = "") -> list[Picture]:
        """Pictures whose prompt has these words, the newest first."""
        named, provider, _ = catalog.find(model) if model else (None, None, None)
        wanted = library.Wanted(words=words, model=named.id if named else "", provider=provider or "")
        return await self._folder.database.read(partial(library.page, wanted=wanted, limit=limit, before=before))

    async def picture(self, image_id: str) -> Picture:
        """One picture with what made it."""
        found = await self._folder.database.read(lambda connection: library.some(connection, "", [image_id]))
        if not found:
            raise NotFound(f"There is no image {image_id[:40]!r}.", advice="Search with other words, or list the jobs.")
        return found[0]

    async def fetched(self, made: Sequence[StoredImage | Picture]) -> Shelf:  # noqa: ARG002  they are here already
        """Where the bytes of these pictures can be read at once."""
        return self._folder.blobs


@asynccontextmanager
async def open_books(settings: Settings) -> AsyncIterator[LocalBooks]:
    """The books of the data folder, without an engine."""
    store = await asyncio.to_thread(open_store, settings.data_folder, settings.database, settings.blobs)
    try:
        yield LocalBooks(store, settings)
    finally:
        store.close()


class LocalWorker:
    """Does the work in this process.

    Args:
        settings: as everywhere.
        transport: another way out, for tests.
        everyones: carry the queued jobs of all makers on the data folder, as a gateway does.
    """

    def __init__(self, settings: Settings, *, transport: Transport | None = None, everyones: bool = False) -> None:
        self._settings = settings
        self._transport = transport
        self._everyones = everyones
        self._stack = AsyncExitStack()
        self.engine: Engine
        self.books: LocalBooks

    async def start(self) -> None:
        """Open the data folder, and the sandbox where it is used; go on with what was left behind."""
        settings = self._settings
        store = await asyncio.to_thread(open_store, settings.data_folder, settings.database, settings.blobs)
        self._stack.callback(store.close)
        try:
            await self._begin(store)
        except BaseException:
            await self._stack.aclose()
            raise

    async def _begin(self, store: Store) -> None:
        settings, aliases = self._settings, {}
        overlay.use(settings.data_folder)
        if in_sandbox(settings) and self._transport is None:
            from fluxroom.sandbox import Sandbox

            box = Sandbox(books=store.folder / "sandbox.db", speed=settings.sandbox_speed)
            await self._stack.enter_async_context(box)
            aliases[SANDBOX_ORIGIN] = box.url
        self.books = LocalBooks(store, settings)
        self.engine = Engine(
            store,
            accounts(settings),
            settings,
            transport=self._transport or AiohttpTransport(aliases, inside_hosts(settings)),
            everyones=self._everyones,
        )
        await self.engine.start()

    async def stop(self, drain: float) -> None:
        """Let submits under way finish (at most `drain` seconds), then release everything."""
        await self.engine.stop(drain)
        await self._stack.aclose()

    def runs(self, conductor: Callable[[], Conductor], plan_with: PlanWith) -> Desk:
        """The way to runs, carried by the conductor."""
        from fluxroom.flows.desk import Desk
        from fluxroom.flows.expansion import writer_of

        take = partial(take_in, blobs=self.engine.store.blobs)
        writer = writer_of(self._settings)
        return Desk(engine=self.engine, conductor=conductor(), plan_with=plan_with, take_in=take, writer=writer)

    def conversations(self, plan_with: PlanWith) -> Conversations:
        """The way to conversations."""
        from fluxroom.flows.assistants.shelf import Shelf
        from fluxroom.flows.conversations import Conversations
        from fluxroom.flows.expansion import writer_of

        return Conversations(
            engine=self.engine,
            plan_with=plan_with,
            take_in=partial(take_in, blobs=self.engine.store.blobs),
            shelf=Shelf.of(self._settings),
            writer=writer_of(self._settings),
        )

    async def take_in(
        self, sources: Sequence[Any], params: Mapping[str, Any], places: Sequence[tuple[str | int, ...]]
    ) -> tuple[list[Reference], dict[str, Any]]:
        """References, and parameters that hold pictures, with their bytes in the store."""
        blobs = self.engine.store.blobs
        take = partial(take_in, blobs=blobs)
        return [await take(source) for source in sources], await take_in_at(params, places, take)

    async def plan(self, request: Request) -> Plan:
        """What a request becomes."""
        found = offers(request, self.engine.accounts, self._settings)
        routing = request.routing or self._settings.routing
        seconds = {one.route: await self.engine.usual(one) for one in found} if routing == "fastest" else {}
        chosen = choose(found, routing, seconds)
        return replace(chosen, sandbox=self.engine.accounts[chosen.provider].sandbox)

    async def submit(self, request: Request, terms: Terms, planned: Plan | None = None) -> str:
        """Write a request down and start it."""
        return await self.engine.submit(request, planned or await self.plan(request), terms)

    async def events(self, generation: str) -> AsyncGenerator[Event, None]:
        """What happens to a generation until it is settled."""
        async for event in self.engine.events(generation):
            yield event

    async def wait(self, generation: str, seconds: float) -> Snapshot:
        """Wait until a generation is settled."""
        return await self.engine.wait(generation, seconds)

    async def snapshot(self, generation: str) -> Snapshot:
        """A generation as it is now."""
        return await self.engine.snapshot(generation)

    async def cancel(self, generation: str) -> list[tuple[Job, str]]:
        """Cancel what can be cancelled."""
        return await self.engine.cancel(generation)

    async def resolve(self, job: str, choice: Literal["retry", "abandon"]) -> Job:
        """Decide about a job in doubt."""
        return await self.engine.resolve(job, choice)

    async def refresh(self) -> None:
        """See that the data folder's overlay lies over the catalog."""
        overlay.use(self._settings.data_folder)

    async def sync_catalog(self, *, write: bool) -> Difference:
        """How what the providers publish differs from the catalog; with `write`, use it from now on."""
        return await synced(self.engine.courier, self._settings, write=write)

    async def offered(self, route: str) -> bool | None:
        """Whether the provider offers a route now."""
        return await offered(self.engine.courier, route, self._settings)
