"""What a gateway answers, as the values that a local client works with.

Rows come with what the gateway tells; what only the engine there needs (claims, caps, tickets) stays empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from fluxroom.catalog.sync import Change, Difference
from fluxroom.engine import Snapshot
from fluxroom.engine.accounting import AccountState, Standing, Usage
from fluxroom.records import Record
from fluxroom.remote.line import other_version
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Job
from fluxroom.store.ledger import Budget, Sum
from fluxroom.store.library import Picture
from fluxroom.types import NotSent, Plan, Quote, Reference, Running, Size

P = ParamSpec("P")
T = TypeVar("T")

_JOB_DEFAULTS: Mapping[str, Any] = {
    "owner": "", "priority": 10, "account": "", "caps": {}, "maker": "", "holder": "", "not_before": 0.0,
    "first_try_at": 0.0, "seat_until": 0.0, "ticket": None, "cancel_asked": False, "cache_key": "",
}  # fmt: skip


def _of_this_version(reader: Callable[P, T]) -> Callable[P, T]:
    """The same reader; an answer that it cannot read is of another version."""

    @wraps(reader)
    def read(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return reader(*arguments, **named)
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise other_version(f"{reader.__name__}: {type(error).__name__} {error}"[:200]) from error

    return read


@_of_this_version
def snapshot(told: Mapping[str, Any]) -> Snapshot:
    """A generation."""
    jobs = [job(one) for one in told["jobs"]]
    made = [image(one) for one in told["images"]]
    return Snapshot(generation(told), jobs, [one for row in jobs for one in made if one.job == row.id])


@_of_this_version
def generation(told: Mapping[str, Any]) -> Generation:
    """The request of a generation."""
    return Generation(
        id=told["id"],
        owner=told.get("owner", ""),
        run=told.get("run") or "",
        created_at=seconds(told["created_at"]),
        route=told["route"],
        mode=told["mode"],
        prompt=told["prompt"],
        asked=told.get("asked") or {},
        params=told["params"],
        references=told["references"],
        not_sent=told["not_sent"],
        quote=told["quote"],
    )


@_of_this_version
def job(told: Mapping[str, Any]) -> Job:
    """A job."""
    provider, _, model = told["route"].partition("/")
    receipt = told["receipt"]
    return Job(
        **_JOB_DEFAULTS,
        id=told["id"],
        generation=told["generation"],
        number=told.get("number", 0),
        run=told.get("run") or "",
        state=told["state"],
        created_at=seconds(told["created_at"]),
        changed_at=seconds(told["changed_at"]),
        provider=provider,
        model=model,
        mode=told["mode"],
        endpoint=told["endpoint"],
        region=told["region"],
        sandbox=told["sandbox"],
        wire=told["wire"],
        seconds=told["seconds"],
        attempt=told["attempt"],
        request_id=told["request_id"],
        submitted_at=seconds(told["submitted_at"]),
        ready_at=seconds(told["ready_at"]),
        seed=told["seed"],
        error=error(told["error"]) or ({"withheld": told["withheld"]} if told.get("withheld") else None),
        estimated=Decimal(receipt["estimated"]),
        reserved=Decimal(receipt["reserved"]),
        charged=_money(receipt["charged"]),
        doubted=Decimal(receipt["doubtful"]),
        charge_state=receipt["state"],
        charge_source=receipt["source"],
        cached_from=told.get("cached_from") or "",
    )


def error(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A job's error as its row has it, from the problem that the gateway makes of it."""
    if not told:
        return None
    dress = {"type", "title", "status", "detail"}
    return {"message": told["detail"], **{name: value for name, value in told.items() if name not in dress}}


@_of_this_version
def cancelled(told: Mapping[str, Any]) -> list[tuple[Job, str]]:
    """What became of each job of a generation that was cancelled."""
    jobs = {one.id: one for one in snapshot(told["generation"]).jobs}
    return [(jobs[one["job"]], one["said"]) for one in told["jobs"]]


@_of_this_version
def offered(told: Mapping[str, Any]) -> bool | None:
    """Whether any provider offers a model; None when that is not known."""
    said: list[bool | None] = [one["offered"] for one in told["routes"]]
    return next((one for one in said if one is not None), None)


@_of_this_version
def running(told: Mapping[str, Any], job_id: str) -> Running:
    """How far a job is."""
    progress = told.get("progress")
    return Running(
        job=job_id,
        elapsed=float(told["elapsed"]),
        expected=float(told["expected"]),
        usual=str(told.get("usual") or ""),
        progress=None if progress is None else float(progress),
        phase=str(told["phase"]),
    )


@_of_this_version
def image(told: Mapping[str, Any]) -> StoredImage:
    """A picture's row."""
    return StoredImage(
        id=told["id"],
        job=told["job"],
        number=0,
        sha256=told["sha256"],
        mime=told["mime"],
        width=told["width"],
        height=told["height"],
        size_bytes=told["size_bytes"],
        seed=told["seed"],
        created_at=0.0,
        owner="",
    )


@_of_this_version
def picture(told: Mapping[str, Any]) -> Picture:
    """A picture with what made it."""
    same = (
        "id", "job", "sha256", "mime", "width", "height", "size_bytes", "seed", "generation", "provider", "model",
        "mode", "sandbox", "favourite", "hidden", "rating", "prompt",
    )  # fmt: skip
    return Picture(
        **{name: told[name] for name in same},
        number=0,
        owner="",
        created_at=seconds(told["created_at"]),
        trashed_at=seconds(told["trashed_at"]) or None,
        charged=_money(told["charged"]),
        charge_state="unknown" if told["charged"] is None else "charged",
        tags=tuple(told["tags"]),
        boards=tuple(told["boards"]),
    )


@_of_this_version
def record(told: Mapping[str, Any], base: str) -> Record:
    """A job with its story."""
    events = [{**event, "at": seconds(event["at"])} for event in told["events"]]
    return Record(
        job=job(told["job"]),
        generation=generation(told["generation"]),
        images=[image(one) for one in told["images"]],
        events=events,
        places=[base + one["url"] for one in told["images"]],
    )


@_of_this_version
def reference(told: Mapping[str, Any], name: str = "") -> Reference:
    """An uploaded picture."""
    facts = {field: told[field] for field in ("sha256", "mime", "width", "height", "size_bytes")}
    return Reference(**facts, name=name)


@_of_this_version
def plan(told: Mapping[str, Any], references: Sequence[Reference]) -> Plan:
    """What a request becomes."""
    provider, _, model = told["route"].partition("/")
    wire = tuple(told["wire"])
    quoted = quote(told["quote"])
    return Plan(
        model=model,
        provider="bfl" if provider == "bfl" else "fal",
        mode=told["mode"],
        endpoint=told["endpoint"],
        wire=wire,
        params=told["params"],
        not_sent=tuple(NotSent(**note) for note in told["not_sent"]),
        renamed=told["renamed"],
        references=tuple(references),
        size=Size(**told["size"]) if told["size"] else None,
        quote=quoted,
        images_per_job=max(1, quoted.images // max(1, len(wire))),
        seconds=told["seconds"],
        caps={},
        webhooks=False,
        sandbox=told["sandbox"],
        chosen=told.get("chosen", ""),
    )


@_of_this_version
def quote(told: Mapping[str, Any]) -> Quote:
    """What a request costs."""
    facts = {name: told[name] for name in ("formula", "source", "approximate", "jobs", "images")}
    return Quote(low=Decimal(told["low"]), high=_money(told["high"]), **facts)


@_of_this_version
def usage(told: Mapping[str, Any]) -> Usage:
    """Sums of jobs."""
    return Usage(
        by=told["by"],
        since=_day(told["since"]),
        until=_day(told["until"]),
        sandbox=told["sandbox"],
        lines=[_sum(line) for line in told["lines"]],
    )


def _sum(told: Mapping[str, Any]) -> Sum:
    amounts = {name: Decimal(told[name]) for name in ("estimated", "charged", "doubtful")}
    return Sum(key=told["key"], jobs=told["jobs"], succeeded=told["succeeded"], **amounts)


@_of_this_version
def standing(told: Mapping[str, Any]) -> Standing:
    """A budget with what is left of it."""
    return Standing(
        budget=Budget(scope=told["scope"], period=told["period"], most=Decimal(told["most"])),
        spent=Decimal(told["spent"]),
        sandbox=told["sandbox"],
        resets_at=_moment(told["resets_at"]),
    )


@_of_this_version
def account(told: Mapping[str, Any]) -> AccountState:
    """How a provider's account stands."""
    names = set(AccountState.__slots__) & told.keys()
    return AccountState(**{**{name: told[name] for name in names}, "held_until": _moment(told["held_until"])})


@_of_this_version
def difference(told: Mapping[str, Any]) -> Difference:
    """How what the providers publish differs from the catalog."""
    changes = [Change(**{**change, "details": tuple(change["details"])}) for change in told["changes"]]
    return Difference(
        read=told["read"],
        changes=changes,
        asked=tuple(told["asked"]),
        silent=told["silent"],
        sandbox=told["sandbox"],
    )


def seconds(moment: str | None) -> float:
    """A moment as seconds since 1970; 0 for none.

    >>> seconds("2026-11-20T12:00:00.250Z")
    1795176000.25
    """
    found = _moment(moment)
    return found.timestamp() if found else 0.0


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
