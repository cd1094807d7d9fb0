"""Alembic's entry: one connection, one transaction for all migrations."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from fluxroom.store.tables import metadata


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


if "connection" in context.config.attributes:
    _migrate(context.config.attributes["connection"])
else:
    engine = create_engine(f"sqlite:///{context.config.attributes['path']}")
    with engine.connect() as own:
        own.exec_driver_sql("PRAGMA journal_mode=WAL")
        own.commit()  # so that Alembic's transaction is its own, and is committed
        _migrate(own)
    engine.dispose()
