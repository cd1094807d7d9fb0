"""`fluxroom bulk`: many requests from a table, or every source with every prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.sections import Command
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from fluxroom.client import AsyncClient
    from fluxroom.flows.bulk.sheets import Sheet

COMMANDS = {
    "run": "Check a sheet, say what it costs, and carry it.",
    "check": "Check a sheet and say what it costs; nothing is sent.",
}

_PAGE = 200

_PICTURES = (".png", ".jpg", ".jpeg", ".webp")


class _Bulk(LazyGroup):
    """Its commands are small and stand in this file."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name."""
        return {"run": _run, "check": _check}.get(cmd_name)


@click.group(cls=_Bulk, package=__name__, table=COMMANDS, name="bulk")
def command() -> None:
    """Make many pictures: a row each of a table, or every source with every prompt.

    A table is CSV with a header line, or JSON Lines. Columns are parameters (prompt, model, seed, references, …).
    What exists is not paid again: the same sheet goes on, and rows with a fixed seed come from the store.

    \b
    fluxroom bulk check sheet.csv                          every row with its price, nothing sent
    fluxroom bulk run sheet.csv -o out                     asks before it pays, then fills the folder
    fluxroom bulk run sheet.csv --map prompt=Title --yes   does not ask; Title is the prompt
    fluxroom bulk run --source photos --prompt "at dusk" --prompt "in snow" -m flux-kontext-pro
    """  # noqa: D301  \b is click's mark for lines that stay as they are


def _sheet_options(function: Any) -> Any:
    """Options that say what the sheet is."""
    for words, more in reversed(_OPTIONS):
        function = click.option(*words, **more)(function)
    return click.argument("sheet", required=False, metavar="[SHEET]")(function)


_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--name",), {"help": "What the run is called; the same sheet and name go on. Default: the file's name."}),
    (("-m", "--model"), {"help": "Where a row names none."}),
    (("-p", "--param", "params"), {"multiple": True, "metavar": "NAME=VALUE", "help": "For rows that do not say."}),
    (("--map", "columns"), {"multiple": True, "metavar": "NAME=COLUMN", "help": "Which column is which parameter."}),
    (("--source", "sources"), {"multiple": True, "help": "A picture or a folder of pictures; may be repeated."}),
    (("--library", "words"), {"multiple": True, "help": "Pictures of the library whose prompt has these words."}),
    (("--prompt", "prompts"), {"multiple": True, "help": "For every source; may be repeated."}),
    (
        ("--seeds",),
        {
            "type": click.Choice(["as_given", "random", "counted"]),
            "default": "as_given",
            "help": "random: another one for every row; counted: the given one, plus one a row.",
        },
    ),
    (("--file-name",), {"default": "{row}-{prompt}", "help": "Of the pictures: columns, row, model, seed, id."}),
)


@click.command(cls=Command, name="check")
@_sheet_options
@shared
@click.pass_context
def _check(ctx: click.Context, /, **given: Any) -> None:
    """Check every row of SHEET (a .csv or .jsonl file, - for standard input) and say what it costs."""
    from fluxroom.cli.runtime import opened, run

    read = _reader(given)

    async def work() -> dict[str, Any]:
        async with opened(ctx) as client:
            return await client.runs.check_sheet(read(await _in_library(client, given["words"])))

    found = run(work)
    if wants_json(ctx):
        voice.document(found)
    else:
        tell(found)


@click.command(cls=Command, name="run")
@_sheet_options
@click.option("-o", "--output", metavar="FOLDER", help="Where the pictures and a table of results go.")
@click.option("--budget", metavar="USD", help="Pause before the run has spent more.")
@click.option("--priority", type=int, default=0, help="Higher goes first; single requests have 10.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before it costs something.")
@shared
@click.pass_context
def _run(
    ctx: click.Context, /, output: str | None, budget: str | None, priority: int, *, yes: bool, **given: Any
) -> None:
    """Check SHEET, ask, and carry it. Ctrl-C pauses: the same command goes on, and nothing is paid twice."""
    from fluxroom.cli.following import carried, folder_for
    from fluxroom.cli.runtime import opened, run

    read = _reader(given)
    folder = folder_for(output)

    async def work() -> int:
        async with opened(ctx) as client:
            sheet = read(await _in_library(client, given["words"]))
            found = await client.runs.check_sheet(sheet)
            if not wants_json(ctx):
                tell(found, ends=False)
            if not (found["ok"] or found["exists"] or found["goes_on"]):
                return 2
            if found["ok"] and not found["goes_on"]:
                _ask(found, yes=yes)
            begun = await client.runs.begin_sheet(sheet, budget=budget, priority=priority)
            return await carried(ctx, client, begun, folder)

    ctx.exit(run(work))


def _reader(given: dict[str, Any]) -> Callable[[list[str]], Sheet]:
    """Read what can be read before the library is asked; a mistake is told before anything is opened.

    Raises:
        click.UsageError: something was typed in a form that cannot be read.
    """
    sheet = None if given["words"] else _sheet(given, [])
    return lambda there: sheet or _sheet(given, there)


async def _in_library(client: AsyncClient, wanted: tuple[str, ...]) -> list[str]:
    """The pictures with these words, each once, the newest first."""
    found: dict[str, None] = {}
    for words in wanted:
        before = ""
        while page := await client.worker.books.search(words, limit=_PAGE, before=before):
            found |= dict.fromkeys(picture.sha256 for picture in page)
            before = page[-1].id
        if not found:
            raise click.UsageError(f"The library has no picture with the words {words!r}.")
    return list(found)


def _sheet(given: dict[str, Any], there: list[str]) -> Sheet:
    from fluxroom.cli.asking import pair
    from fluxroom.client import DEFAULT_MODEL
    from fluxroom.flows.bulk.sheets import Sheet, every_combination, table

    file = given["sheet"]
    defaults: dict[str, Any] = {"model": given["model"] or DEFAULT_MODEL}
    defaults |= dict(pair(text, "-p") for text in given["params"])
    if file and (given["sources"] or given["prompts"] or given["words"]):
        raise click.UsageError("Give a sheet, or --source, --library and --prompt, not both.")
    if given["columns"] and not file:
        raise click.UsageError("--map is about the columns of a sheet: give one.")
    if file:
        columns = {column: name for name, column in (_column(text) for text in given["columns"])}
        rows = table(_read(file), "jsonl" if file.endswith(".jsonl") else "csv", columns=columns)
        rows = [_from(Path(file).parent, row) for row in rows]
    elif given["prompts"]:
        rows = every_combination([*_pictures(given["sources"]), *there], given["prompts"])
    else:
        raise click.UsageError("Give a sheet (.csv or .jsonl), or --prompt with or without --source.")
    name = given["name"] or (Path(file).stem if file and file != "-" else "bulk")
    return Sheet(name=name, rows=rows, defaults=defaults, seeds=given["seeds"], file_name=given["file_name"])


def _column(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not equals or not column:
        raise click.UsageError(f"--map takes NAME=COLUMN, not {text!r}.")
    return name.strip(), column.strip()


def _read(file: str) -> str:
    import sys

    try:
        return sys.stdin.read() if file == "-" else Path(file).expanduser().read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "it is not text in UTF-8"
        raise click.UsageError(f"{file}: {reason}.") from error


def _from(folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    """A row whose relative files are looked for beside the sheet."""
    given = row.get("references")
    if not given:
        return row
    there = [str(folder / one) if isinstance(one, str) and (folder / one).is_file() else one for one in given]
    return {**row, "references": there}


def _pictures(sources: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for source in sources:
        path = Path(source).expanduser()
        if not path.is_dir():
            found.append(source)
            continue
        inside = sorted(str(one) for one in path.iterdir() if one.suffix.lower() in _PICTURES)
        if not inside:
            raise click.UsageError(f"There is no PNG, JPEG or WebP in {source}.")
        found += inside
    return found


def tell(found: dict[str, Any], *, each: str = "row", ends: bool = True) -> None:
    """What a dry run found, for people.

    Args:
        found: a dry run.
        each: what they call one request of it.
        ends: nothing comes after it; else the run itself tells of old names.
    """
    voice.note(click.style(found["text"].replace("row ", f"{each} "), bold=True))
    voice.note(voice.dim(f"  {found['rule'].replace('rows', f'{each}s')}"))
    for row in [row for row in found["rows"] if row["state"] == "invalid"][:20]:
        number = click.style(f"{each} {row['row']}", fg="yellow")
        voice.note(f"  {number}: {row['why']}")
    for old, new in found["renamed"].items() if ends else ():
        voice.note(f"  {old} is called {new} now.")
    dropped = {note["name"]: note["why"] for row in found["rows"] for note in row["not_sent"]}
    for name, why in dropped.items():
        voice.note(f"  {click.style('Not sent', fg='yellow')}: {name} — {why}")


def _ask(found: dict[str, Any], *, yes: bool) -> None:
    from fluxroom.cli.following import asked

    asked(f"Make {found['ok']} pictures for ${found['low']}{'' if found['high'] == found['low'] else ' or more'}?", yes)
