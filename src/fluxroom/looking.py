"""What a client tells about the work: jobs, pictures, money, models. Looking starts nothing and costs nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from fluxroom.catalog import Model
    from fluxroom.catalog.sync import Difference
    from fluxroom.engine.accounting import Standing, Usage
    from fluxroom.store.jobs import Job
    from fluxroom.store.ledger import By
    from fluxroom.store.library import Picture
    from fluxroom.working import Worker


class Looking(ABC):
    """The questions that a client answers, wherever its work is done."""

    @property
    @abstractmethod
    def worker(self) -> Worker:
        """Where the work is done; the client must be open."""

    async def jobs(self, *, states: Sequence[str] = (), limit: int = 20, before: str = "") -> list[Job]:
        """The newest jobs first; only those in one of `states`, and made before the job `before`, where given."""
        return await self.worker.books.jobs(states=states, limit=limit, before=before)

    async def job(self, part: str) -> Job:
        """A job by its id, or by the end of it."""
        return (await self.worker.books.record(part)).job

    async def search(self, words: str = "", *, model: str = "", limit: int = 20, before: str = "") -> list[Picture]:
        """Pictures whose prompt has these words, the newest first; without words all of them, page by page."""
        return await self.worker.books.search(words, model=model, limit=limit, before=before)

    async def usage(
        self, by: By = "day", *, since: date | None = None, until: date | None = None, sandbox: bool = False
    ) -> Usage:
        """What was spent from the day `since` to the day `until`, both included, in US dollars."""
        return await self.worker.books.usage(by, since=since, until=until, sandbox=sandbox)

    async def budgets(self, *, sandbox: bool = False) -> list[Standing]:
        """Every budget with what is left of it."""
        return await self.worker.books.budgets(sandbox=sandbox)

    # models ----------------------------------------------------------------------------------------------------------

    def models(self) -> Mapping[str, Model]:
        """All models by id."""
        from fluxroom import catalog

        return catalog.models()

    async def sync_catalog(self, *, write: bool = True) -> Difference:
        """Read what the providers publish, and use it: new endpoints can be asked for at once, by a model of their own.

        Costs nothing. Returns how it differs from the catalog that came with this version; with `write=False` that is
        all. A provider that does not answer changes nothing.

        Raises:
            StorageFull, StorageUnwritable: it cannot be written down; everything is as it was.
        """
        return await self.worker.sync_catalog(write=write)

    async def check_available(self, route: str) -> bool | None:
        """Whether the provider offers a route now; None when it cannot be told. Costs nothing."""
        return await self.worker.offered(route)
