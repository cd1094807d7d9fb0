"""What a gateway for many people needs: its keys, their libraries (marks, tags, boards, uploads, search), its webhooks.

Prompts are found by SQLite's full-text index, kept by triggers, and by a generated column on PostgreSQL.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = (
    "inputs",
    "condemned",
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
_CHANGE_WORDS = """
CREATE TRIGGER generation_words_change AFTER UPDATE OF prompt ON generations
BEGIN
    DELETE FROM generation_words WHERE rowid IN
        (SELECT rowid FROM generation_words WHERE generation_words MATCH 'id : "' || OLD.id || '"');
    INSERT INTO generation_words (id, prompt) VALUES (NEW.id, NEW.prompt);
END
"""
_EARLIER_WORDS = "INSERT INTO generation_words (id, prompt) SELECT id, prompt FROM generations"

# The same for pictures: found in the order in which they were made, so that the first page needs no sorting.
_PICTURE_WORDS = """
CREATE VIRTUAL TABLE image_words
USING fts5(id, prompt, tokenize = "unicode61 remove_diacritics 2", prefix = "2 3")
"""
_ADD_PICTURE_WORDS = """
CREATE TRIGGER image_words_add AFTER INSERT ON images
BEGIN INSERT INTO image_words (id, prompt)
    SELECT NEW.id, prompt FROM generations WHERE generations.id = NEW.generation; END
"""
_REMOVE_PICTURE_WORDS = """
CREATE TRIGGER image_words_remove AFTER DELETE ON images
BEGIN DELETE FROM image_words WHERE rowid IN
    (SELECT rowid FROM image_words WHERE image_words MATCH 'id : "' || OLD.id || '"'); END
"""
_EARLIER_PICTURE_WORDS = """
INSERT INTO image_words (id, prompt)
SELECT images.id, generations.prompt FROM images JOIN generations ON generations.id = images.generation
ORDER BY images.id
"""
_ON_SQLITE = (
    _WORDS,
    _ADD_WORDS,
    _REMOVE_WORDS,
    _CHANGE_WORDS,
    _EARLIER_WORDS,
    _PICTURE_WORDS,
    _ADD_PICTURE_WORDS,
    _REMOVE_PICTURE_WORDS,
    _EARLIER_PICTURE_WORDS,
)
_TRIGGERS = (
    "generation_words_add",
    "generation_words_remove",
    "generation_words_change",
    "image_words_add",
    "image_words_remove",
)
_OF_THE_JOB = ("owner", "generation", "provider", "model", "mode", "sandbox")
_INDEXES = {
    "images_owner": ["owner", "id"],
    "images_model": ["model", "id"],
    "images_generation": ["generation"],
    "images_trashed": ["trashed_at"],
    "images_facets": ["owner", "trashed_at", "hidden", "provider", "model", "mode"],
}
_HASH = re.compile(r'"([0-9a-f]{64})"')

# Kept beside the prompt: to find its words again for every row that is looked at would take the time of the search.
# In small letters by Unicode's rules, whatever the server's locale knows of them.
_SEARCH = (
    """ALTER TABLE generations ADD COLUMN words tsvector
    GENERATED ALWAYS AS (to_tsvector('simple', lower(prompt COLLATE "und-x-icu"))) STORED""",
    "CREATE INDEX generations_words ON generations USING gin (words)",
)


def upgrade() -> None:
    _library()
    _put_together()
    _uploads_and_keys()
    _webhooks()
    if op.get_bind().dialect.name == "postgresql":
        for statement in _SEARCH:
            op.execute(statement)
        _sort_by_bytes()
    else:
        for statement in _ON_SQLITE:
            op.execute(statement)
    _earlier_inputs()


def _library() -> None:
    for column in (
        sa.Column("owner", sa.Text(), nullable=False, server_default="local"),
        sa.Column("generation", sa.Text(), nullable=False, server_default=""),
        sa.Column("provider", sa.Text(), nullable=False, server_default=""),
        sa.Column("model", sa.Text(), nullable=False, server_default=""),
        sa.Column("mode", sa.Text(), nullable=False, server_default=""),
        sa.Column("sandbox", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("favourite", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("rating", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trashed_at", sa.Float(), nullable=True),
    ):
        op.add_column("images", column)
    for name in _OF_THE_JOB:
        op.execute(f"UPDATE images SET {name} = (SELECT {name} FROM jobs WHERE jobs.id = images.job)")  # noqa: S608  names of ours
    for name, columns in _INDEXES.items():
        op.create_index(name, "images", columns)
    for name, condition in {"images_favourite": "favourite", "images_rated": "rating > 0"}.items():
        op.create_index(
            name,
            "images",
            ["id"],
            sqlite_where=sa.text("favourite = 1" if condition == "favourite" else condition),
            postgresql_where=sa.text(condition),
        )
    op.create_table(
        "inputs",
        sa.Column("sha256", sa.Text(), primary_key=True),
        sa.Column("generation", sa.Text(), sa.ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    )
    op.create_index("inputs_generation", "inputs", ["generation"])
    op.create_table(
        "condemned",
        sa.Column("sha256", sa.Text(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
    )


def _put_together() -> None:
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


def _earlier_inputs() -> None:
    """Which pictures the generations of before took in: their jobs' payloads name them by hash."""
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT generation, CAST(wire AS TEXT) FROM jobs"))
    rows = {(digest, generation) for generation, wire in found for digest in _HASH.findall(wire)}
    if rows:
        table = sa.table("inputs", sa.column("sha256"), sa.column("generation"))
        connection.execute(sa.insert(table), [{"sha256": one, "generation": taker} for one, taker in sorted(rows)])


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
        sa.Column("seen", sa.BigInteger(), nullable=False),
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
    op.create_index("webhook_deliveries_endpoint", "webhook_deliveries", ["endpoint", "created_at"])


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
        op.execute("ALTER TABLE generations DROP COLUMN words")
    else:
        for trigger in _TRIGGERS:
            op.execute(f"DROP TRIGGER {trigger}")
        for table in ("generation_words", "image_words"):
            op.execute(f"DROP TABLE {table}")
    for table in reversed(_TABLES):
        op.drop_table(table)
    for index in (*_INDEXES, "images_favourite", "images_rated"):
        op.drop_index(index, "images")
    with op.batch_alter_table("images") as images:
        for column in ("trashed_at", "rating", "hidden", "favourite", *_OF_THE_JOB):
            images.drop_column(column)
