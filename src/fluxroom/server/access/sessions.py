"""The studio's login: a key is given once, and the browser gets a cookie that no script can read.

The cookie names the key by its id, ends after half a day and is signed, so every gateway on a database knows it, also
after a restart. A key that is revoked ends its sessions. Logging out ends one for this process at once; a copy of its
cookie would still open another gateway of the same database until its time is over.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping

from fluxroom.engine.pacing import Clock, SystemClock
from fluxroom.errors import InvalidKey
from fluxroom.server.access.identities import Identities
from fluxroom.store.keys import Key

LIFETIME = 12 * 3600
"""Seconds that a login holds; the page renews it while it is used."""

COOKIES = ("__Host-fluxroom", "fluxroom")
"""The cookie's name over https, where the browser then guards it, and over http."""

_TOKEN = re.compile(r"(?P<key>[0-9a-z]{22})\.(?P<ends>[0-9]{1,12})\.(?P<mark>[0-9a-f]{16})\.(?P<proof>[0-9a-f]{64})")


class Sessions:
    """Logins of browsers.

    Args:
        identities: who a key stands for.
        secret: gives what they are signed with, by name.
        clock: ends them.
    """

    def __init__(
        self, identities: Identities, secret: Callable[[str], Awaitable[bytes]], clock: Clock | None = None
    ) -> None:
        self._identities = identities
        self._secret = secret
        self._clock = clock or SystemClock()
        self._ended: dict[str, float] = {}

    async def begin(self, key: Key) -> str:
        """The cookie's value for a key."""
        head = f"{key.id}.{int(self._clock.time()) + LIFETIME}.{secrets.token_hex(8)}"
        return f"{head}.{await self._proof(head)}"

    async def key_of(self, token: str) -> Key:
        """The key that a cookie stands for.

        Raises:
            InvalidKey: it is none of ours, over, or its key was revoked.
        """
        found = await self._checked(token)
        if found is None or found["mark"] in self._ended:
            raise InvalidKey("The session is over.", advice="Log in again with the key.")
        return await self._identities.by_id(found["key"])

    async def end(self, token: str) -> None:
        """Log out."""
        now = self._clock.time()
        self._ended = {mark: ends for mark, ends in self._ended.items() if ends > now}
        if found := await self._checked(token):
            self._ended[found["mark"]] = float(found["ends"])

    async def seconds_left(self, token: str) -> float:
        """How long a session still holds; 0 for none."""
        found = await self._checked(token)
        return float(found["ends"]) - self._clock.time() if found else 0.0

    async def _checked(self, token: str) -> re.Match[str] | None:
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        right = await self._proof(token.rpartition(".")[0])
        genuine = hmac.compare_digest(found["proof"], right)
        return found if genuine and float(found["ends"]) > self._clock.time() else None

    async def _proof(self, head: str) -> str:
        return hmac.new(await self._secret("sessions"), head.encode(), hashlib.sha256).hexdigest()


def token_of(cookies: Mapping[str, str]) -> str:
    """The session's token among the cookies of a request; empty without one."""
    return next((cookies[name] for name in COOKIES if name in cookies), "")
