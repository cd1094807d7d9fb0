"""`fluxroom catalog`: what the providers have published since this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fluxroom.cli import voice
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import settings, shared, wants_json

if TYPE_CHECKING:
    from fluxroom.catalog.overlay import Overlay
    from fluxroom.catalog.sync import Change, Difference

COMMANDS = {
    "show": "Say what was learned from the providers, and when. (The default.)",
    "sync": "Read what the providers publish now, and use it.",
    "reset": "Forget what was learned: the catalog as it came with this version.",
}

_COLOURS = {"added": "green", "changed": "yellow", "removed": "red", "unreadable": "red"}


class _Catalog(LazyGroup):
    """Its commands are small and stand in this file."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name."""
        return {"show": _show, "sync": _sync, "reset": _reset}.get(cmd_name)


@click.group(cls=_Catalog, package=__name__, table=COMMANDS, default="show", name="catalog")
def command() -> None:
    """Read new endpoints, fields, ranges and prices from what the providers publish.

    \b
    fluxroom catalog sync --dry-run     what is different now
    fluxroom catalog sync               use it: new endpoints become models
    fluxroom catalog reset              back to the catalog of this version
    """  # noqa: D301  \b is click's mark for lines that stay as they are


@click.command(name="sync")
@click.option("--dry-run", is_flag=True, help="Only say what is different.")
@shared
@click.pass_context
def _sync(ctx: click.Context, /, *, dry_run: bool) -> None:
    """Ask both providers for their published schemas and prices, and say how they differ from this version's.

    Nothing is made and nothing is charged. What is new can be used at once, by every command, library and gateway on
    this data folder. A provider that does not answer, or answers with rubbish, changes nothing.
    """
    from fluxroom.cli.runtime import opened, run

    async def work() -> Difference:
        async with opened(ctx) as client:
            return await client.sync_catalog(write=not dry_run)

    found = run(work)
    if wants_json(ctx):
        voice.document(found.as_dict() | {"written": bool(found.asked) and not dry_run})
    else:
        _tell(found, dry_run=dry_run)
    if not found.asked:
        raise click.exceptions.Exit(5)


def _tell(found: Difference, *, dry_run: bool) -> None:
    for change in found.changes:
        _tell_change(change)
    for provider, why in found.silent.items():
        voice.note(f"{click.style(provider, fg='red')} did not answer: {why}. What was known of it stays.")
    if found.sandbox:
        voice.note(f"{click.style('sandbox', fg='yellow', bold=True)}: its copy was asked, not the providers")
    if not found.asked:
        return
    if not found.changes:
        voice.say("Nothing differs from this version's catalog.")
    elif dry_run:
        voice.note("Nothing was changed; without --dry-run it is used.")
    new = sorted({change.model for change in found.changes if change.model})
    if new and not dry_run:
        voice.note(f"Ask for it: fluxroom generate 'a red fox in fresh snow' -m {new[0]}")


def _tell_change(change: Change) -> None:
    word = click.style(f"{change.kind:<10}", fg=_COLOURS[change.kind])
    name = f" as {click.style(change.model, bold=True)}" if change.model else ""
    voice.say(f"{word} {change.provider} {change.endpoint}{name}")
    for detail in change.details:
        voice.say(voice.dim(f"           {detail}"))


@click.command(name="show")
@shared
@click.pass_context
def _show(ctx: click.Context, /) -> None:
    """Say when the providers were asked, and which models and endpoints are new or changed since this version."""
    from fluxroom.cli.records import catalogued

    found = catalogued(ctx)
    if wants_json(ctx):
        voice.document(_as_object(found))
    elif not found.read:
        voice.note("The catalog is as it came with this version: fluxroom catalog sync")
    else:
        voice.say(
            f"Read on {found.read}: {len(found.rows)} new models, {len(found.endpoints)} new or changed endpoints"
        )
        for name in found.rows:
            voice.say(f"  {click.style('new', fg='green')}      {name}")
        for name in found.removed:
            voice.say(f"  {click.style('removed', fg='red')}  {name}")


def _as_object(found: Overlay) -> dict[str, object]:
    return {
        "read": found.read or None,
        "models": list(found.rows),
        "endpoints": list(found.endpoints),
        "removed": list(found.removed),
    }


@click.command(name="reset")
@shared
@click.pass_context
def _reset(ctx: click.Context, /) -> None:
    """Forget what was learned; jobs and pictures of models that came by it stay."""
    from fluxroom.catalog.overlay import FILE
    from fluxroom.cli.records import at_home

    at_home(ctx, "resetting the catalog")
    path = settings(ctx).data_folder / FILE
    known = path.exists()
    path.unlink(missing_ok=True)
    if wants_json(ctx):
        voice.document({"reset": known})
    else:
        voice.say("The catalog is as it came with this version." if known else "It was already.")
