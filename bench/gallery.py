"""How fast a library of 100,000 pictures is: its first screen, its search, its filters and counts.

    python -m bench.gallery [sqlite|postgresql] [--images 100000]

The figures are those of the database alone, on this machine, warm; the median and the slowest of 15.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from bench.database import temporary
from sqlalchemy import Connection, insert, text
from tests.store.rows import generation, row

from fluxroom.store import Store, images, library, open_store, tables
from fluxroom.store.images import StoredImage
from fluxroom.store.library import Wanted

_MODELS = [("bfl", "flux-2-pro"), ("bfl", "flux-2-max"), ("fal", "flux-2"), ("fal", "flux-dev"), ("fal", "flux-krea")]
_NOUNS = ["fox", "harbour", "snow", "lantern", "portrait", "bridge", "forest", "kitchen", "astronaut", "whale"]
_MOODS = ["quiet", "golden", "foggy", "neon", "dusty", "wet", "bright", "cold"]
_MANY = [f"word{number}" for number in range(4000)]
_DAY = 86400.0


def fill(connection: Connection, first: int, last: int) -> None:
    """Generations with a job and a picture each, ids rising, one in fifty a favourite, some tagged and on boards."""
    chance = random.Random(first)
    made, jobs, pictures, tags, board = [], [], [], [], []
    for number in range(first, last):
        provider, model = chance.choices(_MODELS, [50, 20, 20, 9, 0.2])[0]
        mode = chance.choice(["generate", "generate", "generate", "edit"])
        words = [chance.choice(_MOODS), chance.choice(_NOUNS), *chance.choices(_MANY, k=18)]
        about = generation(id=f"{number:010d}g00000000000", prompt=" ".join(words), mode=mode, created_at=1e9 + number)
        made.append({name: getattr(about, name) for name in about.__slots__} | {"references": []})
        job = row(about, id=f"{number:010d}j00000000000", state="succeeded", provider=provider, model=model)
        jobs.append(job | {"charged": Decimal("0.03"), "charge_state": "charged"})
        pictures.append(_picture(number, job["id"], chance))
        if number % 20 == 0:
            tags.append({"image": pictures[-1].id, "tag": chance.choice(["keep", "client a", "client b"])})
        if number % 33 == 0:
            board.append({"board": "board", "image": pictures[-1].id, "added_at": 0.0})
    connection.execute(insert(tables.generations), made)
    connection.execute(insert(tables.jobs), jobs)
    images.add(connection, pictures)
    connection.execute(insert(tables.image_tags), tags)
    connection.execute(insert(tables.board_images), board)


def _picture(number: int, job: str, chance: random.Random) -> StoredImage:
    return StoredImage(
        id=f"{number:010d}p00000000000",
        job=job,
        number=0,
        sha256=f"{number:064x}",
        mime="image/png",
        width=chance.choice([1024, 1440]),
        height=chance.choice([768, 1024]),
        size_bytes=1_000_000,
        seed=number,
        created_at=1e9 + number,
        owner="local" if number % 10 else "another",
    )


_BOARD = {"id": "board", "owner": "local", "name": "board", "created_at": 0.0}
_MARKS = text("UPDATE images SET favourite = (seed % 50 = 0), rating = CASE WHEN seed % 40 = 0 THEN 4 ELSE 0 END")
_ANALYZE = text("ANALYZE")

WANTED = {
    "first screen": Wanted(),
    "first screen of one owner": Wanted(owner="local"),
    "a common word": Wanted(words="fox"),
    "a common word, one owner": Wanted(words="fox", owner="local"),
    "two words": Wanted(words="foggy harbour"),
    "a rare word": Wanted(words="word77"),
    "a beginning": Wanted(words="foggy wor"),
    "two letters": Wanted(words="qu"),
    "no such word": Wanted(words="xylophone"),
    "a common word, a rare model": Wanted(words="fox", model="flux-krea"),
    "a rare model": Wanted(model="flux-krea"),
    "favourites": Wanted(favourite=True),
    "rated": Wanted(rating=4),
    "a tag": Wanted(tags=("client a",)),
    "a board": Wanted(board="board"),
    "a board and a word": Wanted(board="board", words="fox"),
    "portraits": Wanted(orientation="square"),
    "the trash": Wanted(trashed=True),
}


async def measure(store: Store, count: int) -> None:
    """Print a line for every question."""
    middle = f"{count // 2:010d}p00000000000"
    print(f"{'':32}{'page of 60':>20}{'from the middle':>20}{'counts':>20}")
    for name, wanted in WANTED.items():
        cells = []
        questions: tuple[Callable[[Connection], Any], ...] = (
            partial(library.page, wanted=wanted, limit=60),
            partial(library.page, wanted=wanted, limit=60, before=middle),
            partial(library.facets, wanted=wanted),
        )
        for work in questions:
            taken = []
            for _ in range(15):
                begun = time.perf_counter()
                await store.database.read(work)
                taken.append((time.perf_counter() - begun) * 1000)
            cells.append(f"{statistics.median(taken):8.1f} /{max(taken):6.1f} ms")
        print(f"{name:32}" + "".join(f"{cell:>20}" for cell in cells))


async def run(kind: str, count: int) -> None:
    """Fill a store of this kind and ask."""
    with ExitStack() as stack:
        url = stack.enter_context(temporary()).empty() if kind == "postgresql" else ""
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = open_store(folder, url)
        stack.callback(store.close)
        begun = time.perf_counter()
        await store.database.write(lambda c: bool(c.execute(insert(tables.boards), _BOARD)))
        for first in range(0, count, 5000):
            last = min(first + 5000, count)
            await store.database.write(lambda c, first=first, last=last: fill(c, first, last))
        await store.database.write(lambda c: bool(c.execute(_MARKS)))
        if url:
            await store.database.write(lambda c: bool(c.execute(_ANALYZE)))  # the server does so by itself in a minute
        print(f"{kind}: {count} pictures, written in {time.perf_counter() - begun:.0f} s")
        await measure(store, count)


def main() -> None:
    """Measure both databases, or the named one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", nargs="?", choices=["sqlite", "postgresql"])
    parser.add_argument("--images", type=int, default=100_000)
    told = parser.parse_args()
    for kind in [told.kind] if told.kind else ["sqlite", "postgresql"]:
        asyncio.run(run(kind, told.images))


if __name__ == "__main__":
    main()
