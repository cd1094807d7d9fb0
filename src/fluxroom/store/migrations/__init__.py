"""Bring a database to this version's schema."""

from __future__ import annotations

import fcntl
from pathlib import Path


def upgrade(path: Path) -> None:
    """Run the migrations that the database at `path` lacks. Several processes may call this at once."""
    from alembic import command
    from alembic.config import Config

    # One process migrates, the others wait and find nothing left to do.
    with path.with_suffix(".migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
        config.attributes["path"] = path
        command.upgrade(config, "head")
