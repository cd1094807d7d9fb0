"""`fluxroom budget`: how much may be spent, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fluxroom.cli import voice
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import settings, shared, wants_json

if TYPE_CHECKING:
    from fluxroom.engine.accounting import Standing
    from fluxroom.working import Books

T = TypeVar("T")

COMMANDS = {
    "list": "List the budgets with what is left of them. (The default.)",
    "set": "Set a budget, or change it.",
    "drop": "Remove a budget.",
}


class _Budget(LazyGroup):
    """Its commands are small and stand in this file."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name."""
        return {"list": _list, "set": _set, "drop": _drop}.get(cmd_name)


@click.group(cls=_Budget, package=__name__, table=COMMANDS, default="list", name="budget")
def command() -> None:
    """Say how much may be spent: by all, an owner or a run, per day, month or in total.

    A request that a budget does not allow is refused before anything is sent.

    \b
    fluxroom budget                             the budgets, and what is left
    fluxroom budget set all month 50            50 dollars a month for everybody together
    fluxroom budget set owner:local day 5       5 dollars a day for whoever uses this command line
    fluxroom budget set run:summer total 20     20 dollars for the run "summer"
    fluxroom budget drop all month
    """  # noqa: D301  \b is click's mark for lines that stay as they are


@click.command(name="list")
@shared
@click.pass_context
def _list(ctx: click.Context, /) -> None:
    """List the budgets with what is spent, left, and when they reset. With --sandbox: the figures of practice."""
    from fluxroom.cli.records import is_new

    practice = settings(ctx).sandbox is True
    found = [] if is_new(ctx) else _with_books(ctx, lambda books: books.budgets(sandbox=practice))
    if wants_json(ctx):
        voice.document([standing.as_dict() for standing in found])
    elif found:
        for standing in found:
            voice.say(_line(standing))
    else:
        voice.note("No budget is set: whatever is asked for is sent. Set one: fluxroom budget set all month 50")


@click.command(name="set")
@click.argument("scope")
@click.argument("period")
@click.argument("amount")
@shared
@click.pass_context
def _set(ctx: click.Context, /, scope: str, period: str, amount: str) -> None:
    """Let SCOPE (all, owner:NAME, run:ID) spend at most AMOUNT US dollars per PERIOD (day, month, total).

    Days and months are UTC's. What was spent in the running period already counts. 0 forbids everything.
    """
    from fluxroom.engine.accounting import checked_budget

    budget = checked_budget(scope, period, amount)
    practice = settings(ctx).sandbox is True
    standing = _with_books(ctx, lambda books: books.set_budget(budget, sandbox=practice))
    if wants_json(ctx):
        voice.document(standing.as_dict())
    else:
        voice.say(_line(standing))


@click.command(name="drop")
@click.argument("scope")
@click.argument("period")
@shared
@click.pass_context
def _drop(ctx: click.Context, /, scope: str, period: str) -> None:
    """Remove the budget of SCOPE (all, owner:NAME, run:ID) for PERIOD (day, month, total)."""
    _with_books(ctx, lambda books: books.drop_budget(scope, period))
    if wants_json(ctx):
        voice.document({"scope": scope, "period": period, "dropped": True})
    else:
        voice.say(f"{scope} has no {period} budget any more.")


def _with_books(ctx: click.Context, work: Callable[[Books], Coroutine[Any, Any, T]]) -> T:
    from fluxroom.cli.records import opened_books
    from fluxroom.cli.runtime import run

    async def opened() -> T:
        async with opened_books(ctx) as books:
            return await work(books)

    return run(opened)


def _line(standing: Standing) -> str:
    budget = standing.budget
    colour = "red" if standing.left == 0 else None
    left = click.style(f"{voice.money(standing.left)} left", fg=colour, bold=True)
    resets = f"resets {standing.resets_at:%Y-%m-%d %H:%M} UTC" if standing.resets_at else "never resets"
    practice = f"  {click.style('sandbox', fg='yellow')}" if standing.sandbox else ""
    spent = f"{voice.money(standing.spent)} of {voice.money(budget.most)} spent"
    return f"{budget.scope:<20} {budget.period:<6} {spent:<28} {left}  {voice.dim(resets)}{practice}"
