"""How fast the studio's gallery is in a browser, over a library of 100,000 pictures.

    python -m bench.studio [--images 100000]

Needs a build (`make studio`), Node and chromium. The figures are of this machine, over loopback, drawn in software.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench.gallery import fill
from PIL import Image
from sqlalchemy import insert
from tests.studio.gateways import running_gateway

from fluxroom.store import open_store, tables

_BATCH = 5000
_DRAWN = 3000
"""Pictures, the newest, that have thumbnails: more than a run looks at."""


async def _fill(folder: Path, count: int) -> None:
    store = open_store(folder)
    board = {"id": "board", "owner": "local", "name": "board", "created_at": 0.0}
    await store.database.write(lambda connection: connection.execute(insert(tables.boards), board))
    for first in range(0, count, _BATCH):
        await store.database.write(partial(fill, first=first, last=min(first + _BATCH, count)))
    store.close()


def _draw(folder: Path, count: int) -> None:
    for number in range(max(0, count - _DRAWN), count):
        sha256 = f"{number:064x}"
        place = folder / "cache" / "thumbnails" / sha256[:2]
        place.mkdir(parents=True, exist_ok=True)
        out = io.BytesIO()
        Image.effect_noise((256, 256), number % 90).save(out, "WEBP", quality=40)
        (place / f"{sha256}-256.webp").write_bytes(out.getvalue())


def main() -> None:
    """Fill a library, open its gallery five times, print what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=100_000)
    count = parser.parse_args().images
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(_fill(folder, count))
        _draw(folder, count)
        with running_gateway(folder) as address:
            command = ["node", "browser/speed.mjs", address]
            done = subprocess.run(command, cwd=Path(__file__).parents[1] / "studio", check=True, stdout=subprocess.PIPE)
    sys.stdout.write(f"{count} pictures: {done.stdout.decode()}")


if __name__ == "__main__":
    main()
