"""Our side of the audit: what the data folder says of every job, read from outside while workers live and die."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import orjson

_JOBS = """SELECT jobs.id, jobs.state, jobs.provider, jobs.model, jobs.request_id, jobs.charge_state, jobs.charged,
  jobs.attempt, jobs.error, generations.prompt FROM jobs JOIN generations ON generations.id = jobs.generation"""
_COUNTS = "SELECT state, count(*) FROM jobs GROUP BY state"
_HELD = "SELECT state, count(*) FROM jobs WHERE holder LIKE ? AND state IN ({}) GROUP BY state"
_IN_DOUBT = "SELECT count(*) FROM jobs WHERE holder LIKE ? AND state = 'unknown' AND changed_at >= ?"
_SENDING = "SELECT id FROM jobs WHERE holder LIKE ? AND state = 'submitting'"
_PICTURES = "SELECT job, sha256 FROM images"

UNSETTLED = ("queued", "submitting", "running", "fetching")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One job, as far as the audit looks at it."""

    id: str
    state: str
    provider: str
    model: str
    token: str  # the first word of its prompt, which no other job has
    request_id: str
    charge_state: str
    charged: Decimal | None
    attempt: int
    code: str  # of its error
    pictures: int  # whole files that are there and fit their name


@contextmanager
def _reading(folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{folder / 'fluxroom.db'}?mode=ro", uri=True, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def read_jobs(folder: Path) -> list[JobRow]:
    """All jobs."""
    with _reading(folder) as connection:
        pictures = Counter(job for job, digest in connection.execute(_PICTURES) if _is_whole(folder, digest))
        return [
            JobRow(
                id=row[0],
                state=row[1],
                provider=row[2],
                model=row[3],
                request_id=row[4],
                charge_state=row[5],
                charged=None if row[6] is None else Decimal(row[6]) / 1_000_000,
                attempt=row[7],
                code=str((orjson.loads(row[8] or "null") or {}).get("code", "")),
                token=row[9].split(" ", 1)[0],
                pictures=pictures[row[0]],
            )
            for row in connection.execute(_JOBS)
        ]


def _is_whole(folder: Path, digest: str) -> bool:
    path = folder / "blobs" / digest[:2] / digest
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def counts(folder: Path) -> Counter[str]:
    """How many jobs are in each state."""
    with _reading(folder) as connection:
        return Counter(dict(connection.execute(_COUNTS).fetchall()))


def held(folder: Path, pid: int, since: float) -> Counter[str]:
    """What a process that has just died left behind, by state.

    Args:
        folder: the data folder.
        pid: the process.
        since: when it died: what another process has found in doubt from then on, it was sending.
    """
    owner = f"{pid}-%"
    with _reading(folder) as connection:
        statement = _HELD.format(",".join("?" * len(UNSETTLED)))
        found = Counter(dict(connection.execute(statement, (owner, *UNSETTLED)).fetchall()))
        found["submitting"] += connection.execute(_IN_DOUBT, (owner, since)).fetchone()[0]
    return +found


def sending(folder: Path, pid: int) -> set[str]:
    """The jobs that a process has written down to be sent and has no ticket of."""
    with _reading(folder) as connection:
        return {job for (job,) in connection.execute(_SENDING, (f"{pid}-%",))}
