"""`fluxroom doctor`: what is set up, what works and what to do next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from fluxroom.cli import voice
from fluxroom.cli.records import at_home
from fluxroom.cli.runtime import run
from fluxroom.cli.shared import settings, shared, wants_json

if TYPE_CHECKING:
    from pathlib import Path

    from fluxroom.cli.checkup.findings import Finding
    from fluxroom.cli.checkup.live import Comparison
    from fluxroom.settings import BadSettings, Settings
    from fluxroom.types import Plan

_SIGNS = {"good": ("ok", "green"), "note": ("note", "yellow"), "bad": ("bad", "red")}


@click.command(name="doctor")
@click.option("--live", is_flag=True, help="Make one cheapest real picture per provider; compare with the sandbox.")
@click.option("-y", "--yes", is_flag=True, help="With --live: do not ask whether the price is fine.")
@shared
@click.pass_context
def command(ctx: click.Context, /, *, live: bool, yes: bool) -> None:
    """See what is set up, what works and what to do next. Costs nothing, sends no request for a picture.

    With --live it does: it says the price and asks, then keeps the providers' answers, without keys and addresses, in
    the data folder under live/, and says where they do not look as the sandbox's.
    """
    if live:
        at_home(ctx, "doctor --live")
        _live(ctx, yes=yes)
        return
    from fluxroom.cli.checkup.findings import what_next
    from fluxroom.settings import BadSettings

    try:
        chosen = settings(ctx)
    except BadSettings as error:
        found = _unreadable(error)
        todo = found[-1].next
    else:
        found = run(lambda: _findings(chosen))
        todo = what_next(chosen, found)
    if wants_json(ctx):
        voice.document({"findings": [finding.as_dict() for finding in found], "next": todo})
    else:
        _show(found, todo)
    bad = next((finding for finding in found if finding.level == "bad"), None)
    if bad:
        raise click.exceptions.Exit(bad.exit_code)


def _unreadable(error: BadSettings) -> list[Finding]:
    """What can be said when an environment variable has a value that cannot be used."""
    from fluxroom.cli.checkup.findings import Finding, raw_environment, versions

    name = str(error.context.get("field", "settings"))
    advice = f"Mend {name} in the environment or in .env."
    reason = error.detail.removeprefix(f"{name}: ")
    return [versions(), *raw_environment(name), Finding("bad", name, reason, advice, error.exit_code)]


async def _findings(chosen: Settings) -> list[Finding]:
    from fluxroom.cli.checkup import findings
    from fluxroom.store.retention import Rules

    found = [findings.versions(), *findings.environment(chosen)]
    if chosen.url:
        return [*found, await findings.gateway(chosen)]
    found.append(findings.where(chosen))
    found.append(findings.folder(chosen.data_folder))
    if found[-1].level != "bad":
        rules = Rules.of(chosen)
        found += [finding async for finding in findings.database(chosen.data_folder, chosen.database, rules)]
    found += [finding async for finding in findings.keys(chosen)]
    return found


def _show(found: list[Finding], todo: str) -> None:
    width = max(len(finding.what) for finding in found)
    for finding in found:
        word, colour = _SIGNS[finding.level]
        sign = click.style(f"{word:<5}", fg=colour)
        after = f" — {finding.next}" if finding.next else ""
        voice.say(f"{sign} {finding.what:<{width}}  {finding.detail}{after}")
    voice.say(f"\nNext: {todo}")


def _live(ctx: click.Context, *, yes: bool) -> None:
    from fluxroom.cli.checkup.live import cheapest, compared, write

    chosen = settings(ctx)
    plans = cheapest(chosen)
    _agreed(plans, yes=yes)

    async def work() -> list[tuple[Comparison, Path]]:
        told = []
        for plan in plans:
            voice.note(f"Making one picture with {plan.route} …")
            found = await compared(chosen, plan)
            told.append((found, write(chosen.data_folder, found)))
        return told

    results = run(work)
    if wants_json(ctx):
        voice.document([_as_object(found, file) for found, file in results])
    else:
        for found, file in results:
            _compared(found, file)
    if any(found.error or found.drift for found, _ in results):
        raise click.exceptions.Exit(1)


def _agreed(plans: list[Plan], *, yes: bool) -> None:
    for plan in plans:
        voice.note(f"{plan.route}: one picture of {plan.size}, {plan.quote.text}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("doctor --live pays for real pictures; say --yes where nobody can be asked.")
    click.confirm("Go on?", abort=True, err=True)


def _as_object(found: Comparison, file: Path) -> dict[str, object]:
    whole = found.as_dict()
    return {**{name: whole[name] for name in ("route", "job", "error", "differences", "walk")}, "file": str(file)}


def _compared(found: Comparison, file: Path) -> None:
    whole = found.as_dict()
    voice.say(click.style(found.route, bold=True))
    if found.error:
        voice.say(f"  {click.style('no picture', fg='red')}: {found.error}")
    if found.practice_error:
        voice.say(f"  the sandbox made none: {found.practice_error}")
    for side, statuses in whole["walk"].items():
        voice.say(voice.dim(f"  {side:<8} {' → '.join(statuses) or 'no status'}"))
    for line in whole["differences"]:
        voice.say(f"  {click.style('differs', fg='yellow')}: {line}")
    if not whole["differences"]:
        voice.say(f"  {click.style('as the sandbox says', fg='green')}")
    voice.say(voice.dim(f"  recorded in {file}"))
