"""The fault matrix: what becomes of one job under each fault, at both providers. Data; `test_matrix.py` plays it.

`docs/reliability.md` is written from these rows. A fault is written as in the sandbox: `poll-503 x2`, `submit-429=0`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fluxroom.types import PROVIDERS, Provider

NAMES: Final[Mapping[Provider, str]] = {"bfl": "BFL", "fal": "fal"}

CIRCUMSTANCES: Final[Mapping[str, str]] = {
    "nothing goes wrong": "Nothing goes wrong.",
    "name not found": "The provider's name is not found, for longer than anybody waits.",
    "name not found, then found": "The provider's name is not found twice, then it is.",
    "connection refused": "Connections are refused, for longer than anybody waits.",
    "connection refused, then accepted": "Connections are refused at first, then accepted.",
    "certificate not trusted": "The other side shows a certificate that nobody vouches for.",
    "no TLS at the other side": "The other side does not speak TLS.",
    "network gone while it runs": "Connections are refused while the job runs, then accepted.",
    "person cancels": "A person cancels while the job runs.",
}
"""What can happen besides the sandbox's faults: name and sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the matrix: what goes wrong, and what must come of it."""

    provider: Provider
    faults: tuple[str, ...] = ()
    what: str = ""  # one of CIRCUMSTANCES
    state: str  # where the job ends, or stays
    taken: int = 1  # tasks that the provider took
    billed: int  # tasks that it charges
    submits: int = 1  # submits that reached it
    requests: int | None  # requests of all kinds that reached it, at the most; None: it goes on asking
    charge: str  # what the receipt says
    code: str = ""  # the error's code; empty: pictures
    words: str = ""  # in the error's message; {name} is the provider's

    @property
    def message(self) -> str:
        """The words in this row's own case."""
        return self.words.format(name=NAMES[self.provider])

    @property
    def title(self) -> str:
        """What names the row."""
        return ", ".join([*self.faults, *([self.what] if self.what else [])])

    @property
    def names(self) -> set[str]:
        """The names of the faults in it."""
        return {fault.split("=")[0].split(" ")[0] for fault in self.faults}

    @property
    def reset(self) -> bool:
        """Whether the connection is to be reset before the prompt, which asks for the others, is read."""
        return "submit-refused" in self.names

    @property
    def prompt(self) -> str:
        """A prompt that asks the sandbox for the faults, in this order."""
        marks = "".join(f" [[fault:{fault}]]" for fault in self.faults if not fault.startswith("submit-refused"))
        return f"a lighthouse{marks}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What must come of a job, without who and why."""

    state: str
    taken: int = 1
    billed: int
    submits: int = 1
    charge: str
    code: str = ""
    words: str = ""


_DOUBT: Final = "The provider may or may not have taken the job: "
_LOST: Final = "The picture was made and charged, and its bytes can no longer be had: "

PICTURE = Outcome(state="succeeded", billed=1, charge="charged")
DOUBT = Outcome(
    state="unknown",
    billed=1,
    charge="unknown",
    code="submit_unknown",
    words=_DOUBT,
)
REFUSED = Outcome(state="failed", taken=0, billed=0, charge="not_charged")
FAILED = Outcome(state="failed", billed=0, charge="unknown", code="provider_error")
LOST = Outcome(state="lost", billed=1, charge="charged", code="image_lost", words=_LOST)
FORGOTTEN = Outcome(
    state="unknown",
    billed=1,
    charge="unknown",
    code="task_not_found",
    words="The provider no longer knows the task",
)
GOES_ON = Outcome(state="running", billed=1, charge="unknown", code="timeout", words="the job is running and goes on")
FETCHES = Outcome(state="fetching", billed=1, charge="charged", code="timeout", words="the job is fetching and goes on")

_USUAL: Final[Mapping[str, int]] = {"bfl": 5, "fal": 4}
"""Requests of a job without trouble, at the most: submit, three polls, picture; submit, stream, result, picture."""

_More = int | tuple[int, int] | None
"""Requests above the usual number: at both providers, at BFL and fal, or without limit."""


def _at(provider: Provider, asked: tuple[str, ...], outcome: Outcome, *, more: _More = 0, **changes: Any) -> Row:
    """One row; `asked` are faults and circumstances."""
    told = replace(outcome, **changes)
    own = {name: getattr(told, name) for name in ("state", "taken", "billed", "submits", "charge", "code", "words")}
    return Row(
        provider=provider,
        faults=tuple(name for name in asked if name not in CIRCUMSTANCES),
        what=next((name for name in asked if name in CIRCUMSTANCES), ""),
        requests=_requests(provider, told, more),
        **own,
    )


def _requests(provider: Provider, outcome: Outcome, more: _More) -> int | None:
    if more is None:
        return None
    if not outcome.taken or outcome.code == "submit_unknown":
        return outcome.submits  # there is no ticket to ask with
    return _USUAL[provider] + (more[PROVIDERS.index(provider)] if isinstance(more, tuple) else more)


def _both(*asked: str, to: Outcome, more: _More = 0, **changes: Any) -> tuple[Row, ...]:
    """A row for each provider."""
    return tuple(_at(provider, asked, to, more=more, **changes) for provider in PROVIDERS)


def _bfl(*asked: str, to: Outcome, more: _More = 0, **changes: Any) -> tuple[Row, ...]:
    return (_at("bfl", asked, to, more=more, **changes),)


def _fal(*asked: str, to: Outcome, more: _More = 0, **changes: Any) -> tuple[Row, ...]:
    return (_at("fal", asked, to, more=more, **changes),)


_NETWORK: Final = (
    *_both("nothing goes wrong", to=PICTURE),
    *_both("name not found, then found", to=PICTURE),
    *_both("name not found", to=REFUSED, submits=0, code="unavailable", words="could not be reached"),
    *_both("connection refused, then accepted", to=PICTURE),
    *_both("connection refused", to=REFUSED, submits=0, code="unavailable", words="could not be reached"),
    *_both(
        "certificate not trusted",
        to=REFUSED,
        submits=0,
        code="unavailable",
        words="could not be reached (ClientConnectorCertificateError)",
    ),
    *_both(
        "no TLS at the other side",
        to=REFUSED,
        submits=0,
        code="unavailable",
        words="could not be reached (ClientConnectorSSLError)",
    ),
    *_both("network gone while it runs", to=PICTURE, more=2),
)

_SUBMIT: Final = (
    *_both("submit-429=7", to=PICTURE, submits=2, more=1),
    *_both("submit-503", to=PICTURE, submits=2, more=1),
    *_both("submit-500", to=DOUBT, taken=0, billed=0, words=_DOUBT + "{name} answered 500"),
    *_both("submit-500-taken", to=DOUBT, words=_DOUBT + "{name} answered 500"),
    *_both("submit-502", to=DOUBT, taken=0, billed=0, words=_DOUBT + "{name} answered 502"),
    *_both("submit-502-taken", to=DOUBT, words=_DOUBT + "{name} answered 502"),
    *_both("submit-503-id", to=DOUBT, words=_DOUBT + "{name} answered 503"),
    *_both("submit-504", to=DOUBT, taken=0, billed=0, words=_DOUBT + "{name} answered 504"),
    *_both("submit-504-taken", to=DOUBT, words=_DOUBT + "{name} answered 504"),
    *_bfl("submit-402", to=REFUSED, code="insufficient_credits", words="Insufficient credits"),
    *_fal("submit-402", to=REFUSED, code="insufficient_credits", words="Exhausted balance"),
    *_bfl("submit-403", to=REFUSED, code="unauthorized", words="Not authenticated"),
    *_fal("submit-403", to=REFUSED, code="unauthorized", words="Authentication is required"),
    *_both("submit-422", to=REFUSED, code="invalid_params", words="{name} does not accept `prompt`: Field required"),
    *_both(
        "submit-refused", to=DOUBT, taken=0, billed=0, words=_DOUBT + "the connection broke after the request was sent"
    ),
    *_both(
        "submit-drop-before",
        to=DOUBT,
        taken=0,
        billed=0,
        words=_DOUBT + "the connection broke after the request was sent",
    ),
    *_both("submit-drop-after", to=DOUBT, words=_DOUBT + "the connection broke after the request was sent"),
    *_both("submit-slow=0.3", to=PICTURE),
    *_both("submit-cut", to=DOUBT, words=_DOUBT + "the connection broke after the request was sent"),
    *_both("submit-not-json", to=DOUBT, words=_DOUBT + "{name} answered 200"),
)

_POLL: Final = (
    *_both("poll-429 x2", to=PICTURE, more=2),
    *_both("poll-503 x3", to=PICTURE, more=3),
    *_both("poll-503 x*", to=GOES_ON, more=None),
    *_both("poll-404 x2", to=PICTURE, more=2),
    *_both("poll-404 x*", to=FORGOTTEN, more=(6, 7)),
    *_both("poll-drop x3", to=PICTURE, more=3),
    *_both("poll-unknown-status x3", to=PICTURE, more=3),
    *_bfl("poll-backward", to=PICTURE, more=2),
    *_fal("poll-drop", "poll-backward x2", to=PICTURE, more=4),
    *_both("polling-url-foreign", to=PICTURE),
    *_both("polling-url-http", to=PICTURE),
    *_both("polling-url-redirect", to=PICTURE, more=3),
)

_TASK: Final = (
    *_bfl("poll-422", to=FAILED, code="invalid_reference", words="Invalid or corrupted image input"),
    *_fal("poll-422", to=FAILED, charge="not_charged", words="No media was generated"),
    *_bfl(
        "moderated-input",
        to=FAILED,
        state="moderated_input",
        code="moderated_input",
        words="moderation refused the prompt or a reference: Violence, Sexual Content",
    ),
    *_fal(
        "moderated-input",
        to=FAILED,
        state="moderated_input",
        code="moderated_input",
        charge="not_charged",
        words="moderation refused `prompt`: The content could not be processed because it was flagged",
    ),
    *_bfl(
        "moderated-output",
        to=FAILED,
        state="moderated_output",
        code="moderated_output",
        words="{name}'s moderation refused the picture that was made",
    ),
    *_fal(
        "moderated-output",
        to=FAILED,
        state="moderated_output",
        code="moderated_output",
        charge="not_charged",
        words="{name}'s moderation refused the picture that was made",
    ),
    *_bfl("error", to=FAILED, words="Internal error"),
    *_fal("error", to=FAILED, charge="not_charged", words="Internal server error"),
    *_fal(
        "error=downstream_service_unavailable",
        to=FAILED,
        charge="not_charged",
        code="unavailable",
        words="service unavailable",
    ),
    *_both("never", to=GOES_ON, billed=0, more=None),
    *_bfl("result-expired", to=PICTURE),
    *_fal("result-expired", to=FORGOTTEN, more=13),
    *_bfl("person cancels", to=PICTURE, more=4),
    *_fal(
        "person cancels",
        to=FAILED,
        state="cancelled",
        code="cancelled",
        charge="not_charged",
        words="{name} cancelled the request",
        more=4,
    ),
    *_bfl("cancel-ignored", "person cancels", to=PICTURE, more=4),
    *_fal("cancel-ignored", "person cancels", to=PICTURE, more=4),
)

_MEDIA: Final = (
    *_both("media-503 x3", to=PICTURE, more=(5, 8)),
    *_both("media-503 x*", to=FETCHES, more=None),
    *_both("media-403", to=PICTURE, more=(3, 4)),
    *_both("media-403 x*", to=FETCHES, more=None),
    *_both("media-truncated", to=PICTURE, more=3),
    *_both("media-html", to=PICTURE, more=(3, 4)),
    *_both("media-html x*", to=FETCHES, more=None),
    *_both("media-bomb", to=LOST, words=_LOST + "what came is not a whole picture"),
    *_both("media-huge", to=LOST, words=_LOST + "the file is too large"),
    *_both("media-foreign", to=LOST, words=_LOST + "the picture's address is not the provider's"),
    *_both("media-redirect", to=LOST, words=_LOST + "the picture's address redirects"),
    *_both("media-drip=0.3", to=PICTURE),
    *_both("media-black", to=PICTURE),
)

_SEVERAL: Final = (
    *_both(
        "submit-429=0 x2",
        "submit-drop-after",
        to=DOUBT,
        submits=3,
        more=2,
        words=_DOUBT + "the connection broke after the request was sent",
    ),
    *_both("submit-503 x2", "submit-429=1", to=PICTURE, submits=4, more=3),
    *_both(
        "submit-429=0",
        "submit-cut",
        to=DOUBT,
        submits=2,
        more=1,
        words=_DOUBT + "the connection broke after the request was sent",
    ),
    *_both(
        "submit-slow=0.2",
        "submit-drop-after",
        to=DOUBT,
        words=_DOUBT + "the connection broke after the request was sent",
    ),
    *_both("submit-503", "submit-422 x1", to=REFUSED, submits=2, code="invalid_params", words="Field required"),
    *_both("poll-drop x2", "poll-404", "media-503", "media-403", to=PICTURE, more=(6, 8)),
    *_both("poll-503 x2", "poll-429", "media-truncated", "media-html", to=PICTURE, more=(6, 8)),
    *_both("submit-503", "submit-slow=0.2", "poll-drop", "media-drip=0.2", to=PICTURE, submits=2, more=3),
)

MATRIX: Final[tuple[Row, ...]] = (*_NETWORK, *_SUBMIT, *_POLL, *_TASK, *_MEDIA, *_SEVERAL)
"""All rows, in the order of a job's life."""
