"""Following a run on the terminal: a line that moves, then how it stands, then its files."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from fluxroom.cli import voice
from fluxroom.cli.shared import wants_json
from fluxroom.errors import LocalError, NotFound, StorageUnwritable
from fluxroom.types import dollars

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

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
                now = voice.visible(short_line(await client.runs.get(begun["id"])))
                click.echo(f"\r\x1b[K{now}", nl=False, err=True)
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
        (folder / "results.csv").write_text("".join(lines), "utf-8", newline="")
    except OSError as error:
        raise StorageUnwritable(f"{folder / 'results.csv'} cannot be written: {error.strerror}.") from error
    names, gone = _names(lines), 0
    async for item in _done(client, run):
        gone += await _save(client, item, {image: folder / name for image, name in names.items()})
    lost = f"; {gone} that are no longer there are not" if gone else ""
    voice.note(f"{len(names) - gone} pictures and results.csv are in {folder}{lost}")


async def exported(client: AsyncClient, run: dict[str, Any], path: Path) -> int:
    """Write a run into a ZIP file; returns how many pictures are in it. One whose bytes are gone has only its line.

    Raises:
        StorageUnwritable: the file is there already, or cannot be written.
    """
    from fluxroom.flows.runs.packing import Archive

    lines = [line async for line in await client.runs.table(run["id"])]
    names, archive = _names(lines), Archive()
    packed = 0
    try:
        with _whole(path) as file:
            async for item in _done(client, run):
                for picture in await _pictures(client, item, names):
                    with contextlib.suppress(NotFound):
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


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A new file that is there in the end only if it was written to its end: the next try would find it and stop."""
    with path.open("xb") as file:
        try:
            yield file
        except BaseException:
            path.unlink(missing_ok=True)
            raise


async def _done(client: AsyncClient, run: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Every item of a run that was made, one after the other."""
    after = -1
    while items := await client.runs.items(run["id"], states=["done"], after=after, limit=_PAGE):
        for item in items:
            yield item
        after = items[-1]["position"]


async def _pictures(client: AsyncClient, item: dict[str, Any], names: Mapping[str, object]) -> list[Image]:
    """The pictures of an item that have a name; none where their bytes are no longer there."""
    if not any(image["id"] in names for image in item["images"]):
        return []
    try:
        made = await client.images(await client.snapshot(item["generation"]))
    except NotFound:
        return []
    return [picture for picture in made if picture.id in names]


async def _save(client: AsyncClient, item: dict[str, Any], paths: Mapping[str, Path]) -> int:
    """Write the pictures of an item that have no file yet; returns how many are no longer there."""
    wanted = {image["id"] for image in item["images"] if image["id"] in paths}
    wanted = {one for one in wanted if not paths[one].exists()}
    written = 0
    for picture in await _pictures(client, item, dict.fromkeys(wanted)) if wanted else ():
        try:
            await asyncio.to_thread(picture.save, paths[picture.id])
            written += 1
        except NotFound:
            continue
        except LocalError:
            paths[picture.id].unlink(missing_ok=True)  # half a picture would stay for good
            raise
    return len(wanted) - written


def _names(lines: list[str]) -> dict[str, str]:
    """The file of each picture, as the table says; a gateway's table leads to no other folder either."""
    import csv

    named = {row.get("image"): PureWindowsPath(row.get("file") or "").name for row in csv.DictReader(lines)}
    return {image: name for image, name in named.items() if image and name.strip(".")}


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
