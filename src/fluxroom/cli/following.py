"""Following a run on the terminal: a line that moves, then how it stands, then its files."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.shared import wants_json
from fluxroom.errors import LocalError, StorageUnwritable
from fluxroom.types import dollars

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fluxroom.client import AsyncClient
    from fluxroom.result import Image

_LOOK = 0.5
"""Seconds between two looks."""

_PAGE = 200

_FEW = 4
"""Ids that are told of many."""


def asked(question: str, yes: bool) -> None:  # noqa: FBT001  the command's own switch
    """Ask before something is paid; without a terminal somebody must have said --yes.

    Raises:
        click.UsageError: there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("This costs money and there is no terminal to ask on: say --yes.")
    click.confirm(question, abort=True, err=True)


def folder_for(output: str | None) -> Path | None:
    """The folder for results, made when it is missing.

    Raises:
        StorageUnwritable: it cannot be made.
    """
    if output is None:
        return None
    folder = Path(output).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageUnwritable(f"The folder {folder} cannot be made: {error.strerror}.") from error
    return folder


async def carried(ctx: click.Context, client: AsyncClient, begun: dict[str, Any], folder: Path | None) -> int:
    """Follow a run until it rests; returns the exit code: 0 when all of it was made.

    Ctrl-C pauses a run that this process carries; one that a gateway carries goes on there.
    """
    at_home = not client.settings.url
    if at_home and begun["state"] == "paused":
        begun = await client.runs.resume(begun["id"])
    if not wants_json(ctx):
        voice.note(f"Run {begun['id']} ({begun['name']})")
    resting = asyncio.ensure_future(client.runs.rest(begun["id"]))
    try:
        while not resting.done():
            if sys.stderr.isatty() and not wants_json(ctx):
                click.echo(f"\r\x1b[K{short_line(await client.runs.get(begun['id']))}", nl=False, err=True)
            await asyncio.wait({resting}, timeout=_LOOK)
    except asyncio.CancelledError:
        resting.cancel()
        await _left(client, begun["id"], at_home=at_home)
        raise
    if sys.stderr.isatty() and not wants_json(ctx):
        click.echo("\r\x1b[K", nl=False, err=True)
    ended = resting.result()
    if folder:
        await saved(client, ended, folder)
    return told(ctx, ended)


def told(ctx: click.Context, run: dict[str, Any]) -> int:
    """Say how a run stands; returns the exit code."""
    if wants_json(ctx):
        voice.document(run)
    else:
        voice.say(short_line(run))
        for words in [*run["notes"], *_next(run)]:
            voice.note(f"  {words}")
    whole = run["state"] == "finished" and not set(run["counts"]) - {"done", "replaced"}
    return 0 if whole else 4


async def saved(client: AsyncClient, run: dict[str, Any], folder: Path) -> None:
    """Write every picture of a run and its table into a folder; files that are there stay as they are."""
    lines = [line async for line in await client.runs.table(run["id"])]
    try:
        (folder / "results.csv").write_text("".join(lines), "utf-8")
    except OSError as error:
        raise StorageUnwritable(f"{folder / 'results.csv'} cannot be written: {error.strerror}.") from error
    names = _names(lines)
    after = -1
    while items := await client.runs.items(run["id"], states=["done"], after=after, limit=_PAGE):
        for item in items:
            await _save(client, item, names, folder)
        after = items[-1]["position"]
    voice.note(f"{len(names)} pictures and results.csv are in {folder}")


async def exported(client: AsyncClient, run: dict[str, Any], path: Path) -> int:
    """Write a run into a ZIP file; returns how many pictures are in it.

    Raises:
        StorageUnwritable: the file is there already, or cannot be written.
    """
    from fluxroom.flows.runs.packing import Archive

    lines = [line async for line in await client.runs.table(run["id"])]
    names, archive = _names(lines), Archive()
    packed = 0
    try:
        with path.open("xb") as file:
            async for picture in _pictures(client, run, names):
                data = await asyncio.to_thread(picture.with_metadata)
                file.write(archive.add(names[picture.id], data))
                packed += 1
            file.write(archive.add("results.csv", "".join(lines).encode("utf-8-sig")))
            file.write(archive.end())
    except FileExistsError:
        raise StorageUnwritable(f"{path} exists already.", advice="Give another name.") from None
    except OSError as error:
        raise StorageUnwritable(f"{path} cannot be written: {error.strerror}.") from error
    return packed


async def _pictures(client: AsyncClient, run: dict[str, Any], names: dict[str, str]) -> AsyncIterator[Image]:
    """Every picture of a run that has a name, one after the other."""
    after = -1
    while items := await client.runs.items(run["id"], states=["done"], after=after, limit=_PAGE):
        for item in items:
            for picture in await client.images(await client.snapshot(item["generation"])):
                if picture.id in names:
                    yield picture
        after = items[-1]["position"]


async def _save(client: AsyncClient, item: dict[str, Any], names: dict[str, str], folder: Path) -> None:
    wanted = {image["id"]: folder / names[image["id"]] for image in item["images"] if image["id"] in names}
    if all(path.exists() for path in wanted.values()):
        return
    found = await client.snapshot(item["generation"])
    for picture in await client.images(found):
        if picture.id in wanted:
            await asyncio.to_thread(picture.save, wanted[picture.id])


def _names(lines: list[str]) -> dict[str, str]:
    import csv

    return {row["image"]: row["file"] for row in csv.DictReader(lines) if row["file"]}


async def _left(client: AsyncClient, run_id: str, *, at_home: bool) -> None:
    if at_home:
        with contextlib.suppress(LocalError, Exception):
            await asyncio.shield(client.runs.pause(run_id))
        voice.note(f"Paused. Go on with the same command, or: fluxroom runs resume {run_id[-8:]}")
    else:
        voice.note(f"The gateway goes on with it. Follow it: fluxroom runs follow {run_id[-8:]}")


def short_line(run: dict[str, Any]) -> str:
    """How far a run is, in one line."""
    counts = run["counts"]
    done = f"{counts.get('done', 0)} of {run['total']} done"
    others = [
        f"{counts[state]} {words}"
        for state, words in (
            ("submitted", "under way"),
            ("failed", "failed"),
            ("unknown", "in doubt"),
            ("invalid", "invalid"),
            ("cancelled", "cancelled"),
        )
        if counts.get(state)
    ]
    money = f"{dollars(Decimal(run['charged']))}{' (sandbox)' if run['sandbox'] else ''}"
    return " · ".join([click.style(run["state"], bold=True), done, *others, money])


def _next(run: dict[str, Any]) -> list[str]:
    short = run["id"][-8:]
    words = [run["why"]] if run["why"] else []
    if waits := run["waits_for"]:
        offered = range(1, len(waits["images"]) + 1)
        names = " ".join(str(number) for number in offered[:_FEW])
        more = f" (of {len(offered)})" if len(offered) > _FEW else ""
        verb = f"{waits['to_do']} {short} {waits['step']}"
        words.append(f"Next: fluxroom pipeline {verb}{f' {names}{more}' if waits['to_do'] == 'choose' else ''}")
        words.append(f"Look at the pictures: fluxroom runs save {short} -o FOLDER")
    if run["state"] == "paused":
        words.append(f"Go on: fluxroom runs resume {short}")
    if run["counts"].get("failed"):
        words.append(f"Send what failed again: fluxroom runs retry {short}")
    if run["counts"].get("unknown"):
        words.append("Decide about jobs in doubt: fluxroom jobs --state unknown")
    return words
