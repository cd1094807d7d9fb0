"""`fluxroom pipeline`: steps that make pictures from inputs, one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from fluxroom.client import AsyncClient
    from fluxroom.flows.pipeline_files import Pipeline

COMMANDS = {
    "run": "Run a pipeline file.",
    "check": "Check a pipeline file and say what it asks for.",
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
            "approve": _approve,
            "choose": _choose,
            "redo": _redo,
            "schema": _schema,
        }.get(cmd_name)


@click.group(cls=_Pipeline, package=__name__, table=COMMANDS, name="pipeline")
def command() -> None:
    """Run steps that make pictures from inputs; people look in between where the file says so.

    \b
    fluxroom pipeline run dusk.yaml --input photo=a.jpg
    fluxroom pipeline approve RUN shots
    fluxroom pipeline redo RUN night --set prompt="at dawn"
    """  # noqa: D301  \b is click's mark for lines that stay as they are


@click.command(name="run")
@click.argument("file")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An input; a picture by its file or URL.")
@click.option("-o", "--output", metavar="FOLDER", help="Where the pictures and a table of results go.")
@click.option("--name", default="", help="What the run is called.")
@shared
@click.pass_context
def _run(ctx: click.Context, /, file: str, inputs: tuple[str, ...], output: str | None, name: str) -> None:
    """Run FILE (YAML or JSON) until it is finished or waits for a person."""
    from fluxroom.cli.following import carried, folder_for
    from fluxroom.cli.runtime import opened, run

    found = _read(file)
    given = _inputs(found, inputs)
    folder = folder_for(output)

    async def work() -> int:
        async with opened(ctx) as client:
            begun = await client.runs.begin_pipeline(found, given, name=name)
            return await carried(ctx, client, begun, folder)

    ctx.exit(run(work))


@click.command(name="check")
@click.argument("file")
@shared
@click.pass_context
def _check(ctx: click.Context, /, file: str) -> None:
    """Check FILE and say its inputs and steps."""
    found = _read(file)
    if wants_json(ctx):
        voice.document(dict(found.raw))
        return
    voice.say(f"{click.style(found.name, bold=True)} ({found.mode})")
    for name, about in found.raw.get("inputs", {}).items():
        default = f", else {about['default']}" if "default" in about else ""
        voice.say(f"  input {name}: {about['kind']}{default}")
    for step in found.steps:
        after = f", after {', '.join(sorted(step.needs))}" if step.needs else ""
        voice.say(f"  step {step.name}: {step.do}{after}{', a person looks' if found.reviewed(step) else ''}")


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
    """Let IMAGES (ids, in this order) go on from STEP of RUN."""
    _goes_on(ctx, run_id, lambda client, whole: client.runs.choose(whole, step, images))


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
    from fluxroom.flows.pipeline_files import SCHEMA

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


def _read(file: str) -> Pipeline:
    from fluxroom.flows.pipeline_files import read

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
