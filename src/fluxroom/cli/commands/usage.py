"""`fluxroom usage`: what was spent."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.shared import settings, shared, wants_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fluxroom.engine.accounting import Usage
    from fluxroom.store.ledger import By, Sum

_BYS = ("day", "model", "provider", "owner", "run")
_HEADS = ("jobs", "succeeded", "estimated", "charged", "doubtful")


class _Day(click.ParamType[date]):
    """A day as 2026-11-20."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day, or an error that says how to write one."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day; write it as 2026-11-20.", param, ctx)


@click.command(name="usage")
@click.option("--by", type=click.Choice(_BYS), default="day", show_default=True, help="What each line is about.")
@click.option("--since", type=_Day(), metavar="DATE", help="The first day, as 2026-11-01 (UTC).")
@click.option("--until", type=_Day(), metavar="DATE", help="The last day, included.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV for a spreadsheet, without the total.")
@shared
@click.pass_context
def command(ctx: click.Context, /, by: By, since: date | None, until: date | None, *, as_csv: bool) -> None:
    """Say what was spent, in US dollars.

    charged is what the providers charged; doubtful may have been charged: in doubt, or not finished. Days are in UTC,
    and a job counts on the day on which it was asked for. With --sandbox: the figures of practice, which cost nothing.
    """
    if since and until and since > until:
        raise click.BadParameter("it is before --since.", param_hint="--until")
    practice = settings(ctx).sandbox is True
    found, other = _read(ctx, by, since, until, practice=practice)
    if as_csv:
        click.echo(found.as_csv(), nl=False)
    elif wants_json(ctx):
        voice.document(found.as_dict())
    elif found.lines:
        _table(found)
    elif not other:
        voice.note("No such jobs." if since or until else "No jobs yet: fluxroom generate 'a red fox in fresh snow'")
    if other:
        here, there, way = ("sandbox", "real", "--no-sandbox") if practice else ("real", "sandbox", "--sandbox")
        voice.note(f"No {here} jobs, and {other} {there} ones: fluxroom usage {way}")


def _read(ctx: click.Context, by: By, since: date | None, until: date | None, *, practice: bool) -> tuple[Usage, int]:
    """The sums that are asked for, and how many jobs there are on the other side of the line between play and money."""
    from fluxroom.cli.records import is_new, opened_books
    from fluxroom.cli.runtime import run
    from fluxroom.engine.accounting import Usage

    if is_new(ctx):
        return Usage(by=by, since=since, until=until, sandbox=practice, lines=[]), 0

    async def work() -> tuple[Usage, int]:
        async with opened_books(ctx) as books:
            found = await books.usage(by, since=since, until=until, sandbox=practice)
            if found.lines:
                return found, 0
            return found, (await books.usage("provider", since=since, until=until, sandbox=not practice)).total.jobs

    return run(work)


def _table(found: Usage) -> None:
    if found.sandbox:
        voice.note(f"{click.style('sandbox', fg='yellow', bold=True)}: nothing of this was really charged")
    rows = [(found.by, *_HEADS), *(_row(line) for line in (*found.lines, found.total))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        text = _aligned(row, widths)
        voice.say(voice.dim(text) if number == 0 else click.style(text, bold=number == len(rows) - 1))
    if found.total.doubtful:
        voice.note("doubtful: not finished, or in doubt; see `fluxroom jobs --state unknown`")


def _row(line: Sum) -> tuple[str, ...]:
    amounts = (voice.money(amount) for amount in (line.estimated, line.charged, line.doubtful))
    return (line.key or "(none)", str(line.jobs), str(line.succeeded), *amounts)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, figures to the right."""
    first, *others = zip(row, widths, strict=True)
    return "  ".join([f"{first[0]:<{first[1]}}", *(f"{text:>{width}}" for text, width in others)])
