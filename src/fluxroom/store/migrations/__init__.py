"""Bring a database to this version's schema."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection


def upgrade(path: Path) -> None:
    """Run the migrations that the SQLite file at `path` lacks. Several processes may call this at once."""
    # One process migrates, the others wait and find nothing left to do.
    with path.with_suffix(".migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _run(path=path)


def upgrade_over(connection: Connection, to: str = "head") -> None:
    """Run the migrations that the database behind `connection` lacks, in its transaction; the caller holds a lock."""
    _run(to, connection=connection)


_alone = threading.Lock()
"""Alembic keeps what it works on in a global of its own: two threads would migrate each other's database."""


def _run(to: str = "head", **where: Any) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes.update(where)
    with _alone:
        command.upgrade(config, to)
