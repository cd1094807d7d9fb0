"""The tables, once for SQLite and PostgreSQL.

Times are seconds since 1970 in UTC, money is millionths of a US dollar.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)


class Money(TypeDecorator[Decimal]):
    """US dollars as `Decimal`, stored as whole millionths so that SQL can add them up exactly."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Dollars to millionths, rounded half up."""
        return None if value is None else int((value * 1_000_000).to_integral_value(rounding="ROUND_HALF_UP"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Millionths to dollars."""
        return None if value is None else Decimal(value) / 1_000_000


metadata = MetaData()

generations = Table(
    "generations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),  # who asked: "local", or the gateway's key
    Column("run", Text, nullable=False),  # the run it belongs to; "" for none
    Column("created_at", Float, nullable=False),
    Column("route", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("asked", JSON, nullable=False),  # the request as the caller wrote it
    Column("params", JSON, nullable=False),  # canonical parameters with our defaults
    Column("references", JSON, nullable=False),
    Column("not_sent", JSON, nullable=False),
    Column("quote", JSON, nullable=False),
    Index("generations_created", "created_at"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("generation", Text, ForeignKey("generations.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # 0, 1, … within the generation
    Column("owner", Text, nullable=False),  # as in the generation: money and fairness are counted by it
    Column("run", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("account", Text, nullable=False),  # which key at which host may carry this job
    Column("sandbox", Boolean, nullable=False),
    Column("caps", JSON, nullable=False),
    Column("wire", JSON, nullable=False),  # the payload as sent; pictures by hash
    Column("seconds", Float, nullable=False),  # how long such a job usually takes
    # the claim
    Column("maker", Text, nullable=False),  # the process that made the job
    Column("holder", Text, nullable=False),  # the process that carries it; "" when nobody does
    Column("attempt", Integer, nullable=False),
    Column("not_before", Float, nullable=False),  # a submit that the provider did not take waits until then
    Column("first_try_at", Float, nullable=False),  # 0 before the first submit
    Column("seat_until", Float, nullable=False),  # a job in doubt keeps its seat under the cap until then
    # the provider's side
    Column("ticket", JSON(none_as_null=True), nullable=True),
    Column("request_id", Text, nullable=False),
    Column("submitted_at", Float, nullable=False),
    Column("ready_at", Float, nullable=False),
    Column("seed", BigInteger, nullable=True),
    Column("cancel_asked", Boolean, nullable=False),
    Column("error", JSON(none_as_null=True), nullable=True),
    # the receipt
    Column("estimated", Money, nullable=False),
    Column("reserved", Money, nullable=False),
    Column("charged", Money, nullable=True),
    Column("doubted", Money, nullable=False),  # what attempts before this one may have cost besides
    Column("charge_state", Text, nullable=False),
    Column("charge_source", Text, nullable=False),
    # the cache
    Column("cache_key", Text, nullable=False),  # "" when the job's picture must not be used again
    Column("cached_from", Text, nullable=False),  # the job whose pictures this one reuses; "" for none
    Index("jobs_generation", "generation", "number"),
    Index("jobs_seats", "state", "account", "model", "owner"),
    Index("jobs_waiting", "state", "owner", "account", "model", "priority", "created_at", "id"),
    Index("jobs_maker", "state", "maker", "created_at"),
    Index("jobs_created", "created_at"),
    Index("jobs_cache", "cache_key", "owner"),
    Index("jobs_money", "owner", "created_at"),
    Index("jobs_run", "run"),
)

job_events = Table(
    "job_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("generation", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("job_events_job", "job", "id"),
    Index("job_events_generation", "generation", "id"),
    sqlite_autoincrement=True,
)

images = Table(
    "images",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # 0, 1, … within the job
    Column("sha256", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("seed", BigInteger, nullable=True),
    Column("created_at", Float, nullable=False),
    # as in the job; a library is paged, filtered and counted by them
    Column("owner", Text, nullable=False, server_default="local"),
    Column("generation", Text, nullable=False, server_default=""),
    Column("provider", Text, nullable=False, server_default=""),
    Column("model", Text, nullable=False, server_default=""),
    Column("mode", Text, nullable=False, server_default=""),
    Column("sandbox", Boolean, nullable=False, server_default=false()),
    # what people do with it
    Column("favourite", Boolean, nullable=False, server_default=false()),
    Column("hidden", Boolean, nullable=False, server_default=false()),
    Column("rating", Integer, nullable=False, server_default="0"),  # 1 to 5; 0 for none
    Column("trashed_at", Float, nullable=True),
    Index("images_job", "job", "number"),
    Index("images_sha256", "sha256"),
    Index("images_owner", "owner", "id"),
    Index("images_model", "model", "id"),
    Index("images_generation", "generation"),
    Index("images_favourite", "id", sqlite_where=text("favourite = 1"), postgresql_where=text("favourite")),
    Index("images_rated", "id", sqlite_where=text("rating > 0"), postgresql_where=text("rating > 0")),
    Index("images_trashed", "trashed_at"),
    Index("images_facets", "owner", "trashed_at", "hidden", "provider", "model", "mode"),
)

inputs = Table(
    "inputs",
    metadata,
    Column("sha256", Text, primary_key=True),  # a picture that the generation takes in, of ours or uploaded
    Column("generation", Text, ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    Index("inputs_generation", "generation"),
)

condemned = Table(
    "condemned",
    metadata,
    Column("sha256", Text, primary_key=True),  # bytes that lost a row which named them
    Column("at", Float, nullable=False),
)

image_tags = Table(
    "image_tags",
    metadata,
    Column("image", Text, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("image_tags_tag", "tag", "image"),
)

boards = Table(
    "boards",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("boards_owner", "owner", "id"),
)

board_images = Table(
    "board_images",
    metadata,
    Column("board", Text, ForeignKey("boards.id", ondelete="CASCADE"), primary_key=True),
    Column("image", Text, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("added_at", Float, nullable=False),
    Index("board_images_image", "image"),
)

assets = Table(
    "assets",
    metadata,
    Column("owner", Text, primary_key=True),  # who uploaded it: the bytes are stored once, seen by each who sent them
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),  # the file's name as uploaded; "" for none
    Column("mime", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("assets_created", "owner", "created_at"),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),  # whose pictures and budgets; several keys may share one
    Column("digest", Text, nullable=False, unique=True),  # SHA-256 of the key, which itself is shown once
    Column("hint", Text, nullable=False),  # its last four characters, to tell keys apart
    Column("scopes", JSON, nullable=False),
    Column("cap", Integer, nullable=True),  # jobs in flight
    Column("per_minute", Integer, nullable=True),  # requests
    Column("created_at", Float, nullable=False),
    Column("used_at", Float, nullable=True),
    Column("revoked_at", Float, nullable=True),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("disabled_at", Float, nullable=True),
    Column("seen", BigInteger, nullable=False),  # the last of `job_events` that was surely looked at for it
    Index("webhook_endpoints_owner", "owner", "id"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Text, primary_key=True),  # also the message's id at the receiver, the same in every attempt
    Column("endpoint", Text, ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False),
    Column("event", Text, nullable=False),
    Column("subject", Text, nullable=False),  # the generation or run that it is about
    Column("body", JSON, nullable=False),
    Column("state", Text, nullable=False),  # waiting, delivered, failed
    Column("attempts", Integer, nullable=False),
    Column("status", Integer, nullable=True),  # the receiver's last HTTP status
    Column("why", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("next_at", Float, nullable=False),
    Index("webhook_deliveries_due", "state", "next_at"),
    Index("webhook_deliveries_endpoint", "endpoint", "created_at"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # ours alone, made here; no provider's key and no user's
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("generation", Text, ForeignKey("generations.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Float, nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    Column("scope", Text, primary_key=True),  # "all", "owner:NAME", "run:ID"
    Column("period", Text, primary_key=True),  # "day", "month", "total"
    Column("most", Money, nullable=False),
)

route_seconds = Table(
    "route_seconds",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("route", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("megapixels", Integer, nullable=False),  # rounded up
    Column("seconds", Float, nullable=False),  # from submit to ready
    Column("at", Float, nullable=False),
    Index("route_seconds_route", "route", "mode", "megapixels", "id"),
    sqlite_autoincrement=True,
)

limits = Table(
    "limits",
    metadata,
    Column("account", Text, primary_key=True),
    Column("cap", Float, nullable=False),  # jobs in flight that the provider has taught us to keep to
    Column("hold_until", Float, nullable=False),  # nothing is sent before
    Column("paused", Boolean, nullable=False),  # by a person
    Column("why", Text, nullable=False),
    Column("changed_at", Float, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),  # bulk, comparison, pipeline
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of what was asked for: the same sheet again goes on with its run
    Column("spec", JSON, nullable=False),  # what was asked for, in the words of its kind
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),  # what it waits for, or how it ended
    Column("priority", Integer, nullable=False),  # of its jobs
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("holder", Text, nullable=False),  # the process that carries it; "" when nobody does
    Column("description", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("favourite", Boolean, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Index("runs_owner", "owner", "id"),
    Index("runs_state", "state"),
    Index("runs_digest", "owner", "digest"),
)

run_items = Table(
    "run_items",
    metadata,
    Column("run", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),  # 0, 1, … in the order in which they are sent
    Column("step", Text, nullable=False),  # of a pipeline; "" elsewhere
    Column("key", Text, nullable=False),  # what people call it: a row, a cell
    Column("state", Text, nullable=False),
    Column("asked", JSON, nullable=False),  # the request: prompt, model, options
    Column("generation", Text, nullable=False),  # what became of it; "" before it was sent
    Column("attempt", Integer, nullable=False),  # how often a person has sent it again
    Column("error", JSON(none_as_null=True), nullable=True),
    Column("note", JSON, nullable=False),  # what a person or the kind keeps about it: rating, file name, chosen
    Column("changed_at", Float, nullable=False),
    Index("run_items_state", "run", "state", "position"),
    Index("run_items_generation", "generation"),
    Index(
        "run_items_doubtful", "run", sqlite_where=text("state = 'unknown'"), postgresql_where=text("state = 'unknown'")
    ),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("assistant", Text, nullable=False),  # the assistant configuration; "" for none
    Column("settings", JSON, nullable=False),  # model and parameters of the next message
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Index("conversations_owner", "owner", "id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation", Text, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),  # user, assistant
    Column("text", Text, nullable=False),
    Column("pictures", JSON, nullable=False),  # a user's, as references
    Column("asked", JSON, nullable=False),  # the request that it became
    Column("generation", Text, nullable=False),  # an assistant's answer is this generation; "" for words alone
    Column("error", JSON(none_as_null=True), nullable=True),
    Column("note", JSON, nullable=False),  # which pictures were left out, and why
    Column("created_at", Float, nullable=False),
    Index("messages_conversation", "conversation", "id"),
)
