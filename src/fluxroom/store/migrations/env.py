"""Alembic's entry: one connection, one transaction for all migrations."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine

from fluxroom.store.tables import metadata

engine = create_engine(f"sqlite:///{context.config.attributes['path']}")
with engine.connect() as connection:
    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    connection.commit()  # so that Alembic's transaction is its own, and is committed
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
