"""What a client does, done by a gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal

from fluxroom.catalog import overlay
from fluxroom.engine import Snapshot, wait_ended
from fluxroom.engine.intake import take_in_at
from fluxroom.logs import get_logger
from fluxroom.remote import answers
from fluxroom.remote.books import RemoteBooks
from fluxroom.remote.events import Followed, follow
from fluxroom.remote.line import Line, segment
from fluxroom.remote.pictures import Assets
from fluxroom.types import Reference, Size

if TYPE_CHECKING:
    from fluxroom.catalog.sync import Difference
    from fluxroom.engine.orders import Terms
    from fluxroom.remote.conversations import RemoteConversations
    from fluxroom.remote.desk import RemoteDesk
    from fluxroom.settings import Settings
    from fluxroom.store.jobs import Job
    from fluxroom.types import Event, Plan, Request


_log = get_logger("fluxroom.remote")

_FRESH = 60.0
"""Seconds before the gateway is asked again whether its catalog has changed."""


class RemoteWorker:
    """Lets a gateway do the work.

    Args:
        settings: with its address and our key.
    """

    def __init__(self, settings: Settings) -> None:
        self._line = Line(settings)
        self._patience = settings.wait
        self._assets: Assets
        self._overlay = ""  # the entity tag of the overlay that we have
        self._asked_at: float | None = None
        self.books = RemoteBooks(self._line)

    async def start(self) -> None:
        """Make ready."""
        await self._line.open()
        self._assets = Assets(self._line)

    async def stop(self, drain: float) -> None:  # noqa: ARG002  what the gateway has taken is safe there
        """Hang up; the jobs go on."""
        await self._line.close()

    def runs(self, conductor: object, plan_with: object) -> RemoteDesk:  # noqa: ARG002  the gateway carries them
        """The way to the gateway's runs."""
        from fluxroom.remote.desk import RemoteDesk

        return RemoteDesk(self._line, self._assets.take)

    def conversations(self, plan_with: object) -> RemoteConversations:  # noqa: ARG002  the gateway plans them
        """The way to the gateway's conversations."""
        from fluxroom.remote.conversations import RemoteConversations

        return RemoteConversations(self._line, self._assets.take)

    async def take_in(
        self, sources: Sequence[Any], params: Mapping[str, Any], places: Sequence[tuple[str | int, ...]]
    ) -> tuple[list[Reference], dict[str, Any]]:
        """References, and parameters that hold pictures, with their bytes at the gateway."""
        taken = await take_in_at(params, places, self._assets.take)
        return [await self._assets.take(source) for source in sources], taken

    async def plan(self, request: Request) -> Plan:
        """What a request becomes."""
        return answers.plan(await self._line.post("/v1/quotes", body_of(request)), request.references)

    async def submit(self, request: Request, terms: Terms, planned: Plan | None = None) -> str:  # noqa: ARG002
        """Give a request to the gateway. However often the connection breaks: it is one generation."""
        told = await self._line.post(
            "/v1/generations", {**body_of(request), **_terms(terms)}, key=terms.idempotency_key
        )
        return str(told["id"])

    async def events(self, generation: str) -> AsyncGenerator[Event, None]:
        """What happens to a generation until it is settled."""
        async with aclosing(follow(self._line, generation, self._patience)) as told:
            async for event in told:
                if not isinstance(event, Followed):
                    yield event

    async def wait(self, generation: str, seconds: float) -> Snapshot:
        """Wait until a generation is settled."""
        try:
            async with asyncio.timeout(seconds):
                async with aclosing(follow(self._line, generation, seconds)) as told:
                    async for event in told:
                        if isinstance(event, Followed) and event.end:
                            return event.end
        except TimeoutError:
            pass
        found = await self.snapshot(generation)
        if not found.settled:
            raise wait_ended(found, seconds)
        return found

    async def snapshot(self, generation: str) -> Snapshot:
        """A generation as it is now."""
        return answers.snapshot(await self._line.get(f"/v1/generations/{segment(generation)}"))

    async def cancel(self, generation: str) -> list[tuple[Job, str]]:
        """Cancel what can be cancelled."""
        told = (await self._line.call("DELETE", f"/v1/generations/{segment(generation)}")).json()
        return answers.cancelled(told)

    async def resolve(self, job: str, choice: Literal["retry", "abandon"]) -> Job:
        """Decide about a job in doubt."""
        whole = (await self.books.record(job)).job
        return answers.job(await self._line.post(f"/v1/jobs/{whole.id}/resolve", {"choice": choice}))

    async def refresh(self) -> None:
        """Take over the models that the gateway knows and this version does not."""
        now = time.monotonic()
        if self._asked_at is not None and now - self._asked_at < _FRESH:
            return
        self._asked_at = now
        headers = {"If-None-Match": self._overlay} if self._overlay else {}
        answer = await self._line.call("GET", "/v1/catalog/overlay", headers=headers, refused=False)
        if answer.status == 200:
            try:
                overlay.lay(overlay.from_dict(answer.json()))
            except ValueError as error:  # the gateway knows its models all the same
                _log.warning("the gateway's new models cannot be read here", why=str(error))
                return
            self._overlay = answer.headers.get("ETag", "")

    async def sync_catalog(self, *, write: bool) -> Difference:
        """How what the providers publish differs from the gateway's catalog; with `write`, use it from now on."""
        self._asked_at = None
        return answers.difference(await self._line.post("/v1/catalog/sync", {"write": write}))

    async def offered(self, route: str) -> bool | None:
        """Whether the provider offers a route now."""
        told = await self._line.post(f"/v1/models/{'/'.join(map(segment, route.split('/')))}/check", {})
        return answers.offered(told)


def body_of(request: Request) -> dict[str, Any]:
    """A request as the gateway takes it: pictures by hash or address."""
    fixed = {
        "mode": request.mode,
        "extra": {provider: dict(fields) for provider, fields in request.extra.items()} or None,
        "max_references": request.max_references,
        "region": request.region,
        "routing": request.routing,
    }
    return {
        **{name: _plain(value) for name, value in request.params.items()},
        "model": request.model,
        "prompt": request.prompt,
        "references": [_plain(one) for one in request.references],
        "on_unsupported": request.on_unsupported,
        **{name: value for name, value in fixed.items() if value is not None},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Reference):
        return value.url or value.sha256
    if isinstance(value, Size):
        return {"width": value.width, "height": value.height}
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _terms(terms: Terms) -> dict[str, Any]:
    """The terms that differ from the usual ones; whose they are, the key says."""
    usual = type(terms)()
    return {
        name: getattr(terms, name)
        for name in ("cache", "run", "priority")
        if getattr(terms, name) != getattr(usual, name)
    }
