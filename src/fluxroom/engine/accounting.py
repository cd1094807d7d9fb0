"""Money and accounts for people: what was spent, what may be spent, and how each provider's account stands."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection

from fluxroom.engine.accounts import Account, need
from fluxroom.engine.budgets import span
from fluxroom.engine.limits import Throttle
from fluxroom.engine.pacing import Clock, SystemClock
from fluxroom.errors import NotFound, RequestError
from fluxroom.store import Store, admission, ledger, limits
from fluxroom.store.ledger import PERIODS, Budget, By, Period, Sum
from fluxroom.store.limits import Limit
from fluxroom.types import PROVIDERS, Provider

MOST = Decimal(1_000_000_000)
"""US dollars: the largest budget. More is a slip of the hand."""

_SCOPE = re.compile(r"all|(owner|run):\S(.{0,198}\S)?")
_CENT = Decimal("0.000001")  # the ledger keeps millionths
_SUMS = ("jobs", "succeeded", "estimated", "charged", "doubtful")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the jobs of a span of time came to; real money or the sandbox's, never both."""

    by: By
    since: date | None  # the first day, in UTC; None: from the beginning
    until: date | None  # the last day; None: until now
    sandbox: bool
    lines: Sequence[Sum]

    @property
    def total(self) -> Sum:
        """All lines together."""
        return Sum(
            key="total",
            jobs=sum(line.jobs for line in self.lines),
            succeeded=sum(line.succeeded for line in self.lines),
            estimated=sum((line.estimated for line in self.lines), Decimal(0)),
            charged=sum((line.charged for line in self.lines), Decimal(0)),
            doubtful=sum((line.doubtful for line in self.lines), Decimal(0)),
        )

    def as_dict(self) -> dict[str, Any]:
        """The sums as JSON; money in US dollars as decimal strings."""
        return {
            "by": self.by,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "sandbox": self.sandbox,
            "lines": [{"key": line.key, **_sums(line)} for line in self.lines],
            "total": _sums(self.total),
        }

    def as_csv(self) -> str:
        """The lines as CSV with a head, without the total: a spreadsheet adds up by itself."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([self.by, *_SUMS])
        for line in self.lines:
            # A run that is named like a formula must not be calculated by whoever opens the file.
            key = f"'{line.key}" if line.key.startswith(_FORMULA) else line.key
            writer.writerow([key, *_sums(line).values()])
        return file.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A budget, and how much of it is left."""

    budget: Budget
    spent: Decimal  # charged, reserved or in doubt
    sandbox: bool  # whether the figures are the sandbox's
    resets_at: datetime | None  # None: never

    @property
    def left(self) -> Decimal:
        """What may still be spent; never below 0, though more may have been charged than was estimated."""
        return max(Decimal(0), self.budget.most - self.spent)

    def as_dict(self) -> dict[str, Any]:
        """The budget as JSON."""
        return {
            "scope": self.budget.scope,
            "period": self.budget.period,
            "most": plain(self.budget.most),
            "spent": plain(self.spent),
            "left": plain(self.left),
            "resets_at": in_utc(self.resets_at),
            "sandbox": self.sandbox,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """How the account of a provider stands at the moment."""

    provider: Provider
    account: str = ""  # our name for it; empty when none is set up
    sandbox: bool = False
    cap: int = 0  # jobs in flight, as set
    cap_now: int = 0  # the same, as the provider's refusals have narrowed it
    in_flight: int = 0
    queued: int = 0
    paused: bool = False  # by a person
    held_until: datetime | None = None  # nothing is sent before
    why: str = ""  # it sends less than is set, or nothing

    @property
    def set_up(self) -> bool:
        """Whether a key is set, or the sandbox stands in for it."""
        return bool(self.account)

    def as_dict(self) -> dict[str, Any]:
        """The state as JSON."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {**named, "set_up": self.set_up, "held_until": in_utc(self.held_until)}


class Accounting:
    """What a person asks about money and accounts, and says about them. Needs no running engine.

    Args:
        store: an open data folder.
        accounts: the accounts of this process.
        clock: for the budgets' periods and the providers' holds.
    """

    def __init__(self, store: Store, accounts: Mapping[Provider, Account], clock: Clock | None = None) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock or SystemClock()
        caps = {account.id: account.cap for account in accounts.values()}
        self._throttle = Throttle(store, caps, self._clock)

    # what was spent --------------------------------------------------------------------------------------------------

    async def usage(
        self, by: By, *, since: date | None = None, until: date | None = None, sandbox: bool = False, owner: str = ""
    ) -> Usage:
        """Sums of the jobs that were asked for from the day `since` to the day `until`, both included."""
        first = _midnight(since) if since else -math.inf
        end = _midnight(until) + 86400.0 if until else math.inf

        def work(connection: Connection) -> Sequence[Sum]:
            return ledger.usage(connection, by, since=first, until=end, sandbox=sandbox, owner=owner)

        lines = await self._store.database.read(work)
        return Usage(by=by, since=since, until=until, sandbox=sandbox, lines=lines)

    # what may be spent -----------------------------------------------------------------------------------------------

    async def budgets(self, *, sandbox: bool = False) -> list[Standing]:
        """Every budget with what is left of it."""
        now = self._clock.time()

        def work(connection: Connection) -> list[Standing]:
            return [_standing(connection, one, now, sandbox=sandbox) for one in ledger.all_budgets(connection)]

        return await self._store.database.read(work)

    async def set_budget(self, budget: Budget, *, sandbox: bool = False) -> Standing:
        """Set a budget or change it; holds for every process from the next request on."""
        now = self._clock.time()

        def work(connection: Connection) -> Standing:
            ledger.set_budget(connection, budget)
            return _standing(connection, budget, now, sandbox=sandbox)

        return await self._store.database.write(work)

    async def drop_budget(self, scope: str, period: str) -> None:
        """Remove a budget.

        Raises:
            NotFound: there is none.
        """
        found = False
        if period in PERIODS and _names_something(scope):
            found = await self._store.database.write(
                lambda connection: ledger.drop_budget(connection, scope, checked_period(period))
            )
        if not found:
            raise NotFound(
                f"There is no {period[:40]} budget of {scope[:200]!r}.", advice="List them with `fluxroom budget`."
            )

    # the accounts ----------------------------------------------------------------------------------------------------

    async def providers(self) -> list[AccountState]:
        """How the account of each provider stands."""
        now = self._clock.time()

        def work(connection: Connection) -> list[AccountState]:
            learned, seats, queued = (
                limits.known(connection),
                admission.in_flight(connection, now),
                limits.queued(connection),
            )
            return [
                _state(account, learned.get(account.id), now, seats.get(account.id, 0), queued.get(account.id, 0))
                if (account := self._accounts.get(provider))
                else AccountState(provider=provider)
                for provider in PROVIDERS
            ]

        return await self._store.database.read(work)

    async def pause(self, name: str, *, paused: bool) -> AccountState:
        """Stop or resume sending to a provider; what it has already taken goes on.

        Raises:
            NotFound: there is no such provider.
            MissingKey: no account of it is set up.
        """
        provider = known_provider(name)
        await self._throttle.pause(need(self._accounts, provider).id, paused=paused)
        return next(state for state in await self.providers() if state.provider == provider)


def checked_budget(scope: str, period: str, amount: str) -> Budget:
    """A budget from what a person wrote.

    Raises:
        RequestError: it is none; the message says what is wrong with it.

    >>> checked_budget("owner:anna", "month", "$12.50").most
    Decimal('12.50')
    """
    if not _names_something(scope):
        raise RequestError(
            f"{scope[:40]!r} is nothing that a budget can be for.",
            advice="Say all (the whole installation), owner:NAME or run:ID.",
            field="scope",
        )
    return Budget(scope=scope, period=checked_period(period), most=_checked_amount(amount))


def _names_something(scope: str) -> bool:
    return bool(_SCOPE.fullmatch(scope)) and scope.isprintable()


def checked_period(period: str) -> Period:
    """The period of a budget.

    Raises:
        RequestError: there is no such period.
    """
    found = next((one for one in PERIODS if one == period), None)
    if found is None:
        raise RequestError(f"There is no period {period[:40]!r}.", advice="Say day, month or total.", field="period")
    return found


def _checked_amount(text: str) -> Decimal:
    try:
        amount = Decimal(text.strip().removeprefix("$"))
        fits = amount.is_finite() and 0 <= amount <= MOST and amount == amount.quantize(_CENT)
    except InvalidOperation:
        fits = False
    if not fits:
        raise RequestError(
            f"{text[:40]!r} is no amount of US dollars.",
            advice="Write it as 20 or 12.50; 0 forbids everything.",
            field="most",
        )
    return amount


def plain(amount: Decimal) -> str:
    """Dollars as a decimal string, as JSON and CSV have them.

    >>> plain(Decimal("0.0450")), plain(Decimal(100))
    ('0.045', '100')
    """
    return f"{amount.normalize():f}"


def in_utc(moment: datetime | None) -> str | None:
    """A moment as JSON has it."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _sums(line: Sum) -> dict[str, Any]:
    values = {name: getattr(line, name) for name in _SUMS}
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def _standing(connection: Connection, budget: Budget, now: float, *, sandbox: bool) -> Standing:
    since, until = span(budget.period, now)
    return Standing(
        budget=budget,
        spent=ledger.spent(connection, budget.scope, since=since, sandbox=sandbox),
        sandbox=sandbox,
        resets_at=_moment(until),
    )


def _state(account: Account, limit: Limit | None, now: float, in_flight: int, queued: int) -> AccountState:
    known = limit or Limit(account=account.id, cap=float(account.cap))
    held, narrow = known.hold_until > now, known.cap < account.cap
    return AccountState(
        provider=account.provider,
        account=account.id,
        sandbox=account.sandbox,
        cap=account.cap,
        cap_now=min(account.cap, int(known.cap)),
        in_flight=in_flight,
        queued=queued,
        paused=known.paused,
        held_until=_moment(known.hold_until) if held else None,
        why="paused by a person" if known.paused else known.why if held or narrow else "",
    )


def _moment(seconds: float | None) -> datetime | None:
    # Not `fromtimestamp`, which knows only the years that the machine's own calendar does.
    return None if seconds is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _midnight(day: date) -> float:
    return datetime.combine(day, time.min, UTC).timestamp()


def known_provider(name: str) -> Provider:
    """The provider of this name.

    Raises:
        NotFound: there is none.
    """
    provider = next((one for one in PROVIDERS if one == name), None)
    if provider is None:
        known = ", ".join(PROVIDERS)
        raise NotFound(f"There is no provider {name[:40]!r}.", advice=f"The providers are {known}.")
    return provider
