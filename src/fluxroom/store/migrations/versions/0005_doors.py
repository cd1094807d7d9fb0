"""What the doors keep beside the generations: uploads, answers that are owed, and callers to call back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = ("door_uploads", "unanswered", "call_backs")


def upgrade() -> None:
    _uploads()
    _unanswered()
    _call_backs()
    if op.get_bind().dialect.name == "postgresql":
        _sort_by_bytes()


def _uploads() -> None:
    op.create_table(
        "door_uploads",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
    )


def _unanswered() -> None:
    op.create_table(
        "unanswered",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.create_index("unanswered_digest", "unanswered", ["owner", "digest", "at"])
    op.create_index("unanswered_at", "unanswered", ["at"])


def _call_backs() -> None:
    op.create_table(
        "call_backs",
        _generation(),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
    )
    op.create_index("call_backs_due", "call_backs", ["state", "next_at"])


def _generation() -> sa.Column[str]:
    return sa.Column("generation", sa.Text(), sa.ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True)


def _sort_by_bytes() -> None:
    """As migration 0002 did for the tables before these."""
    inspector = sa.inspect(op.get_bind())
    for table in _TABLES:
        texts = [column["name"] for column in inspector.get_columns(table) if isinstance(column["type"], sa.Text)]
        changes = ", ".join(f'ALTER COLUMN "{name}" TYPE text COLLATE "C"' for name in texts)
        op.execute(f'ALTER TABLE "{table}" {changes}')


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
