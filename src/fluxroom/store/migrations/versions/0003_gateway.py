"""What a gateway for many people needs: its keys, their libraries (marks, tags, boards, uploads, search), its webhooks.

Prompts are found by SQLite's full-text index, kept by triggers, and by an expression index on PostgreSQL.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = (
    "image_tags",
    "boards",
    "board_images",
    "assets",
    "keys",
    "webhook_endpoints",
    "webhook_deliveries",
    "signing_keys",
)

# The id is indexed too: it is how a generation's words are found again when it is deleted.
_WORDS = """
CREATE VIRTUAL TABLE generation_words USING fts5(id, prompt, tokenize = "unicode61 remove_diacritics 2")
"""
_ADD_WORDS = """
CREATE TRIGGER generation_words_add AFTER INSERT ON generations
BEGIN INSERT INTO generation_words (id, prompt) VALUES (NEW.id, NEW.prompt); END
"""
_REMOVE_WORDS = """
CREATE TRIGGER generation_words_remove AFTER DELETE ON generations
BEGIN DELETE FROM generation_words WHERE rowid IN
    (SELECT rowid FROM generation_words WHERE generation_words MATCH 'id : "' || OLD.id || '"'); END
"""
_EARLIER_WORDS = "INSERT INTO generation_words (id, prompt) SELECT id, prompt FROM generations"
_SEARCH = "CREATE INDEX generations_words ON generations USING gin (to_tsvector('simple', prompt))"


def upgrade() -> None:
    _library()
    _uploads_and_keys()
    _webhooks()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_SEARCH)
        _sort_by_bytes()
    else:
        for statement in (_WORDS, _ADD_WORDS, _REMOVE_WORDS, _EARLIER_WORDS):
            op.execute(statement)


def _library() -> None:
    for column in (
        sa.Column("owner", sa.Text(), nullable=False, server_default="local"),
        sa.Column("favourite", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("rating", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trashed_at", sa.Float(), nullable=True),
    ):
        op.add_column("images", column)
    op.execute("UPDATE images SET owner = (SELECT owner FROM jobs WHERE jobs.id = images.job)")
    op.create_index("images_owner", "images", ["owner", "id"])
    op.create_index("images_trashed", "images", ["trashed_at"])
    op.create_table(
        "image_tags",
        sa.Column("image", sa.Text(), sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag", sa.Text(), primary_key=True),
    )
    op.create_index("image_tags_tag", "image_tags", ["tag", "image"])
    op.create_table(
        "boards",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
    )
    op.create_index("boards_owner", "boards", ["owner", "id"])
    op.create_table(
        "board_images",
        sa.Column("board", sa.Text(), sa.ForeignKey("boards.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("image", sa.Text(), sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("added_at", sa.Float(), nullable=False),
    )
    op.create_index("board_images_image", "board_images", ["image"])


def _uploads_and_keys() -> None:
    op.create_table(
        "assets",
        sa.Column("owner", sa.Text(), primary_key=True),
        sa.Column("sha256", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
    )
    op.create_index("assets_created", "assets", ["owner", "created_at"])
    op.create_table(
        "keys",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, unique=True),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=True),
        sa.Column("revoked_at", sa.Float(), nullable=True),
    )
    op.create_table(
        "signing_keys",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )


def _webhooks() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("disabled_at", sa.Float(), nullable=True),
    )
    op.create_index("webhook_endpoints_owner", "webhook_endpoints", ["owner", "id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("endpoint", sa.Text(), sa.ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
    )
    op.create_index("webhook_deliveries_due", "webhook_deliveries", ["state", "next_at"])
    op.create_index("webhook_deliveries_endpoint", "webhook_deliveries", ["endpoint", "id"])


def _sort_by_bytes() -> None:
    """As migration 0002 did for the tables before these."""
    inspector = sa.inspect(op.get_bind())
    for table in (*_TABLES, "images"):
        texts = [column["name"] for column in inspector.get_columns(table) if isinstance(column["type"], sa.Text)]
        op.execute(
            f'ALTER TABLE "{table}" ' + ", ".join(f'ALTER COLUMN "{name}" TYPE text COLLATE "C"' for name in texts)
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX generations_words")
    else:
        for trigger in ("generation_words_add", "generation_words_remove"):
            op.execute(f"DROP TRIGGER {trigger}")
        op.execute("DROP TABLE generation_words")
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_index("images_trashed", "images")
    op.drop_index("images_owner", "images")
    with op.batch_alter_table("images") as images:
        for column in ("trashed_at", "rating", "hidden", "favourite", "owner"):
            images.drop_column(column)
