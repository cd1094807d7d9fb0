"""Statements that every job needs, compiled once for SQLite's own driver.

Run through SQLAlchemy they cost three times as much there (docs/performance.md). It still writes the SQL and knows the
types; on PostgreSQL, where the journey to the server is what costs, it runs the statement too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

_Bind = tuple[str, Callable[[Any], Any] | None]


class Prepared:
    """An insert or update that is run again and again.

    Args:
        statement: its parameters are columns (insert) or bind parameters (update); every run names the same ones.
    """

    def __init__(self, statement: Insert | Update) -> None:
        self.statement = statement
        self._for_sqlite: tuple[str, list[_Bind]] | None = None

    def run(self, connection: Connection, *rows: Mapping[str, Any]) -> int:
        """Run it for each of these rows of parameters; returns how many rows of the table it has changed."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self.statement, rows[0] if len(rows) == 1 else list(rows)).rowcount
        if self._for_sqlite is None:
            self._for_sqlite = self._compiled(connection.dialect, list(rows[0]))
        text, binds = self._for_sqlite
        driver: Any = connection.connection.driver_connection
        changed = 0
        for row in rows:
            values = [row[name] if convert is None else convert(row[name]) for name, convert in binds]
            changed += driver.execute(text, values).rowcount
        return changed

    def _compiled(self, dialect: Dialect, names: list[str]) -> tuple[str, list[_Bind]]:
        insert = isinstance(self.statement, Insert) and self.statement.select is None
        compiled: Any = self.statement.compile(dialect=dialect, column_keys=names if insert else None)
        return compiled.string, [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup
        ]
