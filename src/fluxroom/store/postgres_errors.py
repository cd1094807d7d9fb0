"""What PostgreSQL and its driver say when something is wrong, in our words: wait, tell a person, or a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError

from fluxroom.errors import DatabaseUnavailable, FluxroomError, StorageFull, StorageUnwritable
from fluxroom.settings import BadSettings

_TRY_AGAIN = {
    "40001",  # serialization failure
    "40P01",  # deadlock: PostgreSQL has undone this one so that the other can go on
    "55P03",  # lock not available
    "25P03",  # this process stood still in the middle of a transaction: it was undone
    "25P04",  # a transaction took longer than the server allows, perhaps because it had to wait
    "53000",  # the server lacks something
    "53200",  # memory
    "53300",  # too many connections
    "57014",  # a statement took longer than the server allows, or a person has stopped it
    "57P01",  # the server is shutting down
    "57P02",  # another connection has crashed the server
    "57P03",  # the server is starting up
    "57P05",  # nothing was asked for longer than the server allows
}
_BROKEN = "08"
"""The class of all errors of the connection itself."""

_REFUSED = {
    "28000": "it does not let this user in",
    "28P01": "it does not accept this user's password",
    "3D000": "it has no database of this name",
    "42501": "this user may not do that there",
}


def is_passing(error: BaseException) -> bool:
    """Whether the same transaction may succeed a moment later: the server is away, or somebody stood in the way."""
    if isinstance(error, FluxroomError):
        return False
    if any(code in _TRY_AGAIN or code.startswith(_BROKEN) for code in _codes(error)):
        return True
    return any(_is_of_the_connection(inner) for inner in _chain(error))


def is_unheard_of(error: BaseException) -> bool:
    """Whether the server says of a transaction's number that it has never given it out."""
    return "22023" in _codes(error)


def is_collision(error: BaseException) -> bool:
    """Whether a row of this key was already there."""
    return "23505" in _codes(error)


def in_our_words(error: Exception, address: str) -> Exception:
    """The same error as people should read it; faults of ours stay as they are.

    Args:
        error: what was raised.
        address: which database, without user and password.
    """
    if isinstance(error, FluxroomError):
        return error
    codes = set(_codes(error))
    if "53100" in codes:
        return StorageFull(f"The disk of the database {address} is full.", advice="Make room there.")
    if "25006" in codes:
        return StorageUnwritable(
            f"The database {address} is read-only.", advice="Set FLUXROOM_DATABASE_URL to the server that takes writes."
        )
    for code, why in _REFUSED.items():
        if code in codes:
            return DatabaseUnavailable(f"The database {address} cannot be used: {why}.")
    if is_passing(error):
        return DatabaseUnavailable(f"The database {address} cannot be reached: {_why(error)}.")
    return error


def unreadable() -> BadSettings:
    """The URL itself is wrong. What the driver says of it is not repeated: it may quote the password."""
    return BadSettings(
        "FLUXROOM_DATABASE_URL: it cannot be read.",
        advice="It should look like postgresql://user:password@host:5432/name?sslmode=require.",
        field="FLUXROOM_DATABASE_URL",
    )


def address_of(url: str) -> str:
    """Host, port and name of a database as they may be shown: no user, no password, no options.

    >>> address_of("postgresql://me:secret@db.example.com:5433/pictures?sslmode=require")
    'db.example.com:5433/pictures'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise unreadable() from None
    place = parts.netloc.rpartition("@")[2] or "localhost"
    return f"{place}{parts.path}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was made of: the driver's own error is below SQLAlchemy's."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = error.orig if isinstance(error, DBAPIError) else None
        error = inner or error.__cause__ or error.__context__


def _codes(error: BaseException) -> Iterator[str]:
    for inner in _chain(error):
        code = getattr(inner, "sqlstate", None)
        if code:
            yield str(code)


def _is_of_the_connection(error: BaseException) -> bool:
    import asyncpg  # type: ignore[import-untyped]

    if isinstance(error, asyncpg.InterfaceError):
        words = str(error).lower()
        return "closed" in words or "another operation is in progress" in words or "connection" in words
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, (OSError, TimeoutError, EOFError))


def _why(error: Exception) -> str:
    chain = list(_chain(error))
    for inner in chain:
        if isinstance(inner, TimeoutError):
            return "no answer"
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror[0].lower() + inner.strerror[1:]
    words = str(chain[-1]).split("\n", 1)[0].rstrip(".")
    return words or type(chain[-1]).__name__
