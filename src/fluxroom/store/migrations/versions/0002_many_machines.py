"""What PostgreSQL needs besides the tables: SQLite's way to sort, news of every commit, the processes' signs of life.

SQLite needs none of it: it sorts by bytes, and processes on one machine watch the file and hold lock files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from fluxroom.store.tables import metadata

revision = "0002"
down_revision = "0001"

# A payload may have 8,000 bytes, and only `why` can be long.
_TELL = """
CREATE FUNCTION fluxroom_tell_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.why := left(NEW.why, 500);
    PERFORM pg_notify('fluxroom_events', row_to_json(NEW)::text);
    RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE TRIGGER fluxroom_tell_event AFTER INSERT ON job_events
FOR EACH ROW EXECUTE FUNCTION fluxroom_tell_event()
"""
_PROCESSES = """
CREATE TABLE processes (
    id text PRIMARY KEY,
    seen_at timestamptz NOT NULL,    -- the last sign of life, by the database's clock
    steady_at timestamptz NOT NULL,  -- since when no sign of life has been missed
    lease double precision NOT NULL  -- seconds after which it counts as dead
)
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _sort_by_bytes()
        for statement in (_TELL, _TRIGGER, _PROCESSES):
            op.execute(statement)


def _sort_by_bytes() -> None:
    """Ids are compared as text, and a page ends where the next one begins: on every server in the same order."""
    inspector = sa.inspect(op.get_bind())
    for table in sorted(set(metadata.tables) & set(inspector.get_table_names())):
        texts = [column["name"] for column in inspector.get_columns(table) if isinstance(column["type"], sa.Text)]
        changes = ", ".join(f'ALTER COLUMN "{name}" TYPE text COLLATE "C"' for name in texts)
        if changes:
            op.execute(f'ALTER TABLE "{table}" {changes}')


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TABLE processes")
        op.execute("DROP TRIGGER fluxroom_tell_event ON job_events")
        op.execute("DROP FUNCTION fluxroom_tell_event")
