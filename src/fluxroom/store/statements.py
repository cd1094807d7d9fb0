"""Statements that every job needs, compiled once for SQLite's own driver.

Run through SQLAlchemy they cost three times as much there (docs/performance.md). It still writes the SQL and knows the
types; on PostgreSQL, where the journey to the server is what costs, it runs the statement too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Update

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
        return compiled.string, _binds(compiled, dialect)


class Question:
    """A select that is asked again and again.

    Args:
        statement: its bind parameters are single values; a list that it names must be part of its text.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self._for_sqlite: _Compiled | None = None

    def rows(self, connection: Connection, **values: Any) -> Sequence[Sequence[Any]]:
        """What it finds: rows of the selected columns, with values as SQLAlchemy's types give them."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self.statement, values).all()
        if self._for_sqlite is None:
            self._for_sqlite = _Compiled(self.statement, connection.dialect)
        driver: Any = connection.connection.driver_connection
        return self._for_sqlite.rows(driver, values)


class _Compiled:
    """A select in the words of one database, with what turns our values into its values and back."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self._text: str = compiled.string
        # What the statement itself compares with; what a caller forgets must be an error, not NULL.
        self._fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._binds = _binds(compiled, dialect)
        converts = (
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.selected_columns
        )
        self._results = [(place, convert) for place, convert in enumerate(converts) if convert]

    def rows(self, driver: Any, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        given = {**self._fixed, **values}
        asked = [given[name] if convert is None else convert(given[name]) for name, convert in self._binds]
        found: list[Any] = driver.execute(self._text, asked).fetchall()
        return [self._converted(row) for row in found] if self._results else found

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place, convert in self._results:
            values[place] = convert(values[place])
        return values


def _binds(compiled: Any, dialect: Dialect) -> list[_Bind]:
    """The bind parameters in their order, each with what turns its value into the database's."""
    return [
        (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in compiled.positiontup
    ]
