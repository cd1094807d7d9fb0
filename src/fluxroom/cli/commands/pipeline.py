"""`fluxroom pipeline`: steps that make pictures from inputs, one after the other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from fluxroom.client import AsyncClient
    from fluxroom.flows.pipelines.files import Pipeline

COMMANDS = {
    "run": "Say what a pipeline costs, and run it.",
    "check": "Check a pipeline and say what it asks for and costs; nothing is sent.",
    "templates": "List the pipelines that come with Fluxroom.",
    "new": "Write one of them into a file, to be changed.",
    "approve": "What a step has made is good: go on.",
    "choose": "Choose the pictures that go on.",
    "redo": "Make a step again, changed, and what depends on it.",
    "schema": "Print the JSON Schema of pipeline files.",
}


class _Pipeline(LazyGroup):
    """Its commands are small and stand in this file."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name."""
        return {
            "run": _run,
            "check": _check,
            "templates": _templates,
            "new": _new,
            "approve": _approve,
            "choose": _choose,
            "redo": _redo,
            "schema": _schema,
        }.get(cmd_name)


@click.group(cls=_Pipeline, package=__name__, table=COMMANDS, name="pipeline")
def command() -> None:
    """Run steps that make pictures from inputs; people look in between where the file says so.

    \b
    fluxroom pipeline templates                              what there is to begin with
    fluxroom pipeline run product-shots --input photos=a.jpg --input product="a red cup"
    fluxroom pipeline new product-shots -o mine.yaml         to be changed
    fluxroom pipeline run mine.yaml --input photos=a.jpg --input product="a red cup" --yes
    fluxroom pipeline approve RUN shots
    fluxroom pipeline redo RUN night --set prompt="at dawn"
    """  # noqa: D301  \b is click's mark for lines that stay as they are


_INPUT = click.option(
    "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An input; a picture by its file or URL."
)


@click.command(name="run")
@click.argument("file", metavar="FILE")
@_INPUT
@click.option("-o", "--output", metavar="FOLDER", help="Where the pictures and a table of results go.")
@click.option("--name", default="", help="What the run is called.")
@click.option("--budget", metavar="USD", help="Pause before the run has spent more.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before it costs something.")
@shared
@click.pass_context
def _run(
    ctx: click.Context, /, file: str, inputs: tuple[str, ...], output: str | None, *, yes: bool, **how: str | None
) -> None:
    """Price FILE (YAML, JSON, or a template's name), ask, and run it until it is finished or waits for a person."""
    from fluxroom.cli.following import asked, carried, folder_for
    from fluxroom.cli.runtime import opened, run

    found = _read(file)
    given = _inputs(found, inputs)
    folder = folder_for(output)

    async def work() -> int:
        async with opened(ctx) as client:
            began = datetime.now(UTC).isoformat()
            priced = await client.runs.check_pipeline(found, given)
            if not wants_json(ctx):
                _tell(priced)
            if _whole(priced) and _to_make(priced):
                asked(f"Make {priced['text']}?", yes)
            begun = await client.runs.begin_pipeline(found, given, name=how["name"] or "", budget=how["budget"])
            if begun["created_at"] < began and not wants_json(ctx):
                voice.note("  the same pipeline, not finished: its run goes on; give another --name to begin again")
            return await carried(ctx, client, begun, folder)

    ctx.exit(run(work))


@click.command(name="check")
@click.argument("file", metavar="FILE")
@_INPUT
@shared
@click.pass_context
def _check(ctx: click.Context, /, file: str, inputs: tuple[str, ...]) -> None:
    """Check FILE (YAML, JSON, or a template's name), say its inputs and steps, and what they cost."""
    from fluxroom.cli.runtime import opened, run

    found = _read(file)
    given = _inputs(found, inputs)

    async def work() -> dict[str, Any]:
        async with opened(ctx) as client:
            return await client.runs.check_pipeline(found, given)

    priced = run(work)
    if wants_json(ctx):
        voice.document(priced)
    else:
        voice.say(f"{click.style(found.name, bold=True)} ({found.mode})")
        for name, about in found.raw.get("inputs", {}).items():
            default = f", else {about['default']}" if "default" in about else ""
            voice.say(f"  input {name}: {about['kind']}{default}")
        _tell(priced)
    ctx.exit(2 if any(step["state"] == "invalid" for step in priced["steps"]) else 0)


@click.command(name="templates")
@click.option("--language", type=click.Choice(["en", "de"]), default="en", help="Of titles and descriptions.")
@shared
@click.pass_context
def _templates(ctx: click.Context, /, language: str) -> None:
    """List the pipelines that come with Fluxroom, with what each asks for."""
    from fluxroom.flows.pipelines.shipped import templates

    told = [one.told(language) for one in templates()]
    if wants_json(ctx):
        voice.document(told)
    for one in [] if wants_json(ctx) else told:
        voice.say(f"{click.style(one['name'], bold=True)}  {one['title']}")
        voice.say(f"  {one['description']}")
        for about in one["inputs"]:
            default = "" if about["required"] else voice.dim(f" ({about['default']})")
            voice.say(f"  --input {about['name']}=…  {about['title']}{default}")


@click.command(name="new")
@click.argument("template")
@click.option("-o", "--output", metavar="FILE", help="Where it goes; without it, standard output.")
@shared
def _new(template: str, output: str | None) -> None:
    """Write TEMPLATE as a YAML file, to be changed. A file that is there stays as it is."""
    from fluxroom.errors import StorageUnwritable
    from fluxroom.flows.pipelines.shipped import template as found

    text = found(template).text
    if output is None:
        voice.say(text.rstrip())
        return
    try:
        with Path(output).expanduser().open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{output} exists already; give another name.") from None
    except OSError as error:
        raise StorageUnwritable(f"{output} cannot be written: {error.strerror}.") from error
    voice.note(f"Written: {output}. Change it, then: fluxroom pipeline check {output}")


@click.command(name="approve")
@click.argument("run_id", metavar="RUN")
@click.argument("step")
@shared
@click.pass_context
def _approve(ctx: click.Context, /, run_id: str, step: str) -> None:
    """What STEP of RUN has made is good: go on, and follow it."""
    _goes_on(ctx, run_id, lambda client, whole: client.runs.approve(whole, step))


@click.command(name="choose")
@click.argument("run_id", metavar="RUN")
@click.argument("step")
@click.argument("images", nargs=-1, required=True)
@shared
@click.pass_context
def _choose(ctx: click.Context, /, run_id: str, step: str, images: tuple[str, ...]) -> None:
    """Let IMAGES go on from STEP of RUN, in this order: their ids, or their numbers among those that are offered."""

    async def chosen(client: AsyncClient, whole: str) -> Any:
        offered = ((await client.runs.get(whole))["waits_for"] or {}).get("images", [])
        by_number = {str(number): one["id"] for number, one in enumerate(offered, start=1)}
        return await client.runs.choose(whole, step, [by_number.get(one, one) for one in images])

    _goes_on(ctx, run_id, chosen)


@click.command(name="redo")
@click.argument("run_id", metavar="RUN")
@click.argument("step")
@click.option("--set", "fields", multiple=True, metavar="NAME=VALUE", help="A field of the step; null takes it out.")
@shared
@click.pass_context
def _redo(ctx: click.Context, /, run_id: str, step: str, fields: tuple[str, ...]) -> None:
    """Make STEP of RUN again, changed where fields are set, and what depends on it. Everything else stays."""
    from fluxroom.cli.asking import pair

    changed = dict(pair(text, "--set") for text in fields)
    _goes_on(ctx, run_id, lambda client, whole: client.runs.redo(whole, step, changed))


@click.command(name="schema")
@shared
def _schema() -> None:
    """Print the JSON Schema of pipeline files, for an editor."""
    from fluxroom.flows.pipelines.files import SCHEMA

    voice.document(dict(SCHEMA))


def _goes_on(ctx: click.Context, run_id: str, decide: Any) -> None:
    from fluxroom.cli.commands.runs import whole_run
    from fluxroom.cli.following import carried
    from fluxroom.cli.runtime import opened, run

    async def work() -> int:
        async with opened(ctx) as client:
            return await _decided(ctx, client, run_id, decide)

    async def _decided(ctx: click.Context, client: AsyncClient, run_id: str, decide: Any) -> int:
        whole = await whole_run(client, run_id)
        return await carried(ctx, client, await decide(client, whole["id"]), None)

    ctx.exit(run(work))


def _tell(priced: dict[str, Any]) -> None:
    """The price of a pipeline, step by step."""
    for step in priced["steps"]:
        wrong = step["state"] == "invalid"
        voice.note(f"  step {step['name']}: {step['do']}, " + click.style(step["text"], fg="yellow" if wrong else None))
        for note in step["not_sent"]:
            voice.note(f"    {click.style('Not sent', fg='yellow')}: {note['name']} — {note['why']}")
    for old, new in priced["renamed"].items():
        voice.note(f"  {old} is called {new} now.")
    voice.note(click.style(priced["text"], bold=True))


def _whole(priced: dict[str, Any]) -> bool:
    return not priced["missing"] and all(step["state"] != "invalid" for step in priced["steps"])


def _to_make(priced: dict[str, Any]) -> bool:
    """Whether anything has to be made: else it is free."""
    return any(step["most"] is None or step["most"] > step["exists"] for step in priced["steps"])


def _read(file: str) -> Pipeline:
    from fluxroom.flows.pipelines.files import read
    from fluxroom.flows.pipelines.shipped import NAMES, template

    if file in NAMES and not Path(file).exists():
        return template(file).pipeline
    try:
        return read(Path(file).expanduser().read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "it is not text in UTF-8"
        raise click.UsageError(f"{file}: {reason}.") from error


def _inputs(found: Pipeline, texts: tuple[str, ...]) -> dict[str, Any]:
    """Inputs as their kinds want them: words stay words, several pictures are given one by one."""
    from fluxroom.cli.asking import typed

    declared: dict[str, Any] = found.raw.get("inputs", {})
    given: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"--input takes NAME=VALUE, not {text!r}.")
        kind = declared.get(name, {}).get("kind", "text")
        if kind == "pictures":
            given.setdefault(name, []).append(value)
        else:
            given[name] = typed(value) if kind in {"number", "switch", "choice"} else value
    return given
