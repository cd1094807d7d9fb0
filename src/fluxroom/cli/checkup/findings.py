"""Looks at what is set up on this machine, without changing anything and without paying anything."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fluxroom.errors import FluxroomError, LocalError, MissingKey, Unauthorized

if TYPE_CHECKING:
    from fluxroom.settings import Settings
    from fluxroom.store.retention import Rules

Level = Literal["good", "note", "bad"]

_LITTLE_ROOM = 1024**3
"""Bytes below which the disk is called nearly full: some hundred pictures."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    detail: str
    next: str = ""
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON."""
        return {name: value for name, value in asdict(self).items() if value != "" and name != "exit_code"}


def versions() -> Finding:
    """What runs here."""
    from importlib.metadata import version

    python = ".".join(map(str, sys.version_info[:3]))
    return Finding("good", "version", f"fluxroom {version('fluxroom')}, Python {python}, {platform.platform()}")


def environment(settings: Settings) -> Iterator[Finding]:
    """Every variable that is set; of secrets only that they are. Names that look like ours and are not are told."""
    from fluxroom.settings import is_secret

    for name in sorted(settings.model_fields_set):
        field = type(settings).model_fields[name]
        value = getattr(settings, name)
        yield Finding("good", str(field.validation_alias), "set" if is_secret(field.annotation) else str(value))
    known = {str(field.validation_alias) for field in type(settings).model_fields.values()}
    for name in sorted(os.environ):
        if name.startswith("FLUXROOM_") and name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=1, cutoff=0.8)
            yield Finding("note", name, "is not a setting", f"Did you mean {near[0]}?" if near else "Remove it.")


def raw_environment(wrong: str) -> Iterator[Finding]:
    """The same when the settings cannot be read: the variables as they stand, without the one that is wrong."""
    from fluxroom.settings import Settings, is_secret

    for field in Settings.model_fields.values():
        name = str(field.validation_alias)
        if name != wrong and os.environ.get(name):
            yield Finding("good", name, "set" if is_secret(field.annotation) else os.environ[name])


def where(settings: Settings) -> Finding:
    """Sandbox or real providers."""
    from fluxroom.engine.accounts import accounts, in_sandbox

    if in_sandbox(settings):
        why = "as asked for" if settings.sandbox else "because no key is set"
        return Finding("note", "providers", f"the built-in sandbox, {why}: pictures are for practice and cost nothing")
    found = accounts(settings)
    words = [f"{name} {'sandbox on this machine' if account.sandbox else 'real'}" for name, account in found.items()]
    return Finding("good", "providers", ", ".join(words) or "none")


def folder(path: Path) -> Finding:
    """Whether the data folder can be written, and how much room there is."""
    nearest = next(place for place in (path, *path.parents) if place.exists())
    try:
        # A right can be there and the disk read-only all the same; a file that is gone at once tells the truth.
        with tempfile.TemporaryFile(dir=nearest):
            free = shutil.disk_usage(nearest).free
    except OSError:
        return Finding(
            "bad",
            "data folder",
            f"{path} cannot be written",
            "Give this user the right to write there, or set FLUXROOM_DATA.",
            LocalError.exit_code,
        )
    room = f"{free / 1024**3:.1f} GB free"
    if free < _LITTLE_ROOM:
        return Finding("note", "data folder", f"{path}, only {room}", "Make room: a picture takes 1 to 20 MB.")
    return Finding("good", "data folder", f"{path}, {room}" + ("" if path.exists() else ", made when it is needed"))


async def database(path: Path, url: str = "", rules: Rules | None = None) -> AsyncIterator[Finding]:
    """Whether the database answers, and what in it waits for somebody."""
    if not url and not (path / "fluxroom.db").exists():
        yield Finding("good", "database", "none yet, made when it is needed")
        return
    from fluxroom.engine.lifecycle import SETTLED, State
    from fluxroom.store import jobs, open_store
    from fluxroom.store.retention import NOTHING, due

    try:
        store = open_store(path, url)
    except FluxroomError as error:
        yield Finding("bad", "database", error.detail, error.next_step, error.exit_code)
        return
    try:
        waiting = [str(state) for state in State if state not in SETTLED]
        found = await store.database.read(lambda connection: jobs.in_states(connection, [*waiting, "unknown"]))
        going = await due(store, rules) if rules else NOTHING
    finally:
        store.close()
    place = store.fleet.address if store.fleet else ""
    yield Finding("good", "database", f"PostgreSQL at {place} answers" if place else "answers")
    doubts = [job for job in found if job.state == "unknown"]
    if doubts:
        yield Finding("note", "jobs", f"{len(doubts)} in doubt", "Decide: `fluxroom jobs --state unknown`.")
    if len(found) > len(doubts):
        yield Finding("note", "jobs", f"{len(found) - len(doubts)} unfinished", "Go on: `fluxroom jobs resume`.")
    if pictures := going.trashed + going.old:
        told = f"{pictures} pictures are due to be deleted, {going.size_bytes / 1e6:.1f} MB"
        yield Finding("note", "retention", told, "See `fluxroom prune --dry-run`; a gateway does it by itself.")


async def keys(settings: Settings) -> AsyncIterator[Finding]:
    """What each provider says to its key; asked in ways that cost nothing."""
    from fluxroom.engine.accounts import accounts, in_sandbox
    from fluxroom.engine.availability import check_key
    from fluxroom.engine.courier import Courier
    from fluxroom.engine.egress import inside_hosts
    from fluxroom.engine.transport import AiohttpTransport
    from fluxroom.types import PROVIDERS

    if in_sandbox(settings):
        return
    found = accounts(settings)
    transport = AiohttpTransport(inside=inside_hosts(settings))
    try:
        for provider in PROVIDERS:
            if provider not in found:
                variable = {"bfl": "BFL_API_KEY", "fal": "FAL_KEY"}[provider]
                yield Finding("note", f"{provider} key", "not set", f"Set {variable} to use its routes.")
                continue
            answer = await check_key(Courier(transport, found, settings), provider)
            if answer.good:
                yield Finding("good", f"{provider} key", f"works{', ' + answer.detail if answer.detail else ''}")
            elif answer.good is None:
                yield Finding("note", f"{provider} key", answer.detail, "Check the network, then try again.")
            else:
                told = "Make a new one at the provider and set it."
                yield Finding("bad", f"{provider} key", answer.detail, told, Unauthorized.exit_code)
    finally:
        await transport.close()


def what_next(settings: Settings, found: list[Finding]) -> str:
    """The one thing to do now."""
    from fluxroom.engine.accounts import in_sandbox

    bad = next((finding for finding in found if finding.level == "bad"), None)
    if bad:
        return bad.next
    if in_sandbox(settings):
        return (
            "Try it: fluxroom generate 'a red fox in fresh snow'. "
            f"For real pictures: {MissingKey.advice.split(', or set FLUXROOM')[0]}."
        )
    return "Make a picture: fluxroom generate 'a red fox in fresh snow' --max-price 0.05"


async def gateway(settings: Settings) -> Finding:
    """Whether the gateway that FLUXROOM_URL names answers, and takes our key."""
    from fluxroom.working import open_books

    try:
        async with open_books(settings) as books:
            accounts = await books.providers()
    except FluxroomError as error:
        return Finding("bad", "gateway", error.detail, error.next_step, error.exit_code)
    ready = [one.provider + (" (sandbox)" if one.sandbox else "") for one in accounts if one.set_up]
    level: Level = "good" if ready else "note"
    return Finding(
        level, "gateway", f"{settings.url} does the work, with {' and '.join(ready) or 'no provider set up'}"
    )
