"""`fluxroom runs`: bulk sheets, comparisons and pipelines, as they stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import shared, wants_json
from fluxroom.errors import NotFound

if TYPE_CHECKING:
    from fluxroom.client import AsyncClient

COMMANDS = {
    "list": "List the runs, the newest first. (The default.)",
    "show": "Show a run and its items.",
    "follow": "Carry or follow a run until it rests.",
    "pause": "Send nothing more.",
    "resume": "Go on with a run that is paused or was cut off.",
    "retry": "Send items that failed or were cancelled again.",
    "cancel": "Send nothing more, and cancel what can be.",
    "save": "Write the pictures and a table into a folder.",
    "export": "Write the pictures and a table with costs into a ZIP file.",
    "change": "Name a run, mark it, hide it.",
}

_SHOWN = 50


class _Runs(LazyGroup):
    """Its commands are small and stand in this file."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name."""
        return {
            "list": _list,
            "show": _show,
            "follow": _follow,
            "pause": _pause,
            "resume": _resume,
            "retry": _retry,
            "cancel": _cancel,
            "save": _save,
            "export": _export,
            "change": _change,
        }.get(cmd_name)


@click.group(cls=_Runs, package=__name__, table=COMMANDS, default="list", name="runs")
def command() -> None:
    """Look at runs, pause them, go on, send what failed again. An id may be given by its end."""


@click.command(name="list")
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=20, help="How many.")
@click.option("--kind", type=click.Choice(["bulk", "comparison", "pipeline"]), help="Only those of one kind.")
@click.option("--search", default="", help="Words in the name, the description or a prompt.")
@click.option("--tag", default="", help="Only those with this tag.")
@click.option("--favourites", is_flag=True, help="Only favourites.")
@click.option("--hidden", is_flag=True, help="Only those that were hidden.")
@shared
@click.pass_context
def _list(ctx: click.Context, /, limit: int, kind: str | None, search: str, tag: str, **flags: bool) -> None:
    """List the newest runs with how far they are and what they cost."""
    from fluxroom.cli.following import short_line
    from fluxroom.store.runs import Wanted

    wanted = Wanted(
        kind=kind or "", words=search, tag=tag, favourite=flags["favourites"] or None, hidden=flags["hidden"]
    )
    found = _with(ctx, lambda client: client.runs.page(wanted, limit=limit))
    if wants_json(ctx):
        voice.document(found)
    elif not found:
        voice.note("There are no runs yet. Begin with: fluxroom bulk run sheet.csv")
    for run in [] if wants_json(ctx) else found:
        voice.say(f"{run['id'][-8:]}  {run['kind']:<10} {short_line(run)}  {run['name']}")


@click.command(name="show")
@click.argument("run_id", metavar="RUN")
@shared
@click.pass_context
def _show(ctx: click.Context, /, run_id: str) -> None:
    """Show a run and its first items."""
    from fluxroom.cli.following import told

    async def work(client: AsyncClient) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        run = await whole_run(client, run_id)
        return run, await client.runs.items(run["id"], limit=_SHOWN)

    run, items = _with(ctx, work)
    if wants_json(ctx):
        voice.document({**run, "items": items})
        return
    told(ctx, run)
    for item in items:
        why = (item["error"] or {}).get("message", "")
        seconds = f"{item['seconds']:.1f} s" if item["seconds"] else ""
        voice.say(f"  {item['key']:<28} {item['state']:<10} {seconds:>7} ${item['charged']:<8} {why}")
    if run["total"] > len(items):
        voice.note(f"  … and {run['total'] - len(items)} more: fluxroom runs save {run['id'][-8:]} -o FOLDER")


@click.command(name="follow")
@click.argument("run_id", metavar="RUN")
@shared
@click.pass_context
def _follow(ctx: click.Context, /, run_id: str) -> None:
    """Carry or follow RUN until it is finished or waits for a person. Ctrl-C pauses it."""
    from fluxroom.cli.following import carried

    async def work(client: AsyncClient) -> int:
        return await carried(ctx, client, await whole_run(client, run_id), None)

    ctx.exit(_with(ctx, work))


@click.command(name="pause")
@click.argument("run_id", metavar="RUN")
@shared
@click.pass_context
def _pause(ctx: click.Context, /, run_id: str) -> None:
    """Send nothing more; what a provider has is kept when it comes."""
    _say_after(ctx, run_id, lambda client, whole: client.runs.pause(whole))


@click.command(name="resume")
@click.argument("run_id", metavar="RUN")
@shared
@click.pass_context
def _resume(ctx: click.Context, /, run_id: str) -> None:
    """Go on with a paused run, or with one that was cut off, and follow it."""
    from fluxroom.cli.following import carried

    async def work(client: AsyncClient) -> int:
        found = await whole_run(client, run_id)
        if found["state"] != "running":
            found = await client.runs.resume(found["id"])
        return await carried(ctx, client, found, None)

    ctx.exit(_with(ctx, work))


@click.command(name="retry")
@click.argument("run_id", metavar="RUN")
@shared
@click.pass_context
def _retry(ctx: click.Context, /, run_id: str) -> None:
    """Send items that failed or were cancelled again, and follow the run. Each costs again if it is made."""
    from fluxroom.cli.following import carried

    async def work(client: AsyncClient) -> int:
        return await carried(ctx, client, await client.runs.retry((await whole_run(client, run_id))["id"]), None)

    ctx.exit(_with(ctx, work))


@click.command(name="cancel")
@click.argument("run_id", metavar="RUN")
@shared
@click.pass_context
def _cancel(ctx: click.Context, /, run_id: str) -> None:
    """Send nothing more; of what is under way, say what becomes of it and whether it is charged."""
    from fluxroom.cli.following import told

    async def work(client: AsyncClient) -> tuple[dict[str, Any], list[str]]:
        return await client.runs.cancel((await whole_run(client, run_id))["id"])

    run, said = _with(ctx, work)
    told(ctx, run)
    for words in [] if wants_json(ctx) else said:
        voice.note(f"  {words}")


@click.command(name="save")
@click.argument("run_id", metavar="RUN")
@click.option("-o", "--output", metavar="FOLDER", required=True, help="Where the files go; made when missing.")
@shared
@click.pass_context
def _save(ctx: click.Context, /, run_id: str, output: str) -> None:
    """Write every picture of RUN and results.csv into FOLDER; files that are there stay."""
    from fluxroom.cli.following import folder_for, saved

    folder = folder_for(output)

    async def work(client: AsyncClient) -> None:
        if folder:
            await saved(client, await whole_run(client, run_id), folder)

    _with(ctx, work)


@click.command(name="export")
@click.argument("run_id", metavar="RUN")
@click.option("-o", "--output", metavar="FILE", required=True, help="The ZIP file; one that is there stays.")
@shared
@click.pass_context
def _export(ctx: click.Context, /, run_id: str, output: str) -> None:
    """Write every picture of RUN and results.csv, with seconds and costs, into a ZIP file."""
    from fluxroom.cli.following import exported

    path = Path(output).expanduser()

    async def work(client: AsyncClient) -> int:
        return await exported(client, await whole_run(client, run_id), path)

    voice.note(f"{_with(ctx, work)} pictures and results.csv are in {output}")


@click.command(name="change")
@click.argument("run_id", metavar="RUN")
@click.option("--name", help="What it is called.")
@click.option("--description", help="What it is about.")
@click.option("--tag", "tags", multiple=True, help="Its tags; may be repeated. An empty one takes all away.")
@click.option("--favourite/--no-favourite", default=None, help="Whether it is a favourite.")
@click.option("--hide/--show", "hidden", default=None, help="Whether lists leave it out.")
@shared
@click.pass_context
def _change(ctx: click.Context, /, run_id: str, tags: tuple[str, ...], **shown: Any) -> None:
    """Say what RUN is called and how it is shown; what is not given stays."""
    changed = {name: value for name, value in shown.items() if value is not None}
    if tags:
        changed["tags"] = [tag for tag in tags if tag]
    if not changed:
        raise click.UsageError("Say what is to change, such as --name.")
    _say_after(ctx, run_id, lambda client, whole: client.runs.describe(whole, changed))


def _say_after(ctx: click.Context, run_id: str, work: Callable[[AsyncClient, str], Awaitable[dict[str, Any]]]) -> None:
    from fluxroom.cli.following import told

    async def done(client: AsyncClient) -> dict[str, Any]:
        return await work(client, (await whole_run(client, run_id))["id"])

    told(ctx, _with(ctx, done))


async def whole_run(client: AsyncClient, part: str) -> dict[str, Any]:
    """The run with this id, or the only recent one whose id ends so.

    Raises:
        NotFound: there is none, or more than one.
    """
    from fluxroom.store.runs import Wanted

    if len(part) == 22:
        return await client.runs.get(part)
    fitting = [run for run in await client.runs.page(Wanted(hidden=None), limit=200) if run["id"].endswith(part)]
    if len(fitting) != 1:
        raise NotFound(
            f"{'More than one run ends' if fitting else 'No run ends'} with {part!r}.",
            advice="List them with `fluxroom runs`.",
        )
    return fitting[0]


def _with(ctx: click.Context, work: Callable[[AsyncClient], Awaitable[Any]]) -> Any:
    from fluxroom.cli.runtime import opened, run

    async def done() -> Any:
        async with opened(ctx) as client:
            return await work(client)

    return run(done)
