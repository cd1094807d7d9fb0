"""The SQLite file that holds tasks, requests, uploads and settings, so that several processes share one world."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Final

import orjson

from fluxroom.sandbox.tasks import COLUMNS, Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, provider TEXT, endpoint TEXT, key_id TEXT, submitted REAL,
  started REAL, ready REAL, outcome TEXT, cost REAL, rest BLOB);
CREATE INDEX IF NOT EXISTS tasks_ready ON tasks (provider, ready, endpoint, outcome, cost);
CREATE TABLE IF NOT EXISTS requests (id INTEGER PRIMARY KEY, at REAL, line BLOB);
CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, content_type TEXT, meta BLOB, bytes BLOB);
CREATE TABLE IF NOT EXISTS counters (scope TEXT, name TEXT, used INTEGER, PRIMARY KEY (scope, name));
CREATE TABLE IF NOT EXISTS plans (id INTEGER PRIMARY KEY, name TEXT, value TEXT, provider TEXT, endpoint TEXT,
  key_id TEXT, remaining INTEGER);
CREATE TABLE IF NOT EXISTS peaks (provider TEXT, endpoint TEXT, peak INTEGER, PRIMARY KEY (provider, endpoint));
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB);
"""
_ADD_TASK: Final = f"INSERT INTO tasks ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)"  # noqa: S608  fixed column list
_ONE_TASK: Final = f"SELECT {COLUMNS} FROM tasks WHERE id = ?"  # noqa: S608  fixed column list
_ALL_TASKS: Final = f"SELECT {COLUMNS} FROM tasks ORDER BY rowid"  # noqa: S608  fixed column list
_COUNT_USE: Final = """INSERT INTO counters VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET used = used + 1
  WHERE used < ? RETURNING used"""
_ADD_PEAK: Final = "INSERT INTO peaks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET peak = max(peak, excluded.peak)"
_TABLES: Final = ("tasks", "requests", "blobs", "counters", "plans", "peaks")

Row = tuple[Any, ...]


class Books:
    """Statements over one SQLite connection. A file is in WAL mode: any number of processes may hold it.

    Writes are not synced to the disk (a killed process loses nothing, a power cut may), because the books are
    a test's witness and not somebody's money.
    """

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            ":memory:" if path is None else path, timeout=30, isolation_level=None, check_same_thread=False
        )
        if path is not None:
            self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run one statement and fetch all of its rows."""
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement and say how many rows it changed."""
        with self._lock:
            return self._db.execute(statement, values).rowcount

    def begin(self) -> None:
        """Take the write lock, over all processes, until ``commit``."""
        self.run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make what was done since ``begin`` visible."""
        self.run("COMMIT")

    def add_task(self, task: Task) -> None:
        """Keep a new task."""
        self.run(_ADD_TASK, task.columns())

    def task(self, task_id: str) -> Task | None:
        """The task of this id."""
        found = self.rows(_ONE_TASK, (task_id,))
        return Task.from_row(found[0]) if found else None

    def tasks(self) -> list[Task]:
        """All tasks, oldest first."""
        return [Task.from_row(row) for row in self.rows(_ALL_TASKS)]

    def end_task(self, task_id: str, *, outcome: str, ready: float) -> bool:
        """Give a task that is not done another end; False when it was done already."""
        return (
            self.run(
                "UPDATE tasks SET outcome = ?, ready = ? WHERE id = ? AND ready > ?", (outcome, ready, task_id, ready)
            )
            > 0
        )

    def count_use(self, scope: str, name: str, limit: int) -> bool:
        """Count one use of a switch; False when it has been used ``limit`` times."""
        return limit > 0 and bool(self.rows(_COUNT_USE, (scope, name, limit)))

    def add_request(self, at: float, line: dict[str, Any]) -> None:
        """Keep one received request."""
        self.run("INSERT INTO requests (at, line) VALUES (?, ?)", (at, orjson.dumps(line)))

    def requests(self) -> list[dict[str, Any]]:
        """All received requests, oldest first."""
        lines: list[dict[str, Any]] = []
        for number, at, line in self.rows("SELECT id, at, line FROM requests ORDER BY id"):
            lines.append({"number": number, "at": at, **orjson.loads(line)})
        return lines

    def add_blob(self, name: str, content_type: str, data: bytes, meta: dict[str, Any] | None = None) -> None:
        """Keep bytes under a name."""
        self.run(
            "INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?)", (name, content_type, orjson.dumps(meta or {}), data)
        )

    def blob(self, name: str) -> tuple[str, bytes, dict[str, Any]] | None:
        """Content type, bytes and notes kept under a name."""
        found = self.rows("SELECT content_type, bytes, meta FROM blobs WHERE name = ?", (name,))
        return (found[0][0], found[0][1], orjson.loads(found[0][2])) if found else None

    def peak(self, provider: str, endpoint: str, count: int) -> None:
        """Remember the largest number of tasks in flight."""
        self.run(_ADD_PEAK, (provider, endpoint, count))

    def setting(self, name: str) -> Any:
        """A kept setting, None when it was never set."""
        found = self.rows("SELECT value FROM settings WHERE name = ?", (name,))
        return orjson.loads(found[0][0]) if found else None

    def set(self, name: str, value: Any) -> None:
        """Keep a setting."""
        self.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, orjson.dumps(value)))

    def set_default(self, name: str, value: Any) -> Any:
        """Keep a setting unless another process was first; the one that holds."""
        self.run("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, orjson.dumps(value)))
        return self.setting(name)

    def reset(self) -> None:
        """Forget everything but the keys with which addresses and webhooks are signed."""
        for table in _TABLES:
            self.run(f"DELETE FROM {table}")  # noqa: S608  names from a fixed list
        self.run("DELETE FROM settings WHERE name NOT LIKE 'secret-%'")
