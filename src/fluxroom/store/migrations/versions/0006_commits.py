"""Where every connection to PostgreSQL marks what it commits, to know after a crash of the server what was committed.

SQLite needs none of it: there a commit is answered by this process itself.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_COMMITS = """
CREATE TABLE commits (
    link text PRIMARY KEY,    -- one held connection of one process
    mark bigint NOT NULL,     -- the number of its last transaction that was committed
    at timestamptz NOT NULL
)
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_COMMITS)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TABLE commits")
