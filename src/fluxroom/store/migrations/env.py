"""Alembic's entry: one connection, one transaction for all migrations."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine, event

from fluxroom.store.tables import metadata


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


if "connection" in context.config.attributes:
    _migrate(context.config.attributes["connection"])
else:
    engine = create_engine(f"sqlite:///{context.config.attributes['path']}")
    # Python's driver begins no transaction for CREATE TABLE: killed in the middle, it would leave half a schema.
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    with engine.connect() as own, own.begin():
        _migrate(own)
    engine.dispose()
