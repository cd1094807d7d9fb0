"""`fluxroom provider`: how the accounts stand, and a person's word to stop sending to one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fluxroom.cli import voice
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from fluxroom.engine.accounting import AccountState
    from fluxroom.working import Books

T = TypeVar("T")

COMMANDS = {
    "list": "List the providers: jobs in flight and waiting, caps, holds. (The default.)",
    "pause": "Send nothing more to a provider; what it has taken goes on.",
    "resume": "Send to a provider again.",
}


class _Provider(LazyGroup):
    """Its commands are small and stand in this file."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name."""
        return {"list": _list, "pause": _pause, "resume": _resume}.get(cmd_name)


@click.group(cls=_Provider, package=__name__, table=COMMANDS, default="list", name="provider")
def command() -> None:
    """See how the providers' accounts stand; stop and resume sending to one.

    \b
    fluxroom provider               both, with jobs in flight and waiting
    fluxroom provider pause bfl     send nothing more to BFL; what it has taken goes on
    fluxroom provider resume bfl
    """  # noqa: D301  \b is click's mark for lines that stay as they are


@click.command(name="list")
@shared
@click.pass_context
def _list(ctx: click.Context, /) -> None:
    """List the providers: set up or not, jobs in flight and waiting, caps as set and as learned, holds and pauses."""
    found = _with_books(ctx, lambda books: books.providers())
    if wants_json(ctx):
        voice.document([state.as_dict() for state in found])
    else:
        for state in found:
            voice.say(_line(state))


@click.command(name="pause")
@click.argument("name")
@shared
@click.pass_context
def _pause(ctx: click.Context, /, name: str) -> None:
    """Send nothing more to the provider NAME (bfl, fal). What it has already taken goes on, and is charged."""
    _switch(ctx, name, paused=True)


@click.command(name="resume")
@click.argument("name")
@shared
@click.pass_context
def _resume(ctx: click.Context, /, name: str) -> None:
    """Send to the provider NAME (bfl, fal) again; jobs that wait for it start by themselves."""
    _switch(ctx, name, paused=False)


def _switch(ctx: click.Context, name: str, *, paused: bool) -> None:
    state = _with_books(ctx, lambda books: books.pause(name, paused=paused))
    if wants_json(ctx):
        voice.document(state.as_dict())
        return
    voice.say(_line(state))
    if state.queued:
        # Without a gateway nobody carries the jobs that wait.
        what = "wait until you say: fluxroom provider resume" if paused else "can be sent now: fluxroom jobs resume"
        voice.note(f"{state.queued} of its jobs {what}{f' {name}' if paused else ''}")


def _with_books(ctx: click.Context, work: Callable[[Books], Coroutine[Any, Any, T]]) -> T:
    from fluxroom.cli.records import opened_books
    from fluxroom.cli.runtime import run

    async def opened() -> T:
        async with opened_books(ctx) as books:
            return await work(books)

    return run(opened)


def _line(state: AccountState) -> str:
    if not state.set_up:
        variable = {"bfl": "BFL_API_KEY", "fal": "FAL_KEY"}[state.provider]
        return f"{state.provider:<5} {voice.dim(f'not set up: {variable} is empty')}"
    cap = f"{state.cap_now} of {state.cap}" if state.cap_now < state.cap else str(state.cap)
    parts = [f"{state.in_flight:>3} in flight (at most {cap})", f"{state.queued:>4} waiting"]
    if state.paused:
        parts.append(click.style("paused by a person", fg="yellow", bold=True))
    if state.held_until:
        parts.append(click.style(f"on hold until {state.held_until:%H:%M:%S} UTC", fg="yellow"))
    if state.why and not state.paused:
        parts.append(voice.dim(state.why))
    if state.sandbox:
        parts.append(click.style("sandbox", fg="yellow"))
    return "  ".join([f"{state.provider:<5}", *parts])
