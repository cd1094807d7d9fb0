"""Another provider for a job that one has refused, where that cannot pay twice.

Only the routing chose the first one: whoever names a provider, or asks for a fixed one, gets no other. The refusal is
definite and came before anything was billed, and it is about the provider or our account there: what a provider says
about a prompt or a picture is not tried elsewhere. Refused job and new one are one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from sqlalchemy import Connection

from fluxroom import catalog
from fluxroom.catalog import words
from fluxroom.engine import budgets
from fluxroom.engine.accounts import Account
from fluxroom.engine.decisions import insist
from fluxroom.engine.ledger import Also, Ledger
from fluxroom.engine.orders import Terms, estimate_of, job_of, request_of
from fluxroom.engine.routing import choose, offers
from fluxroom.errors import (
    BudgetExceeded,
    FluxroomError,
    Forbidden,
    InsufficientCredits,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from fluxroom.settings import Settings
from fluxroom.store import jobs
from fluxroom.store.jobs import Generation, Job
from fluxroom.types import Plan, Provider, Request

_ABOUT_THE_PROVIDER = (Forbidden, InsufficientCredits, RateLimited, Unauthorized, Unavailable)


@dataclass(frozen=True, slots=True)
class Move:
    """A job's way to another provider."""

    to: Provider
    also: Also


class Elsewhere:
    """Finds another provider.

    Args:
        ledger: where the new job is written.
        accounts: the providers that are set up.
        settings: their order, and how one is chosen.
    """

    def __init__(self, ledger: Ledger, accounts: Mapping[Provider, Account], settings: Settings) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._settings = settings

    async def of(self, job: Job, error: FluxroomError) -> Move | None:
        """Where a job that was refused can go; None when it ends there."""
        if job.doubted or not isinstance(error, _ABOUT_THE_PROVIDER):
            return None  # an earlier attempt may have been paid; or it would be refused elsewhere as well
        database = self._ledger.store.database
        generation, listed = await self._ledger.patiently(database.read, partial(_read, job.generation))
        if generation is None or not generation.route.startswith(f"{job.provider}/"):
            return None  # it is elsewhere already
        plan = self._plan(generation, job, alone=len(listed) > 1)
        if plan is None or not await self._affordable(plan, job):
            return None
        return Move(plan.provider, partial(self._write, generation, plan, job))

    def _plan(self, generation: Generation, job: Job, *, alone: bool) -> Plan | None:
        request = request_of(generation.asked)
        routing = request.routing or self._settings.routing
        if routing == "fixed" or request.region or catalog.find(request.model)[1]:
            return None
        left = {name: one for name, one in self._accounts.items() if name != job.provider}
        try:
            plan = choose(offers(_alone(request, job) if alone else request, left, self._settings), routing)
        except FluxroomError:
            return None
        told = {note["name"] for note in generation.not_sent}
        as_agreed = (
            left[plan.provider].sandbox == job.sandbox
            and _price(plan) <= job.estimated  # what the caller has seen, or allowed with --max-price
            and told >= {note.name for note in plan.not_sent}
        )
        return plan if as_agreed else None

    async def _affordable(self, plan: Plan, job: Job) -> bool:
        check = partial(
            budgets.check,
            owner=job.owner,
            run=job.run,
            wanted=_price(plan),
            now=self._ledger.clock.time(),
            sandbox=job.sandbox,
        )
        try:
            await self._ledger.patiently(self._ledger.store.database.write, check)
        except BudgetExceeded:
            return False
        return True

    def _write(self, generation: Generation, plan: Plan, job: Job, connection: Connection) -> None:
        insist(job.id, connection)
        terms = Terms(
            owner=job.owner,
            run=job.run,
            priority=job.priority,
            cap=job.caps.get(f"owner:{job.owner}"),
            cache="on" if job.cache_key else "off",
        )
        first = len(jobs.of_generation(connection, generation.id))
        now = replace(generation, created_at=self._ledger.clock.time())
        account, maker = self._accounts[plan.provider], self._ledger.presence.id
        rows = [
            {**job_of(plan, now, number, account=account, maker=maker, terms=terms), "number": first + number}
            for number in range(len(plan.wire))
        ]
        jobs.add_to(connection, generation, rows, why=f"instead of at {job.provider}, which refused it")


def _read(generation_id: str, connection: Connection) -> tuple[Generation | None, Sequence[Job]]:
    return jobs.generation(connection, generation_id), jobs.of_generation(connection, generation_id)


def _price(plan: Plan) -> Decimal:
    return estimate_of(plan) * len(plan.wire)


def _alone(request: Request, job: Job) -> Request:
    """The request for the one picture that this job was to make."""
    rest = {name: value for name, value in request.params.items() if words.meaning(name) not in {"num_images", "seed"}}
    seed = {} if job.seed is None else {"seed": job.seed}
    return replace(request, params={**rest, **seed, "num_images": 1})
