"""What happens while a command waits: one moving line for people, JSON lines for programs."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.shared import wants_json
from fluxroom.types import Done, Event, Queued, Running

if TYPE_CHECKING:
    from rich.text import Text

    from fluxroom.engine import Snapshot
    from fluxroom.store.jobs import Job

Tell = Callable[[Event], None]

_HEARTBEAT = 5.0
"""Seconds after which an event that says nothing new is written to a pipe all the same."""


@contextmanager
def teller(ctx: click.Context, started: Snapshot) -> Iterator[Tell]:
    """Something to hand events to, as this command line wants to hear them."""
    as_json = wants_json(ctx, piped=True)
    with contextlib.ExitStack() as stack:
        tells: list[Tell] = [_lines()] if as_json else []
        both_on_screen = as_json and sys.stdout.isatty()
        if sys.stderr.isatty() and not both_on_screen:
            tells.append(stack.enter_context(_moving(Line(jobs=tuple(started.jobs)))))
        if not tells:
            tells.append(_reasons())

        def tell(event: Event) -> None:
            for one in tells:
                one(event)

        yield tell


def _lines() -> Tell:
    """Each event as a JSON line; one that differs from the last only in time is left out for some seconds."""
    told: dict[str, tuple[dict[str, Any], float]] = {}

    def tell(event: Event) -> None:
        news = _news(event)
        before, at = told.get(event.job, ({}, 0.0))
        now = time.monotonic()
        if news != before or now - at > _HEARTBEAT:
            told[event.job] = (news, now)
            voice.line(**as_line(event))

    return tell


def _reasons() -> Tell:
    """Only what stands in the way, once each: for a log that somebody reads later."""
    told: set[str] = set()

    def tell(event: Event) -> None:
        why = "" if isinstance(event, Done) else event.why
        if why and why not in told:
            told.add(why)
            voice.note(why)

    return tell


def _news(event: Event) -> dict[str, Any]:
    return {name: value for name, value in as_line(event).items() if name != "elapsed"}


def as_line(event: Event) -> dict[str, Any]:
    """An event with its fields; pictures by id, because the result line has them in full."""
    if isinstance(event, Done):
        ids = [image.id for image in event.images]
        return {"event": "done", "job": event.job, "state": event.state, "images": ids, "error": event.error}
    fields = {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(event).items()}
    return {"event": "queued" if isinstance(event, Queued) else "running", **fields}


@dataclass
class Line:
    """The moving line: what all jobs of a request are doing, in one sentence."""

    jobs: tuple[Job, ...]
    latest: dict[str, Event] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def hear(self, event: Event) -> None:
        """Take in an event."""
        self.latest[event.job] = event
        self.heard[event.job] = time.monotonic()

    def text(self) -> str:
        """The line at this moment."""
        parts = [self.jobs[0].route, self._state()]
        if self.jobs[0].sandbox:
            parts.append("sandbox")
        return " · ".join(parts)

    def _state(self) -> str:
        events = list(self.latest.values())
        done = sum(isinstance(event, Done) for event in events)
        running = [event for event in events if isinstance(event, Running)]
        many = len(self.jobs) > 1
        shown = [f"{done} of {len(self.jobs)} done"] if many else []
        if running:
            shown.append(self._running(running[-1]))
        elif not many or done < len(self.jobs):
            shown.append(self._queued(events))
        return ", ".join(shown)

    def _running(self, event: Running) -> str:
        elapsed = event.elapsed + time.monotonic() - self.heard[event.job]
        word = "fetching" if event.phase == "fetching" else "running"
        share = "" if event.progress is None else f", {event.progress:.0%}"
        why = f", {event.why}" if event.why else ""
        usual = f", {event.usual}" if event.usual else f" of about {event.expected:.0f} s"
        return f"{word} {elapsed:.1f} s{usual}{share}{why}"

    def _queued(self, events: list[Event]) -> str:
        waiting = [event for event in reversed(events) if isinstance(event, Queued)]
        before = next((event.position for event in waiting if event.position is not None), None)
        place = f", {before} before it" if before else ""
        why = next((f", {event.why}" for event in waiting if event.why), "")
        return f"queued {time.monotonic() - self.began:.1f} s{place}{why}"

    def __rich__(self) -> Text:
        from rich.text import Text

        words = voice.visible(" ".join(self.text().split()))  # reasons are other people's words
        return Text(words, no_wrap=True, overflow="ellipsis")


@contextmanager
def _moving(line: Line) -> Iterator[Tell]:
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.table import Table

    row = Table.grid(padding=(0, 1))
    row.add_row(Spinner("dots"), line)
    with Live(row, console=Console(stderr=True), refresh_per_second=8, transient=True):
        yield line.hear


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A moving line that counts: hand it how many are done, and of how many."""
    from rich.console import Console

    console = Console(stderr=True)
    began = time.monotonic()
    with console.status(what) as status:
        yield lambda done, total: status.update(f"{what}: {done} of {total} done · {time.monotonic() - began:.0f} s")
