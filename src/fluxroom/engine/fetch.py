"""Bring a picture home: trusted address, no key, no redirect, a limit on its size, and really a whole picture."""

from __future__ import annotations

from enum import Enum

from fluxroom.engine.transport import InterruptedCallError, NotSentError, TooLargeError, Transport
from fluxroom.imaging.containers import NotAnImage, TooManyPixels
from fluxroom.imaging.probe import Picture, verify
from fluxroom.providers import Dialect, Hosts, Media

MOST_BYTES = 128 * 1024 * 1024
"""Largest picture that is fetched; a 16-megapixel PNG is about 50 MB."""

_TIMEOUT = 120.0


class Trouble(Enum):
    """Why a picture could not be brought home, and so what helps."""

    PASSING = "passing"  # try again; it says nothing about the picture
    EXPIRED = "expired"  # ask the provider for a fresh link
    BROKEN = "broken"  # what came is no picture: a fresh link may help
    UNTRUSTED = "untrusted"  # not the provider's address: nothing was fetched
    HOPELESS = "hopeless"  # larger than any picture of theirs, in bytes or in pixels: it can never be right


class FetchError(Exception):
    """The picture could not be brought home this time."""

    def __init__(self, trouble: Trouble, why: str) -> None:
        self.trouble = trouble
        super().__init__(why)


async def bring_home(transport: Transport, tongue: Dialect, hosts: Hosts, media: Media) -> bytes:
    """Fetch the bytes of one picture; nobody has looked at them yet.

    Raises:
        FetchError: they could not be had this time; `trouble` says what helps.
    """
    return media.data or await _download(transport, tongue, hosts, media.url)


def examined(data: bytes) -> Picture:
    """What the bytes are: a whole picture. Blocks for a moment.

    Raises:
        FetchError: they are none; `trouble` says whether a fresh link may help.
    """
    try:
        return verify(data)
    except TooManyPixels as error:
        raise FetchError(Trouble.HOPELESS, f"what came is not a whole picture: {error}") from error
    except NotAnImage as error:
        raise FetchError(Trouble.BROKEN, f"what came is not a whole picture: {error}") from error


async def _download(transport: Transport, tongue: Dialect, hosts: Hosts, url: str) -> bytes:
    if not tongue.trusts(hosts, url):
        raise FetchError(Trouble.UNTRUSTED, "the picture's address is not the provider's")
    try:
        reply = await transport.download(url, limit=MOST_BYTES, timeout=_TIMEOUT)
    except TooLargeError as error:
        raise FetchError(Trouble.HOPELESS, f"the file is too large: {error}") from error
    except (NotSentError, InterruptedCallError) as error:
        raise FetchError(Trouble.PASSING, f"the download broke off ({error})") from error
    if reply.status == 200:
        return reply.body
    if 300 <= reply.status < 400:
        raise FetchError(Trouble.UNTRUSTED, f"the picture's address redirects (HTTP {reply.status})")
    if reply.status in {400, 401, 403, 404, 410}:
        raise FetchError(Trouble.EXPIRED, f"the link is no longer valid (HTTP {reply.status})")
    raise FetchError(Trouble.PASSING, f"HTTP {reply.status}")
