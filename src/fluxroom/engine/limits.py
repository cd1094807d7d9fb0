"""How many jobs an account takes: the cap that is set, narrowed by what 429 and `Retry-After` teach.

Additive increase, multiplicative decrease, as networks do it: a refusal cuts the cap to seven tenths of what was in
flight and holds back for as long as the provider asks; every job that is taken afterwards widens it a little. The
figures lie in the database, so that all processes learn from one refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from fluxroom.engine.pacing import Clock
from fluxroom.store import Store, admission, limits
from fluxroom.store.limits import Limit

_CUT = 0.7
_LEAST = 1.0
_LOOK = 1.0
"""Seconds between two looks at whether a paused account is resumed."""


def after_refusal(limit: Limit, *, in_flight: int, hold_until: float, now: float, why: str) -> Limit:
    """The limit after the provider has refused a job for lack of room.

    >>> after_refusal(Limit(account="bfl:1", cap=24.0), in_flight=10, hold_until=5.0, now=1.0, why="429").cap
    7.0
    """
    # Several refusals at once are one lesson: what is on hold already is not cut again.
    cut = limit.cap if limit.hold_until > now else max(_LEAST, min(limit.cap, float(in_flight)) * _CUT)
    return replace(limit, cap=cut, hold_until=max(limit.hold_until, hold_until), why=why, changed_at=now)


def after_acceptance(limit: Limit, *, most: int, now: float) -> Limit:
    """The limit after the provider has taken a job: one more in flight for every round of the cap.

    >>> after_acceptance(Limit(account="bfl:1", cap=4.0), most=24, now=1.0).cap
    4.25
    """
    wider = min(float(most), limit.cap + 1.0 / max(limit.cap, _LEAST))
    return replace(limit, cap=wider, why="" if wider >= most else limit.why, changed_at=now)


class Throttle:
    """The caps of this process's accounts, as the settings and the providers' refusals make them.

    Args:
        store: where what was learned lies, for all processes.
        caps: the most jobs in flight per account, from the settings.
        clock: for the holds.
    """

    def __init__(self, store: Store, caps: Mapping[str, int], clock: Clock) -> None:
        self.caps = caps
        self._store = store
        self._clock = clock
        self._known: dict[str, Limit] = {}  # as the last look found them

    def look(self, connection: Connection, now: float) -> tuple[dict[str, int], float | None]:
        """How many jobs each account takes in flight now, 0 while it is paused or on hold; and when to look again.

        That is at the end of the next hold, and soon while an account of ours is paused: whoever resumes it may be
        another process, whose word rings no bell in this one.
        """
        ours = {account: limit for account, limit in limits.known(connection).items() if account in self.caps}
        self._known = ours
        times = [limit.hold_until for limit in ours.values() if limit.hold_until > now]
        again = min([*times, now + _LOOK] if any(limit.paused for limit in ours.values()) else times, default=None)
        return {account: _now(ours.get(account), most, now) for account, most in self.caps.items()}, again

    def why(self, account: str, now: float) -> str:
        """Why nothing is sent at the moment, for people; empty when jobs wait only for their turn."""
        limit = self._known.get(account)
        if limit is None:
            return ""
        if limit.paused:
            return f"paused by a person; `fluxroom provider resume {account.partition(':')[0]}` goes on"
        if limit.hold_until > now:
            return f"{limit.why} until {datetime.fromtimestamp(limit.hold_until, UTC):%H:%M:%S} UTC"
        return ""

    async def refused(self, account: str, pause: float) -> None:
        """The provider had no room for a job: send fewer, and nothing for `pause` seconds."""
        now = self._clock.time()

        def work(connection: Connection) -> None:
            known = limits.get(connection, account) or Limit(account=account, cap=float(self.caps[account]))
            taken = admission.in_flight(connection, now).get(account, 0)
            why = "the provider asked to wait"
            limits.put(connection, after_refusal(known, in_flight=taken, hold_until=now + pause, now=now, why=why))

        await self._store.database.write(work)

    async def taken(self, account: str) -> None:
        """The provider took a job: a narrowed cap may grow again."""
        known = self._known.get(account)
        if known is None or known.cap >= self.caps[account]:
            return

        def work(connection: Connection) -> None:
            known = limits.get(connection, account)
            if known and known.cap < self.caps[account]:
                limits.put(connection, after_acceptance(known, most=self.caps[account], now=self._clock.time()))

        await self._store.database.write(work)

    async def pause(self, account: str, *, paused: bool) -> None:
        """A person stops or resumes sending to an account; jobs in flight go on."""

        def work(connection: Connection) -> None:
            known = limits.get(connection, account) or Limit(account=account, cap=float(self.caps[account]))
            limits.put(connection, replace(known, paused=paused, changed_at=self._clock.time()))

        await self._store.database.write(work)


def _now(limit: Limit | None, most: int, now: float) -> int:
    if limit is None:
        return most
    return 0 if limit.paused or limit.hold_until > now else min(most, int(limit.cap))
