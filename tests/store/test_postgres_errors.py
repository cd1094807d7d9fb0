"""What PostgreSQL says when something is wrong, told apart: wait, tell a person, or our own fault."""

from __future__ import annotations

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from fluxroom.errors import DatabaseUnavailable, StorageFull, StorageUnwritable
from fluxroom.settings import BadSettings
from fluxroom.store.postgres_errors import address_of, in_our_words, is_collision, is_passing

WHERE = "db.example.com:5433/pictures"

PASSING = ["40001", "40P01", "55P03", "25P03", "25P04", "53000", "53200", "53300", "57014", "57P01", "57P02", "57P03"]
PASSING += ["57P05", "08000", "08003", "08006", "08P01"]
LASTING = ["23505", "23503", "42P01", "42703", "22001", "22P02", "53100", "25006", "28P01", "28000", "3D000", "42501"]


class ServerError(Exception):
    """What asyncpg raises: an error with the server's five letters."""

    def __init__(self, sqlstate: str, words: str = "the server's own words") -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


def wrapped(error: BaseException, *, invalidated: bool = False) -> DBAPIError:
    """The same, as SQLAlchemy hands it on."""
    return DBAPIError("SELECT 1", None, error, connection_invalidated=invalidated)


def caused(inner: BaseException) -> Exception:
    """An error of somebody else's, made of this one."""
    outer = RuntimeError("something went wrong on the way")
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize("code", PASSING)
def test_what_passes_is_tried_again(code: str) -> None:
    for error in (ServerError(code), wrapped(ServerError(code)), caused(wrapped(ServerError(code)))):
        assert is_passing(error)
        assert not is_collision(error)


@pytest.mark.parametrize("code", LASTING)
def test_what_lasts_is_not(code: str) -> None:
    """A transaction that fails every time must not be repeated until somebody's patience ends."""
    for error in (ServerError(code), wrapped(ServerError(code)), caused(ServerError(code))):
        assert not is_passing(error)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "Connection refused"),
        ConnectionResetError(104, "Connection reset by peer"),
        TimeoutError(),
        EOFError(),
        OSError(113, "No route to host"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.IdleInTransactionSessionTimeoutError("terminating connection due to idle-in-transaction timeout"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.OutOfMemoryError("out of memory"),
    ],
)
def test_a_connection_that_is_lost_is_no_fault_of_the_work(error: Exception) -> None:
    assert is_passing(error)
    assert is_passing(wrapped(error))
    told = in_our_words(wrapped(error), WHERE)
    assert isinstance(told, DatabaseUnavailable)
    assert WHERE in told.detail
    assert told.retryable


def test_a_connection_that_was_invalidated_counts_as_lost() -> None:
    assert is_passing(wrapped(RuntimeError("whatever"), invalidated=True))
    assert not is_passing(wrapped(RuntimeError("whatever")))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a mistake of ours"),
        asyncpg.InterfaceError("the server expects 2 arguments for this query, 3 were passed"),
        asyncpg.DataError("invalid input for query argument $1"),
        asyncpg.UndefinedTableError('relation "jobs" does not exist'),
        KeyError("state"),
    ],
)
def test_a_fault_of_ours_stays_what_it_is(error: Exception) -> None:
    """Called "database unavailable" it would be waited for, and never found."""
    assert not is_passing(error)
    assert in_our_words(error, WHERE) is error


def test_a_key_that_is_there_already() -> None:
    assert is_collision(IntegrityError("INSERT", None, asyncpg.UniqueViolationError("duplicate key value")))
    assert is_collision(wrapped(ServerError("23505")))
    assert not is_collision(IntegrityError("INSERT", None, asyncpg.ForeignKeyViolationError("violates foreign key")))


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("53100", StorageFull, "The disk of the database db.example.com:5433/pictures is full."),
        ("25006", StorageUnwritable, "The database db.example.com:5433/pictures is read-only."),
        ("28000", DatabaseUnavailable, "cannot be used: it does not let this user in."),
        ("28P01", DatabaseUnavailable, "cannot be used: it does not accept this user's password."),
        ("3D000", DatabaseUnavailable, "cannot be used: it has no database of this name."),
        ("42501", DatabaseUnavailable, "cannot be used: this user may not do that there."),
        ("53300", DatabaseUnavailable, "cannot be reached: sorry, too many clients."),
        ("57P03", DatabaseUnavailable, "cannot be reached: sorry, too many clients."),
    ],
)
def test_what_a_person_can_mend_is_said_in_one_sentence(code: str, kind: type[Exception], words: str) -> None:
    told = in_our_words(caused(wrapped(ServerError(code, "sorry, too many clients\nHINT: more words"))), WHERE)
    assert type(told) is kind
    assert words in str(told)
    assert "\n" not in str(told)
    assert "HINT" not in str(told)


def test_a_read_only_server_says_which_setting_to_change() -> None:
    told = in_our_words(ServerError("25006"), WHERE)
    assert isinstance(told, StorageUnwritable)
    assert "FLUXROOM_DATABASE_URL" in told.next_step


def test_no_answer_is_said_as_such() -> None:
    assert str(in_our_words(TimeoutError(), WHERE)).endswith("cannot be reached: no answer.")
    refused = in_our_words(ConnectionRefusedError(111, "Connection refused"), WHERE)
    assert str(refused).endswith("cannot be reached: connection refused.")
    assert str(in_our_words(EOFError(), WHERE)).endswith("cannot be reached: EOFError.")


def test_what_is_in_our_words_already_stays() -> None:
    known = StorageFull("The disk is full.")
    assert in_our_words(known, WHERE) is known
    assert not is_passing(known)


def test_an_error_that_was_made_of_itself_ends_the_search() -> None:
    error = RuntimeError("a ring")
    error.__cause__ = ValueError("of two")
    error.__cause__.__context__ = error
    assert not is_passing(error)
    assert in_our_words(error, WHERE) is error


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db.example.com/pictures", "db.example.com/pictures"),
        ("postgresql://db.example.com", "db.example.com"),
        ("postgresql:///pictures?host=/run/postgresql&password=secret", "localhost/pictures"),
        ("postgresql://me:se@cret@[fd00::1]:5432/x", "[fd00::1]:5432/x"),
        ("postgresql://me:secret@one:1,two:2/x", "one:1,two:2/x"),
    ],
)
def test_an_address_is_shown_without_what_is_secret(url: str, shown: str) -> None:
    assert address_of(url) == shown


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(BadSettings) as caught:
        address_of("postgresql://me:sec[ret@db/x")
    assert "sec" not in str(caught.value.as_dict()).replace("second", "")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
