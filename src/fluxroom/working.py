"""Where a client's work is done: by an engine in this process, or by a gateway. The one place where that is chosen."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol, Union

if TYPE_CHECKING:
    from datetime import date

    from fluxroom.catalog.sync import Difference
    from fluxroom.engine import Snapshot
    from fluxroom.engine.accounting import AccountState, Standing, Usage
    from fluxroom.engine.orders import Terms
    from fluxroom.engine.transport import Transport
    from fluxroom.flows.conversations import Conversations
    from fluxroom.flows.desk import Desk
    from fluxroom.flows.runs.conductor import Conductor, PlanWith
    from fluxroom.records import Record
    from fluxroom.remote.conversations import RemoteConversations
    from fluxroom.remote.desk import RemoteDesk
    from fluxroom.result import Shelf
    from fluxroom.settings import Settings
    from fluxroom.store.images import StoredImage
    from fluxroom.store.jobs import Job
    from fluxroom.store.ledger import Budget, By
    from fluxroom.store.library import Picture
    from fluxroom.types import Event, Plan, Reference, Request


class Books(Protocol):
    """What was asked, made and paid, as it stands where the work is done. Looking starts nothing."""

    async def jobs(self, *, states: Sequence[str] = (), limit: int = 20, before: str = "") -> list[Job]:
        """The newest jobs first."""

    async def record(self, part: str) -> Record:
        """A job with its story."""

    async def fetched(self, made: Sequence[StoredImage | Picture]) -> Shelf:
        """Where the bytes of these pictures can be read at once."""

    async def search(self, words: str = "", *, model: str = "", limit: int = 20, before: str = "") -> list[Picture]:
        """Pictures whose prompt has these words, the newest first."""

    async def picture(self, image_id: str) -> Picture:
        """One picture with what made it."""

    async def usage(
        self, by: By, *, since: date | None = None, until: date | None = None, sandbox: bool = False
    ) -> Usage:
        """What was spent."""

    async def budgets(self, *, sandbox: bool = False) -> list[Standing]:
        """Every budget with what is left of it."""

    async def set_budget(self, budget: Budget, *, sandbox: bool = False) -> Standing:
        """Set a budget or change it."""

    async def drop_budget(self, scope: str, period: str) -> None:
        """Remove a budget."""

    async def providers(self) -> list[AccountState]:
        """How the account of each provider stands."""

    async def pause(self, name: str, *, paused: bool) -> AccountState:
        """Stop or resume sending to a provider."""


Runs = Union["Desk", "RemoteDesk"]
"""Sheets, comparisons and pipelines: the same methods in this process and at a gateway."""


Talks = Union["Conversations", "RemoteConversations"]
"""Conversations and assistants: the same methods in this process and at a gateway."""


class Worker(Protocol):
    """Where the work is done: an engine in this process (`fluxroom.local`), or a gateway (`fluxroom.remote`)."""

    @property
    def books(self) -> Books:
        """What is written there."""

    async def start(self) -> None:
        """Make ready to work."""

    async def stop(self, drain: float) -> None:
        """Let submits under way finish (at most `drain` seconds), then release everything."""

    def runs(self, conductor: Callable[[], Conductor], plan_with: PlanWith) -> Runs:
        """The way to runs; in this process the conductor carries what is planned so."""

    def conversations(self, plan_with: PlanWith) -> Talks:
        """The way to conversations."""

    async def take_in(
        self, sources: Sequence[Any], params: Mapping[str, Any], places: Sequence[tuple[str | int, ...]]
    ) -> tuple[list[Reference], dict[str, Any]]:
        """References, and parameters that hold pictures, with their bytes where the work is done."""

    async def plan(self, request: Request) -> Plan:
        """What a request becomes, checked and priced; nothing is sent."""

    async def submit(self, request: Request, terms: Terms, planned: Plan | None = None) -> str:
        """Write a request down and start it; returns the id of its generation."""

    def events(self, generation: str) -> AsyncGenerator[Event, None]:
        """What happens to a generation until it is settled."""

    async def wait(self, generation: str, seconds: float) -> Snapshot:
        """Wait until a generation is settled."""

    async def snapshot(self, generation: str) -> Snapshot:
        """A generation as it is now."""

    async def cancel(self, generation: str) -> list[tuple[Job, str]]:
        """Cancel what can be cancelled; what became of each job."""

    async def resolve(self, job: str, choice: Literal["retry", "abandon"]) -> Job:
        """Decide about a job in doubt."""

    async def refresh(self) -> None:
        """Take over what the catalog has learned elsewhere; costs next to nothing when it has not."""

    async def sync_catalog(self, *, write: bool) -> Difference:
        """How what the providers publish differs from the catalog; with `write`, use it from now on."""

    async def offered(self, route: str) -> bool | None:
        """Whether the provider offers a route now; None when that cannot be told."""


def open_books(settings: Settings) -> AbstractAsyncContextManager[Books]:
    """The books of the data folder, or of the gateway that the settings name; no engine is started."""
    if settings.url:
        from fluxroom import remote

        return remote.open_books(settings)
    from fluxroom import local

    return local.open_books(settings)


def hire(settings: Settings, *, transport: Transport | None = None, everyones: bool = False) -> Worker:
    """A worker that is not started yet: at the gateway that the settings name, else in this process.

    With a transport or the jobs of `everyones` it is always this process.
    """
    if settings.url and not everyones and transport is None:
        from fluxroom.remote import RemoteWorker

        return RemoteWorker(settings)
    from fluxroom.local import LocalWorker

    return LocalWorker(settings, transport=transport, everyones=everyones)
