"""How many jobs an account takes: the cap that is set, narrowed by what 429 and `Retry-After` teach.

Additive increase, multiplicative decrease, as networks do it: a refusal cuts the cap to seven tenths of what was in
flight and holds back for as long as the provider asks; every job that is taken afterwards widens it a little. The
figures lie in the database, so that all processes learn from one refusal.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from fluxroom.store import limits
from fluxroom.store.limits import Limit

_CUT = 0.7
_LEAST = 1.0


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


def refuse(connection: Connection, account: str, *, most: int, in_flight: int, hold_until: float, now: float) -> Limit:
    """Write a refusal down; returns the new limit."""
    known = limits.get(connection, account) or Limit(account=account, cap=float(most))
    limit = after_refusal(known, in_flight=in_flight, hold_until=hold_until, now=now, why="the provider asked to wait")
    limits.put(connection, limit)
    return limit


def accept(connection: Connection, account: str, *, most: int, now: float) -> None:
    """Write an acceptance down, while the account's limit is below its cap."""
    known = limits.get(connection, account)
    if known is not None and known.cap < most:
        limits.put(connection, after_acceptance(known, most=most, now=now))


def pause(connection: Connection, account: str, *, most: int, paused: bool, now: float) -> None:
    """Write a person's pause or resumption down."""
    known = limits.get(connection, account) or Limit(account=account, cap=float(most))
    limits.put(connection, replace(known, paused=paused, changed_at=now))
