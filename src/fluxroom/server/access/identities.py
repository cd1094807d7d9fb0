"""Who a key stands for, remembered for a moment so that not every request asks the database."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from fluxroom.engine.pacing import Clock, SystemClock
from fluxroom.errors import FluxroomError, InvalidKey
from fluxroom.logs import get_logger
from fluxroom.store import Store, keys
from fluxroom.store.keys import Key

_log = get_logger("fluxroom.server")

FRESH = 2.0
"""Seconds that an answer of the database holds: so long a key that was revoked elsewhere may still open."""

_SAID_USED = 60.0
"""Seconds between two notes that a key was used: a write for every request would cost more than the request."""

_MOST_KNOWN = 2000


class Identities:
    """The gateway's keys, as requests bring them.

    Args:
        store: gives the open store; it is opened after the application is put together.
        clock: for what is remembered, and for the notes of use.
    """

    def __init__(self, store: Callable[[], Store], clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._known: dict[str, tuple[float, Key]] = {}

    async def by_secret(self, secret: str) -> Key:
        """The key that somebody sent.

        Raises:
            InvalidKey: it is none, unknown here, or was revoked.
        """
        if not secret.startswith("flux_"):
            raise InvalidKey("A key of this gateway begins with flux_; never send it a provider's key.")
        if not keys.well_formed(secret):
            raise InvalidKey("The key is mistyped or cut off: it does not fit its own checksum.")
        digest = keys.digest_of(secret)
        return await self._remembered(digest, lambda connection: keys.by_secret(connection, secret))

    async def by_id(self, key_id: str) -> Key:
        """The key of a session.

        Raises:
            InvalidKey: it was revoked.
        """
        return await self._remembered(key_id, lambda connection: keys.by_id(connection, key_id))

    def forget(self) -> None:
        """Ask the database again: a key was made or revoked here."""
        self._known.clear()

    async def _remembered(self, name: str, read: Callable[[Connection], Key | None]) -> Key:
        asked, key = self._known.get(name, (float("-inf"), None))
        if key is None or self._clock.monotonic() - asked > FRESH:
            key = await self._store().database.read(read)
            if key is None or key.revoked_at is not None:
                self._known.pop(name, None)
                raise InvalidKey("This key is not known here." if key is None else "This key was revoked.")
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[name] = (self._clock.monotonic(), key)
            await self._note_use(key)
        return key

    async def _note_use(self, key: Key) -> None:
        now = self._clock.time()
        if now - (key.used_at or 0.0) < _SAID_USED:
            return
        try:
            await self._store().database.write(lambda connection: keys.used(connection, key.id, now))
        except FluxroomError as error:
            # A full disk must not lock people out of what they have.
            _log.warning("could not note that a key was used", key=key.id, code=error.code)
