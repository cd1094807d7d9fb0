"""Secrets that this installation made for itself, shared by all its processes."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, bindparam, insert, select

from fluxroom.store.database import hold
from fluxroom.store.tables import signing_keys

_ONE = select(signing_keys.c.value).where(signing_keys.c.name == bindparam("b_name"))
_BYTES = 32


def kept(connection: Connection, name: str) -> bytes:
    """The secret of this name, made when it is asked for the first time. Run it where writing is allowed."""
    hold(connection, "signing keys")
    value = connection.execute(_ONE, {"b_name": name}).scalar_one_or_none()
    if value is None:
        value = secrets.token_hex(_BYTES)
        connection.execute(insert(signing_keys), {"name": name, "value": value})
    return bytes.fromhex(value)
