"""What a run has made so far: its items with their jobs, pictures and money, page by page, and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from sqlalchemy import Connection

from fluxroom.flows.bulk.file_names import FileNames
from fluxroom.store import Store, run_results, runs
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Job
from fluxroom.store.run_results import Made
from fluxroom.store.runs import STATES, Item, Run
from fluxroom.types import JSON

_PAGE = 500
"""Items read at once."""

DELETED = "its pictures have been deleted since"
"""What is said of an item whose pictures are gone."""

COLUMNS = (
    "row",
    "state",
    "prompt",
    "model",
    "route",
    "file",
    "width",
    "height",
    "seed",
    "seconds",
    "charged",
    "charge",
    "generation",
    "image",
    "error",
)
"""The columns of the table; money in US dollars."""


@dataclass(frozen=True, slots=True)
class Result:
    """An item and what became of it."""

    item: Item
    made: Made = field(default_factory=Made)

    @property
    def jobs(self) -> Sequence[Job]:
        """What was sent for it."""
        return self.made.jobs

    @property
    def images(self) -> Sequence[StoredImage]:
        """Its pictures."""
        return self.made.images

    @property
    def gone(self) -> bool:
        """Whether it was made, and its pictures have been deleted since."""
        return self.item.state == "done" and not self.images

    @property
    def charged(self) -> Decimal:
        """Known to be charged, in US dollars."""
        return sum((job.charged for job in self.jobs if job.charged is not None), Decimal(0))

    @property
    def charge(self) -> str:
        """charged, not_charged or unknown: one job in doubt leaves the item in doubt."""
        states = {job.charge_state for job in self.jobs}
        return "unknown" if "unknown" in states else "charged" if "charged" in states else "not_charged"

    @property
    def seconds(self) -> float | None:
        """From the first submit to the last picture's being ready."""
        begun = [job.submitted_at for job in self.jobs if job.submitted_at]
        ready = [job.ready_at for job in self.jobs if job.ready_at]
        return max(0.0, max(ready) - min(begun)) if begun and ready else None


async def page(
    store: Store, run: str, *, states: Sequence[str] = STATES, after: int = -1, limit: int = 100
) -> list[Result]:
    """Some items with what became of them, in their order, beginning behind position `after`."""

    def work(connection: Connection) -> list[Result]:
        found = runs.items(connection, run, states=states, after=after, limit=limit)
        made = run_results.made(connection, found)
        return [Result(one, made.get(one.generation, Made())) for one in found]

    return await store.database.read(work)


async def everything(store: Store, run: str) -> AsyncIterator[Result]:
    """All items, read page by page."""
    after = -1
    while found := await page(store, run, after=after, limit=_PAGE):
        for one in found:
            yield one
        after = found[-1].item.position


async def files(store: Store, run: Run) -> AsyncIterator[tuple[Result, StoredImage, str]]:
    """Every picture of a run with the name of its file, always the same one; none that was made again since."""
    last = await store.database.read(partial(runs.last_position, run=run.id))
    names = FileNames(str(run.spec.get("file_name") or "{row}-{prompt}"), rows=last + 1)
    async for one in everything(store, run.id):
        for number, picture in enumerate(one.images if one.item.state != "replaced" else ()):
            own = str(one.item.note.get("file") or "")
            yield one, picture, names.of(_fields(one, picture), picture.mime, number, own=own)


async def as_csv(store: Store, run: Run) -> AsyncIterator[str]:
    """The run as CSV, line by line: a line a picture, and one for every item without."""
    yield _line(COLUMNS)
    names = {picture.id: name async for _, picture, name in files(store, run)}
    async for one in everything(store, run.id):
        for picture in one.images or (None,):
            yield _line([_cell(one, picture, names).get(column, "") for column in COLUMNS])


def _fields(one: Result, picture: StoredImage) -> dict[str, JSON]:
    asked = {name: value for name, value in one.item.asked.items() if isinstance(value, (str, int, float))}
    own = {"row": one.item.position + 1, "seed": picture.seed, "id": picture.id[-8:], "key": one.item.key}
    return {**asked, **{name: value for name, value in own.items() if value is not None}}


def _cell(one: Result, picture: StoredImage | None, names: Mapping[str, str]) -> dict[str, object]:
    item = one.item
    first = picture is None or picture.id == one.images[0].id
    return {
        "row": item.position + 1,
        "state": item.state,
        "prompt": item.asked.get("prompt") or "",
        "model": item.asked.get("model") or "",
        "route": one.jobs[0].route if one.jobs else "",
        "file": names.get(picture.id, "") if picture else "",
        "width": picture.width if picture else "",
        "height": picture.height if picture else "",
        "seed": picture.seed if picture and picture.seed is not None else "",
        "seconds": "" if one.seconds is None else f"{one.seconds:.2f}",
        # What an item cost stands once, so that the column adds up.
        "charged": f"{one.charged.normalize():f}" if first else "",
        "charge": one.charge,
        "generation": item.generation,
        "image": picture.id if picture else "",
        "error": (item.error or {}).get("message", "") or (DELETED if one.gone else ""),
    }


def _line(cells: Sequence[object]) -> str:
    out = io.StringIO()
    # With "\n" as its end of lines the writer would leave a cell with a lone "\r" unquoted, which no reader takes.
    csv.writer(out, lineterminator="\r\n").writerow([_harmless(str(cell)) for cell in cells])
    return out.getvalue().removesuffix("\r\n") + "\n"


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
