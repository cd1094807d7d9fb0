"""The state of both providers: tasks, credits, caps, planned faults, over the books and a clock."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from fluxroom.sandbox.books import Books
from fluxroom.sandbox.durations import queue_seconds, usual_seconds
from fluxroom.sandbox.faults import Fault, FaultSet, parse_fault
from fluxroom.sandbox.tasks import NEVER, Task, task_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Check = Callable[[Task], str | None]

# BFL: 24 active tasks per account, 6 of them for flux-kontext-max (docs.bfl.ml, 2026). fal: 40 requests in progress
# for a grown self-serve account, the queue holds the others (fal docs, concurrency limits, 2026).
DEFAULT_CAPS: Final = {"bfl": 24, "bfl/flux-kontext-max": 6, "fal": 40}
DEFAULT_CREDITS: Final = 1_000_000.0
DEFAULT_LINK_SECONDS: Final = 600.0  # BFL's signed addresses live ten minutes (docs.bfl.ml, 2026)

_ACTIVE: Final = "SELECT count(*) FROM tasks WHERE provider = ? AND ready > ?"
_ACTIVE_AT: Final = "SELECT count(*) FROM tasks WHERE provider = ? AND ready > ? AND endpoint = ?"
_ENDS: Final = "SELECT ready FROM tasks WHERE provider = ? AND ready > ? ORDER BY ready"
_SPENT: Final = "SELECT coalesce(sum(cost), 0) FROM tasks WHERE provider = 'bfl' AND outcome = 'ready'"
_AHEAD: Final = "SELECT count(*) FROM tasks WHERE provider = 'fal' AND ready > ? AND started > ? AND started < ?"
_WAITING: Final = "SELECT count(*) FROM tasks WHERE provider = 'fal' AND ready > ? AND started > ?"
_PLANS: Final = """SELECT id, name, value FROM plans WHERE (remaining IS NULL OR remaining > 0)
  AND (provider IS NULL OR provider = ?) AND (endpoint IS NULL OR endpoint = ?) AND (key_id IS NULL OR key_id = ?)
  ORDER BY id"""
_USE_PLAN: Final = "UPDATE plans SET remaining = remaining - 1 WHERE id = ? AND (remaining IS NULL OR remaining > 0)"


def key_id_of(key: str) -> str:
    """A short name for a key that does not give it away."""
    return hashlib.sha256(key.encode()).hexdigest()[:10]


class World:
    """Both providers' state. Every sandbox over the same books file sees the same world."""

    def __init__(self, books: Path | None, *, speed: float = 1.0, clock: Callable[[], float] = time.time) -> None:
        self.books = Books(books)
        self.speed = speed
        self.now = clock
        self.under_way: set[asyncio.Task[Any]] = set()  # answers that are being given, which still read the books

    async def finish(self) -> None:
        """End the answers that are still being given; the server knows nothing of those whose caller has gone away."""
        tasks = list(self.under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- reading the books -------------------------------------------------------------------------------------

    def tasks(self) -> list[dict[str, Any]]:
        """Every task that a provider took: asked, status, billed or not, oldest first."""
        now, billing = self.now(), self.bills_moderated_output()
        return [task_report(task, now, moderated_output=billing) for task in self.books.tasks()]

    def requests(self) -> list[dict[str, Any]]:
        """Every request received, keys redacted, oldest first. The status 0 is a connection dropped on purpose."""
        return self.books.requests()

    def task(self, task_id: str) -> Task | None:
        """One task."""
        return self.books.task(task_id)

    def peaks(self) -> dict[str, int]:
        """The most tasks that were in flight at once, per provider and per provider/endpoint."""
        rows = self.books.rows("SELECT provider, endpoint, peak FROM peaks ORDER BY provider, endpoint")
        return {f"{provider}/{endpoint}" if endpoint else provider: peak for provider, endpoint, peak in rows}

    def reset(self) -> None:
        """Forget tasks, requests, uploads, faults and settings."""
        self.books.reset()

    # -- settings ----------------------------------------------------------------------------------------------

    def credits(self) -> float:
        """BFL credits left: what was granted less what billed or running tasks cost."""
        return round(self.granted() - float(self.books.rows(_SPENT)[0][0]), 4)

    def granted(self) -> float:
        """BFL credits that the account was given."""
        kept = self.books.setting("credits")
        return DEFAULT_CREDITS if kept is None else float(kept)

    def set_credits(self, credits_left: float) -> None:
        """Make the account hold this many credits from now on."""
        self.books.set("credits", credits_left + float(self.books.rows(_SPENT)[0][0]))

    def caps(self) -> dict[str, int]:
        """How many tasks may be active, per provider or provider/endpoint."""
        return {**DEFAULT_CAPS, **(self.books.setting("caps") or {})}

    def set_caps(self, caps: dict[str, int]) -> None:
        """Change caps: ``{"bfl": 3, "bfl/flux-2-pro": 1, "fal": 2}``."""
        self.books.set("caps", {**(self.books.setting("caps") or {}), **caps})

    def bills_moderated_output(self) -> bool:
        """Whether a picture that output moderation withheld is billed (not by default)."""
        return bool(self.books.setting("bill-moderated-output"))

    def set_bills_moderated_output(self, *, billed: bool) -> None:
        """Choose whether a picture that output moderation withheld is billed."""
        self.books.set("bill-moderated-output", billed)

    def set_duration(self, seconds: float | None, *, endpoint: str = "*") -> None:
        """Make every task, or those of one ``provider/endpoint``, take so many seconds; None: as usual."""
        self.books.set("durations", {**(self.books.setting("durations") or {}), endpoint: seconds})

    def link_seconds(self) -> float:
        """How long BFL's signed addresses live."""
        kept = self.books.setting("link-seconds")
        return DEFAULT_LINK_SECONDS if kept is None else float(kept)

    def set_link_seconds(self, seconds: float) -> None:
        """Change how long BFL's signed addresses live."""
        self.books.set("link-seconds", seconds)

    def secret(self, name: str) -> str:
        """A random value that all processes of this world share, 32 bytes in hex."""
        return str(self.books.set_default(f"secret-{name}", secrets.token_hex(32)))

    # -- faults ------------------------------------------------------------------------------------------------

    def plan_fault(
        self,
        name: str,
        *,
        provider: str | None = None,
        endpoint: str | None = None,
        key: str | None = None,
        times: int | None = 1,
        value: str | None = None,
    ) -> None:
        """Switch a fault on for the next ``times`` submits (None: all) of a provider, an endpoint or a key.

        The counts of poll and media faults that such a task then carries are the fault's usual ones; a count
        written into the name (``poll-503 x3``) is for those.
        """
        fault = parse_fault(name)
        kept = name.strip() if value is None else f"{fault.name}={value}"
        owner = None if key is None else key_id_of(key)
        self.books.run(
            "INSERT INTO plans (name, value, provider, endpoint, key_id, remaining) VALUES (?, ?, ?, ?, ?, ?)",
            (fault.name, kept, provider, endpoint, owner, times),
        )

    def planned(self, provider: str, endpoint: str, key_id: str) -> list[Fault]:
        """Take the faults that were planned for this submit."""
        taken: list[Fault] = []
        for number, _, written in self.books.rows(_PLANS, (provider, endpoint, key_id)):
            if self.books.run(_USE_PLAN, (number,)):
                fault = parse_fault(written)
                taken.append(Fault(fault.name, fault.value, None if fault.name.startswith("submit-") else fault.times))
        return taken

    def strikes(self, scope: str, fault: Fault | None) -> bool:
        """Whether a fault happens now; counts it in its scope (a task, or a prompt)."""
        if fault is None:
            return False
        return True if fault.times is None else self.books.count_use(scope, fault.name, fault.times)

    def strike(self, task: Task, name: str) -> Fault | None:
        """The fault of this name, if the task carries it and it happens now."""
        fault = task.faults.get(name)
        return fault if fault is not None and self.strikes(task.id, fault) else None

    # -- taking tasks ------------------------------------------------------------------------------------------

    def seconds_for(self, provider: str, endpoint: str, asked: float | None) -> float:
        """How long a task takes: as asked by the request, as set by the admin, or the model's usual time by speed."""
        if asked is not None:
            return asked
        kept = self.books.setting("durations") or {}
        chosen = kept.get(f"{provider}/{endpoint}", kept.get(provider, kept.get("*")))
        return usual_seconds(endpoint) / self.speed if chosen is None else float(chosen)

    def active(self, provider: str, endpoint: str | None = None) -> int:
        """Tasks taken and not done."""
        if endpoint is None:
            return int(self.books.rows(_ACTIVE, (provider, self.now()))[0][0])
        return int(self.books.rows(_ACTIVE_AT, (provider, self.now(), endpoint))[0][0])

    def over_cap(self, endpoint: str) -> bool:
        """Whether BFL would refuse another active task."""
        caps = self.caps()
        own = caps.get(f"bfl/{endpoint}")
        return self.active("bfl") >= caps["bfl"] or (own is not None and self.active("bfl", endpoint) >= own)

    def schedule(self, provider: str, seconds: float, faults: FaultSet) -> tuple[float, float]:
        """When a task that comes now starts and is ready. fal's queue waits for a free place, BFL never does."""
        now = self.now()
        started = now
        if provider == "fal":
            started = now + queue_seconds(seconds)
            ends = [float(row[0]) for row in self.books.rows(_ENDS, (provider, now))]
            cap = self.caps()["fal"]
            if len(ends) >= cap:
                started = max(started, ends[len(ends) - cap])
        if "webhook-early" in faults:
            return now, now
        if "never" in faults or started >= NEVER:
            return started, NEVER
        return started, max(now + seconds, started + seconds * 0.9)

    def take(
        self, task: Task, *, refuses: Check | None = None, adjust: Callable[[Task], None] | None = None
    ) -> str | None:
        """Write a new task into the books, unless ``refuses`` says why not, and note how many are in flight.

        Checking, scheduling and writing are one transaction over all processes, so that caps hold. ``adjust`` may
        change the task once its start is known.
        """
        self.books.begin()
        try:
            reason = None if refuses is None else refuses(task)
            if reason is not None:
                return reason
            task.started, task.ready = self.schedule(task.provider, task.seconds, task.faults)
            if adjust is not None:
                adjust(task)
            self.books.add_task(task)
            if task.ready > self.now():
                self.books.peak(task.provider, "", self.active(task.provider))
                self.books.peak(task.provider, task.endpoint, self.active(task.provider, task.endpoint))
        finally:
            self.books.commit()
        return None

    def queue_position(self, task: Task) -> int:
        """How many wait before this one in fal's queue."""
        now = self.now()
        return int(self.books.rows(_AHEAD, (now, now, task.started))[0][0])

    def waiting(self) -> int:
        """How many wait in fal's queue."""
        now = self.now()
        return int(self.books.rows(_WAITING, (now, now))[0][0])
