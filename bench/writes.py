"""What a small write costs on SQLite and on PostgreSQL: `python -m bench.writes`.

100 callers, each with one write at a time, 3,000 in all: a row is changed by its key and the answer is waited for. Both
databases write to disk before they answer. CPU is this process's; the server's own is named beside it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.database import temporary
from bench.instruments import machine, table
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, bindparam, insert, update

from fluxroom.interpreter import tune
from fluxroom.store import Store, open_store

CALLERS, EACH, ROUNDS = 100, 30, 5

_metadata = MetaData()
_notes = Table("notes", _metadata, Column("id", Integer, primary_key=True), Column("value", Text))
_CHANGE = update(_notes).where(_notes.c.id == bindparam("b_id")).values(value=bindparam("b_value"))


async def measure(store: Store, server: Callable[[], float]) -> list[str]:
    """The best of some rounds: CPU per write here and in the server, writes a second, and one write alone."""
    await store.database.write(_fill)
    rounds = [await _round(store, server) for _ in range(ROUNDS + 1)][1:]
    cpu, there, rate = min(rounds)
    alone = sorted([await _timed(store) for _ in range(200)])
    return [f"{cpu:.0f}", f"{there:.0f}", f"{rate:,.0f}", f"{alone[100] * 1000:.2f} / {alone[198] * 1000:.2f}"]


async def _round(store: Store, server: Callable[[], float]) -> tuple[float, float, float]:
    async def caller(number: int) -> None:
        for one in range(EACH):
            await store.database.write(_change(number, str(one)))

    writes = CALLERS * EACH
    begun, here, there = time.perf_counter(), _own(), server()
    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    seconds = time.perf_counter() - begun
    return (_own() - here) / writes * 1e6, (server() - there) / writes * 1e6, writes / seconds


async def _timed(store: Store) -> float:
    begun = time.perf_counter()
    await store.database.write(_change(0, "alone"))
    return time.perf_counter() - begun


def _fill(connection: Connection) -> None:
    _metadata.create_all(connection)
    connection.execute(insert(_notes), [{"id": number, "value": ""} for number in range(CALLERS)])


def _change(number: int, value: str) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        connection.execute(_CHANGE, {"b_id": number, "b_value": value})

    return work


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _of_children(parent: int) -> float:
    """CPU seconds of a process's children, from /proc."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split() if entry.name.isdigit() else []
        except OSError:  # it has ended meanwhile
            continue
        if fields and int(fields[1]) == parent:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    tune()
    print(f"{machine()}\n")
    lines = []
    with tempfile.TemporaryDirectory() as folder, temporary() as server:
        urls = {"SQLite": "", "PostgreSQL": server.empty()}
        for name, url in urls.items():
            store = open_store(Path(folder) / name, url)
            parent = server.process_id if url else 0
            lines.append([name, *asyncio.run(measure(store, partial(_of_children, parent)))])
            store.close()
    print(table(("database", "CPU µs/write", "server's", "writes/s", "alone p50 / p99 ms"), lines))


if __name__ == "__main__":
    main()
