"""Painted pictures of tasks: made on demand from the task's row in a worker thread, and kept for a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from fluxroom.sandbox.painter import Painting, paint

if TYPE_CHECKING:
    from fluxroom.sandbox.books import Books
    from fluxroom.sandbox.tasks import Task

_KEPT_BYTES: Final = 64 * 1024 * 1024
EXTENSIONS: Final = {"png": "png", "jpeg": "jpg", "webp": "webp"}


def painting_of(task: Task, index: int, books: Books) -> Painting:
    """What the painter needs for one picture of a task."""
    row = task.picture
    small = [books.blob(name) for name in row.get("references", [])]
    mask = books.blob(row["mask"]) if row.get("mask") else None
    return Painting(
        prompt=row["prompt"],
        seed=int(row["seed"]) + index,
        width=int(row["width"]),
        height=int(row["height"]),
        output_format=row["format"],
        references=tuple(kept[1] for kept in small if kept is not None),
        mask=None if mask is None else mask[1],
        note=task.endpoint,
        black=bool(row.get("black")) or "media-black" in task.faults,
    )


class Gallery:
    """Paints off the event loop and remembers the newest pictures."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._size = 0

    async def picture(self, task: Task, index: int = 0) -> bytes:
        """The encoded picture."""
        key = (task.id, index)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        data = await asyncio.to_thread(paint, painting_of(task, index, self._books))
        if key not in self._kept:
            self._kept[key] = data
            self._size += len(data)
        while self._size > _KEPT_BYTES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._size -= len(old)
        return data
