"""Dialects: pure translation between Fluxroom's words and a provider's HTTP.

A dialect opens no socket, reads no clock and holds no key. The engine carries a `Call` out, adds the key (only where
`Call.key` is true, and only to hosts of that provider) and hands the `Reply` back. What a dialect must remember between
two calls is its `Ticket`, which is plain JSON and survives a restart.

Answers are read tolerantly (a provider may add fields and statuses), questions are written strictly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Protocol

from fluxroom.errors import FluxroomError
from fluxroom.types import JSON, Provider, Reference

Ticket = Mapping[str, JSON]
"""What a dialect needs to go on with a submitted job: plain JSON, no key, no signed URL of a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Where a provider is reached; from the settings. Each base may carry a path prefix and has no slash at its end."""

    submit: str  # BFL: https://api.bfl.ai · fal: https://queue.fal.run
    rest: str = ""  # fal: https://rest.fal.ai (uploads, webhook keys)
    run: str = ""  # fal: https://fal.run
    api: str = ""  # fal: https://api.fal.ai (models and prices)
    region: str = ""  # BFL: "", "eu" or "us", already part of `submit`


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request that the engine is to carry out."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: JSON = None  # sent as a JSON body when not None
    body: bytes | None = None  # sent as it is
    key: bool = True  # the engine adds the provider's key; never for downloads and signed upload URLs
    stream: bool = False  # the answer is a stream of server-sent events, each to be given to `read`


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> JSON:
        """The body as JSON, or None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def retry_after(self) -> float | None:
        """Seconds that `Retry-After` asks for; None when it is absent or a date."""
        try:
            return max(0.0, float(self.headers["retry-after"]))
        except (KeyError, ValueError):
            return None


# What a submit answer means -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider took the job."""

    ticket: Ticket
    request_id: str
    cost: Decimal | None = None  # US dollars, where the provider says it


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """The provider surely did not take the job: it may be sent again."""

    error: FluxroomError
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The provider refused the job for good; nothing was charged."""

    error: FluxroomError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Nobody can tell from this answer whether the provider took the job: it must not be sent again."""

    why: str


SubmitOutcome = Accepted | NotTaken | Rejected | Ambiguous

# What a poll answer means ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One picture at the provider: a signed URL (never stored or logged) or inline bytes."""

    url: str = ""
    data: bytes = b""
    mime: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Not finished. An unlisted status is pending too, with `unlisted` true, so that it is logged once."""

    phase: str = ""  # the provider's own word
    queued: bool = False  # waits in the provider's queue
    position: int | None = None
    progress: float | None = None  # 0 to 1
    unlisted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """This poll failed and says nothing about the job: poll again, not before `retry_after` seconds."""

    why: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """The answer lies behind another call; its reply goes to `read` with this ticket."""

    call: Call
    ticket: Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The provider has the pictures."""

    media: tuple[Media, ...]
    seed: int | None = None
    cost: Decimal | None = None  # US dollars, where the provider says it
    billable_units: Decimal | None = None  # fal's X-Fal-Billable-Units, in the endpoint's pricing unit
    prompt: str = ""  # the prompt that was used, where the provider expanded it
    seconds: float | None = None  # time at work, as the provider measured it
    withheld: int = 0  # pictures besides these that moderation kept back


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider's moderation refused input or output; final."""

    error: FluxroomError
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The job failed at the provider, or was cancelled there (`error` is then `Cancelled`); final."""

    error: FluxroomError
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The provider does not know the task (yet, or any more)."""

    why: str = ""


PollOutcome = Pending | Again | Follow | Ready | Refused | Failed | Gone

# Callbacks ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A call to us that says it is the provider's. Header names are lower case; one that came twice is joined."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Verdict(Enum):
    """Whether a callback is the provider's, and of now."""

    GENUINE = "genuine"
    UNSIGNED = "it carries no signature or secret that could be checked"
    STALE = "it was signed too long ago, or for the future"
    FORGED = "its signature or secret does not fit"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledBack:
    """What a genuine callback proves: that the provider took the job. Everything else in it is left unread."""

    accepted: Accepted
    over: bool = True  # it says that the task has ended, one way or another


# Uploads --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Inline:
    """The picture travels inside the request: the text that stands for it."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The picture is uploaded first: this call, whose reply goes to `uploaded`, which says how it goes on."""

    call: Call
    memo: JSON = None  # what `uploaded` must remember between its two calls


Prepared = Inline | Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One job, ready to be sent: the body in the endpoint's own words, every picture already a string."""

    endpoint: str
    body: Mapping[str, JSON]
    webhook_url: str = ""
    webhook_secret: str = ""
    store_io: bool = True  # fal: X-Fal-Store-IO
    lifecycle: JSON = None  # fal: X-Fal-Object-Lifecycle-Preference


class Dialect(Protocol):
    """What a provider's folder offers as `DIALECT`."""

    name: Provider

    def prepare(self, hosts: Hosts, reference: Reference, data: bytes) -> Prepared:
        """How a stored picture is sent: inline, or by an upload."""

    def uploaded(self, upload: Upload, reply: Reply) -> Prepared | FluxroomError:
        """What the reply to an upload call means: done (`Inline` holds the URL), one more call, or an error."""

    def submit(self, hosts: Hosts, order: Order) -> Call:
        """The call that makes the picture. The engine carries it out in exactly one place."""

    def accepted(self, hosts: Hosts, order: Order, reply: Reply) -> SubmitOutcome:
        """What the answer to `submit` means for the money."""

    def check(self, hosts: Hosts, ticket: Ticket) -> Call:
        """The call that asks how the job is doing."""

    def watch(self, hosts: Hosts, ticket: Ticket) -> Call | None:
        """The call that streams the status, where the provider has one."""

    def read(self, hosts: Hosts, ticket: Ticket, reply: Reply) -> PollOutcome:
        """What an answer to `check`, to a `Follow`, or one event of `watch` means."""

    def cancel(self, hosts: Hosts, ticket: Ticket) -> Call | None:
        """The call that asks the provider to stop; None where it cannot."""

    def callback_keys(self, hosts: Hosts) -> Call | None:
        """The call for the public keys that callbacks are signed with; None where a secret of ours proves them."""

    def read_callback_keys(self, reply: Reply) -> tuple[bytes, ...]:
        """The keys in the answer to `callback_keys`; none when it cannot be read."""

    def verdict(self, callback: Callback, *, secret: str, keys: Sequence[bytes], now: float) -> Verdict:
        """Whether a callback is genuine: by the secret of its job, or by keys and time (seconds since 1970)."""

    def called_back(self, hosts: Hosts, order: Order, callback: Callback) -> CalledBack | None:
        """What a genuine callback proves; None when it names no task."""

    def trusts(self, hosts: Hosts, url: str) -> bool:
        """Whether an address from an answer may be fetched.

        That is https on the provider's own hosts, or a loopback address when the settings themselves name one.
        """

    def key_headers(self, key: str) -> Mapping[str, str]:
        """The headers that carry the key; the engine adds them to calls to the provider's own API hosts."""

    def takes_key(self, hosts: Hosts, url: str) -> bool:
        """Whether the key may travel to this address: an API host of the provider, never a delivery or upload host."""

    def account(self, hosts: Hosts) -> Call:
        """A call that costs nothing and needs a good key: the way to test one."""

    def published(self, hosts: Hosts, endpoint: str) -> Call:
        """A call that costs nothing and tells whether the provider offers this endpoint."""

    def offers(self, endpoint: str, reply: Reply) -> bool | None:
        """What the answer to `published` says; None when it cannot be told."""


@cache
def dialect(provider: Provider) -> Dialect:
    """The dialect of a provider: its folder's `DIALECT`."""
    found: Dialect = import_module(f"fluxroom.providers.{provider}").DIALECT
    return found


def redact(text: str, limit: int = 300) -> str:
    """A provider's message for an error: one line, shortened, without query strings of URLs (they may be signed)."""
    words = (word.split("?", 1)[0] if word.startswith(("http://", "https://")) else word for word in text.split())
    line = " ".join(words)
    return line if len(line) <= limit else line[: limit - 1] + "…"
