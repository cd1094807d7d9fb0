"""A gateway's books: jobs, money and accounts as they stand there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fluxroom.remote import answers
from fluxroom.remote.line import Line, segment
from fluxroom.remote.pictures import fetch

if TYPE_CHECKING:
    from datetime import date

    from fluxroom.engine.accounting import AccountState, Standing, Usage
    from fluxroom.records import Record
    from fluxroom.result import Shelf
    from fluxroom.settings import Settings
    from fluxroom.store.images import StoredImage
    from fluxroom.store.jobs import Job
    from fluxroom.store.ledger import Budget, By
    from fluxroom.store.library import Picture

_PAGE = 200
"""Jobs in one answer, at most."""


class RemoteBooks:
    """What is written at a gateway; a key sees its own, an admin's everybody's.

    Args:
        line: an open connection.
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    async def jobs(self, *, states: Sequence[str] = (), limit: int = 20, before: str = "") -> list[Job]:
        """The newest jobs."""
        found: list[Job] = []
        while len(found) < limit:
            wanted = min(_PAGE, limit - len(found))
            last = found[-1].id if found else before
            page = await self._line.get("/v1/jobs", state=list(states) or None, limit=wanted, before=last or None)
            found += [answers.job(one) for one in page.every("jobs")]
            if len(page["jobs"]) < wanted:
                break
        return found

    async def record(self, part: str) -> Record:
        """A job with its story."""
        return answers.record(await self._line.get(f"/v1/jobs/{segment(part)}"), self._line.base)

    async def fetched(self, made: Sequence[StoredImage | Picture]) -> Shelf:
        """The bytes of these pictures."""
        return await fetch(self._line, {one.sha256: f"/v1/images/{one.id}/file" for one in made})

    async def search(self, words: str = "", *, model: str = "", limit: int = 20, before: str = "") -> list[Picture]:
        """Pictures whose prompt has these words, the newest first."""
        asked = {"q": words or None, "model": model or None, "before": before or None}
        told = await self._line.get("/v1/images", limit=min(limit, _PAGE), **asked)
        return [answers.picture(one) for one in told.every("images")]

    async def picture(self, image_id: str) -> Picture:
        """One picture with what made it."""
        return answers.picture(await self._line.get(f"/v1/images/{segment(image_id)}"))

    async def usage(
        self, by: By, *, since: date | None = None, until: date | None = None, sandbox: bool = False
    ) -> Usage:
        """What was spent."""
        days = {"since": since and since.isoformat(), "until": until and until.isoformat()}
        return answers.usage(await self._line.get("/v1/usage", by=by, sandbox=sandbox, **days))

    async def budgets(self, *, sandbox: bool = False) -> list[Standing]:
        """Every budget with what is left of it."""
        told = await self._line.get("/v1/budgets", sandbox=sandbox)
        return [answers.standing(one) for one in told.every("budgets")]

    async def set_budget(self, budget: Budget, *, sandbox: bool = False) -> Standing:
        """Set a budget or change it."""
        await self._line.call("PUT", _budget(budget.scope, budget.period), json={"most": str(budget.most)})
        standing = await self.budgets(sandbox=sandbox)  # with the figures that were asked for
        return next(one for one in standing if (one.budget.scope, one.budget.period) == (budget.scope, budget.period))

    async def drop_budget(self, scope: str, period: str) -> None:
        """Remove a budget."""
        await self._line.call("DELETE", _budget(scope, period))

    async def providers(self) -> list[AccountState]:
        """How the account of each provider stands."""
        told = await self._line.get("/v1/providers")
        return [answers.account(one) for one in told.every("providers")]

    async def pause(self, name: str, *, paused: bool) -> AccountState:
        """Stop or resume sending to a provider."""
        word = "pause" if paused else "resume"
        return answers.account(await self._line.post(f"/v1/providers/{segment(name)}/{word}", {}))


@asynccontextmanager
async def open_books(settings: Settings) -> AsyncIterator[RemoteBooks]:
    """The books of the gateway that the settings name."""
    line = Line(settings)
    await line.open()
    try:
        yield RemoteBooks(line)
    finally:
        await line.close()


def _budget(scope: str, period: str) -> str:
    return f"/v1/budgets/{segment(scope)}/{segment(period)}"
