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
    Index("images_job", "job", "number"),
    Index("images_sha256", "sha256"),
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
