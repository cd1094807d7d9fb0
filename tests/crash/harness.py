"""Kills workers at random moments while jobs run, starts them again, and holds the books against each other."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image as Pillow
from tests.crash import ledger
from tests.crash.audit import Audit, audit
from tests.crash.crew import Worker, crew
from tests.crash.feed import SUBMIT_SECONDS
from tests.crash.worker import Orders

from fluxroom.sandbox import Sandbox
from fluxroom.sandbox.painter import paint

CAPS: Final = {"bfl": 24, "bfl/flux-kontext-max": 6, "fal": 8}
"""Most tasks in flight, as the settings and the catalog have them. The sandbox itself allows more and only watches."""

GATE: Final = 8
"""Submits under way at once per provider and process; what one crash can leave in doubt."""

BACKLOG: Final = 6
"""Queued jobs of each route that the workers keep in store."""

DRAIN: Final = 60.0
"""Seconds after which a job that has not come to rest is stuck."""

_SIDE: Final = 64  # of the pictures that are really painted


@dataclass(slots=True)
class Kills:
    """What the kills hit."""

    number: int = 0
    by_state: Counter[str] = field(default_factory=Counter)  # the most delicate state that the victim held jobs in
    jobs: Counter[str] = field(default_factory=Counter)  # jobs that the victims held, by state
    most_in_doubt: int = 0  # by one kill

    def note(self, held: Counter[str]) -> None:
        """One worker has been killed that held these jobs."""
        self.number += 1
        self.by_state[next((state for state in ("submitting", "fetching", "running") if held[state]), "nothing")] += 1
        self.jobs.update(held)
        self.most_in_doubt = max(self.most_in_doubt, held["submitting"])

    @property
    def delicate(self) -> float:
        """The share of kills between the intent and the stored ticket."""
        return self.by_state["submitting"] / max(1, self.number)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    seed: int
    workers: int
    seconds: float
    kills: Kills
    audit: Audit
    peaks: dict[str, int]
    caps: dict[str, int]
    faults_of_ours: list[str]  # lines of the workers' log that should not be there

    @property
    def wrong(self) -> list[str]:
        """Every contradiction."""
        found = [*self.audit.wrong, *self.faults_of_ours]
        most = GATE * 2
        if self.kills.most_in_doubt > most:
            found.append(f"one kill left {self.kills.most_in_doubt} jobs in doubt, where {most} are allowed")
        return found


@asynccontextmanager
async def watched_sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox that paints small pictures and lets everything in, so that its peaks show what our caps do."""
    # A killed worker breaks off its calls; what the sandbox's server says about that is of no interest.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fluxroom.sandbox.gallery.paint", lambda what: paint(replace(what, width=_SIDE, height=_SIDE)))
        async with Sandbox() as box:
            box.world.set_caps(dict.fromkeys(CAPS, 10_000))
            yield box


def settings_of(box: Sandbox, folder: Path, **more: Any) -> dict[str, Any]:
    """A worker's settings."""
    return {
        "bfl_url": box.bfl_url,
        "fal_queue_url": box.fal_queue_url,
        "fal_run_url": box.fal_run_url,
        "fal_rest_url": box.fal_rest_url,
        "fal_api_url": box.fal_api_url,
        "bfl_api_key": "crash-bfl",
        "fal_key": "crash:fal",
        "data": folder,
        "poll_first": 0.1,
        "poll_max": 0.2,
        "fal_cap": CAPS["fal"],
        "submit_gate": GATE,
        "unknown_grace": 3.0,  # longer than any of the sandbox's jobs, as in reality
        **more,
    }


@dataclass(slots=True)
class Run:
    """One run of the harness.

    Args:
        folder: the data folder, empty.
        seed: decides the jobs, the victims and the moments.
        workers: how many processes share the folder.
        changes: what is different in the workers, by name.
        aimed: the share of kills that wait until the victim sends something.
        tell: is called after every kill.
    """

    folder: Path
    seed: int
    workers: int = 2
    changes: tuple[str, ...] = ("short-pauses",)
    aimed: float = 0.6
    tell: Callable[[Kills], None] = lambda _: None

    async def kill(self, times: int) -> Report:
        """Kill so many workers, let the last ones finish the work, and audit."""
        began, dice, kills = time.monotonic(), random.Random(self.seed), Kills()
        self.folder.mkdir(parents=True, exist_ok=True)
        async with watched_sandbox() as box:
            with crew() as workers:
                await asyncio.gather(*(self._start(box, workers, dice) for _ in range(self.workers)))
                while kills.number < times:
                    victims = await self._victims(workers, dice)
                    for victim in victims:
                        kills.note(ledger.held(self.folder, victim.pid, await victim.kill()))
                        workers.remove(victim)
                        self.tell(kills)
                    await asyncio.gather(*(self._start(box, workers, dice) for _ in victims))
                for worker in list(workers):
                    await worker.kill()
                    workers.remove(worker)
                await self._drain(box, workers)
            found = audit(ledger.read_jobs(self.folder), box.world.tasks(), box.world.peaks(), CAPS)
            peaks = {name: box.world.peaks().get(name, 0) for name in CAPS}
        seconds = time.monotonic() - began
        return Report(self.seed, self.workers, seconds, kills, found, peaks, dict(CAPS), faults_of_ours(self.folder))

    async def _victims(self, workers: list[Worker], dice: random.Random) -> list[Worker]:
        """Wait for a random moment, and say who is to die.

        Some are hit while they send something, so that the most delicate state is met often on a slow machine too.
        Now and then all die at once, so that nobody is there to take over.
        """
        await asyncio.sleep(dice.uniform(0.02, 0.6))
        victim, aimed, jitter = dice.choice(workers), dice.random() < self.aimed, dice.uniform(0.0, SUBMIT_SECONDS)
        end = time.monotonic() + 10.0
        while aimed and time.monotonic() < end and not ledger.sending(self.folder, victim.pid):
            await asyncio.sleep(0.01)
        if aimed:
            await asyncio.sleep(jitter)
        return list(workers) if dice.random() < 0.15 else [victim]

    async def _start(self, box: Sandbox, workers: list[Worker], dice: random.Random) -> None:
        orders = Orders(
            settings=settings_of(box, self.folder),
            folder=self.folder,
            seed=dice.getrandbits(64),
            backlog=BACKLOG,
            picture=str(self._picture()),
            changes=self.changes,
        )
        worker = Worker(orders)
        workers.append(worker)
        await worker.start()

    def _picture(self) -> Path:
        """A picture that is large enough to be uploaded to fal instead of travelling in the request."""
        path = self.folder / "noise.png"
        if not path.exists():
            Pillow.effect_noise((600, 600), 90).convert("RGB").save(path, "PNG")
        return path

    async def _drain(self, box: Sandbox, workers: list[Worker]) -> None:
        """Let one more worker, which asks for nothing, bring everything to rest."""
        last = Worker(Orders(settings=settings_of(box, self.folder), folder=self.folder, changes=self.changes))
        workers.append(last)
        await last.start()
        end = time.monotonic() + DRAIN
        while time.monotonic() < end and (unsettled(self.folder) or working(box)):
            await asyncio.sleep(0.1)
        last.ask_to_leave()
        await last.gone()


def unsettled(folder: Path) -> int:
    """How many jobs have not come to rest."""
    states = ledger.counts(folder)
    return sum(states[state] for state in ledger.UNSETTLED)


def working(box: Sandbox) -> bool:
    """Whether the sandbox works on anything."""
    return box.world.active("bfl") + box.world.active("fal") > 0


def faults_of_ours(folder: Path) -> list[str]:
    """Lines of the workers' log that tell of a mistake in the code, or of a ticket that came too late."""
    words = ("a fault of ours", "Traceback", "came too late", "never retrieved", "Error in ")
    lines = (folder / "worker.log").read_text("utf-8", "replace").splitlines()
    return [f"in the log: {line[:300]}" for line in lines if any(word in line for word in words)]
