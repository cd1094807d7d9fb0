"""The fault switches: their names, what each one does, and the small language that asks for them.

A fault is written ``name``, ``name=value``, ``name x3`` or ``name=value x*``: the part after ``x`` is how many times
it happens, ``x*`` meaning every time. Three places take it: the request header ``x-sandbox-fault`` (several, divided
by commas), a marker in the prompt (``[[fault:poll-503 x2]]``), and ``POST /admin/faults``. The prompt also takes
``[[duration:1.5]]``, the seconds until the picture is ready.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FAULTS: Final[dict[str, str]] = {
    "submit-429": "The submit is refused with 429 and Retry-After (value: seconds); not taken.",
    "submit-500": "The submit is answered 500; not taken.",
    "submit-500-taken": "The submit is answered 500 although the task was taken and will be billed.",
    "submit-502": "The submit is answered 502 with a proxy's HTML page without a request id; not taken.",
    "submit-502-taken": "The submit is answered 502 by a proxy although the task was taken and will be billed.",
    "submit-503": "The submit is answered 503 without any id; not taken.",
    "submit-503-id": "The submit is answered 503 with a request id; the task was taken and will be billed.",
    "submit-504": "The submit is answered 504; not taken.",
    "submit-504-taken": "The submit is answered 504 although the task was taken and will be billed.",
    "submit-402": "The submit is refused for lack of credits (fal: 403, account locked).",
    "submit-403": "The submit is refused as not authenticated (fal: 401).",
    "submit-422": "The submit is refused with the provider's list of validation errors.",
    "submit-refused": "The connection is reset after the request's head, before the body is read; not taken.",
    "submit-drop-before": "The body is read and the connection is dropped without an answer; not taken.",
    "submit-drop-after": "The task is taken and will be billed; the connection is dropped without an answer.",
    "submit-slow": "The task is taken at once and the answer comes late (value: seconds, default 2).",
    "submit-cut": "The task is taken; the connection ends in the middle of the answer's body.",
    "submit-not-json": "The task is taken; the answer is 200 with an HTML page.",
    "poll-429": "A poll is answered 429 with Retry-After.",
    "poll-503": "A poll is answered 503 with Retry-After.",
    "poll-404": "A poll says that the task is not known.",
    "poll-422": "The task ends in Error and polls answer 422 with the task body (fal: the result is a 422).",
    "poll-drop": "A poll's connection is dropped without an answer.",
    "poll-unknown-status": "A poll answers a status that no specification lists.",
    "poll-backward": "A poll answers the first status again after a later one had been seen.",
    "polling-url-foreign": "The submit's answer names a polling address on a foreign host (value: the host).",
    "polling-url-http": "The submit's answer names a polling address of the provider over plain http.",
    "polling-url-redirect": "The polling address answers 307 to another origin, which records what it is sent.",
    "moderated-input": "The prompt or a reference is refused by moderation.",
    "moderated-output": "The picture is refused by moderation once it is made (value at fal's open models: how many).",
    "error": "The task fails (value: the error's text at BFL, the error type at fal).",
    "never": "The task never finishes.",
    "result-expired": "fal: the result is gone (404) although the status says COMPLETED.",
    "cancel-ignored": "fal: a cancelled request that was running finishes all the same and is billed.",
    "media-503": "The picture's address answers 503.",
    "media-403": "The picture's address answers 403 as after its expiry; a new poll gives a new one.",
    "media-truncated": "The picture's bytes end early although more were announced.",
    "media-html": "The picture's address answers 200 with an HTML page.",
    "media-bomb": "The picture is a small file that declares 30000 x 30000 pixels.",
    "media-huge": "The picture's address announces and streams 200 MB (value: megabytes).",
    "media-foreign": "The picture's address is on a foreign host (value: the host).",
    "media-redirect": "The picture's address redirects to another origin.",
    "media-drip": "The picture's bytes arrive slowly (value: seconds in all, default 2).",
    "media-black": "The picture is all black and nothing says so.",
    "webhook-duplicate": "The webhook is delivered twice.",
    "webhook-late": "The webhook is delivered late (value: seconds, default 2).",
    "webhook-early": "The webhook is delivered before the submit is answered; the task is ready at once.",
    "webhook-forged": "A webhook with a false signature or secret and a foreign picture comes before the true one.",
    "webhook-old": "A correctly signed webhook of an hour ago (BFL: an old Pending body) comes before the true one.",
}

# How often a fault happens when nothing is said: one that a retry can get over happens once, the others every time.
_PASSING: Final = ("submit-", "poll-", "media-")
_LASTING: Final = frozenset(
    [
        *("submit-402", "submit-403", "submit-422", "poll-422"),
        *("media-bomb", "media-huge", "media-foreign", "media-redirect", "media-drip", "media-black"),
    ]
)

_MARKER: Final = re.compile(r"\[\[\s*(fault|duration)\s*:\s*([^\]]*?)\s*\]\]")
_WORD: Final = re.compile(r"^([a-z0-9-]+)(?:\s*=\s*(.*?))?(?:\s+x(\d+|\*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """One switch that is on. ``times`` None means every time."""

    name: str
    value: str | None = None
    times: int | None = None


class UnknownFaultError(ValueError):
    """A fault was asked for that is not in ``FAULTS``."""


def parse_fault(text: str) -> Fault:
    """Read one fault as written in a header, a marker or the admin endpoint."""
    found = _WORD.match(text.strip())
    if found is None or found[1] not in FAULTS:
        raise UnknownFaultError(f"no fault named {text.strip()!r}; see fluxroom.sandbox.FAULTS")
    name, value, count = found[1], found[2], found[3]
    if count == "*":
        times: int | None = None
    elif count is not None:
        times = int(count)
    else:
        times = 1 if name.startswith(_PASSING) and name not in _LASTING else None
    return Fault(name, value, times)


def parse_header(text: str) -> list[Fault]:
    """Read the header ``x-sandbox-fault``: faults divided by commas.

    A submit fault in a header happens to the request that carries it, unless a count is written.
    """
    return [_of_request(part, parse_fault(part)) for part in text.split(",") if part.strip()]


def _of_request(written: str, fault: Fault) -> Fault:
    counted = re.search(r"\sx(\d+|\*)$", written.strip()) is not None
    return fault if counted or not fault.name.startswith("submit-") else Fault(fault.name, fault.value)


@dataclass(frozen=True, slots=True)
class Markers:
    """What the markers in a prompt ask for, and the prompt without them."""

    text: str
    faults: tuple[Fault, ...]
    duration: float | None


def read_markers(prompt: str) -> Markers:
    """Take the ``[[...]]`` markers out of a prompt. A marker that cannot be read stays in the text."""
    if "[[" not in prompt:
        return Markers(prompt, (), None)
    faults: list[Fault] = []
    duration: float | None = None
    kept: list[str] = []
    end = 0
    for found in _MARKER.finditer(prompt):
        try:
            if found[1] == "fault":
                faults.append(parse_fault(found[2]))
            else:
                duration = float(found[2])
        except ValueError:
            continue
        kept.append(prompt[end : found.start()])
        end = found.end()
    kept.append(prompt[end:])
    return Markers(
        " ".join("".join(kept).split()) if faults or duration is not None else prompt, tuple(faults), duration
    )


@dataclass(slots=True)
class FaultSet:
    """The faults that apply to one request or stay with one task."""

    by_name: dict[str, Fault]

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> FaultSet:
        """Collect faults; of two with one name the first one wins."""
        by_name: dict[str, Fault] = {}
        for fault in faults:
            by_name.setdefault(fault.name, fault)
        return cls(by_name)

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def get(self, name: str) -> Fault | None:
        """The fault of this name, if it is on."""
        return self.by_name.get(name)

    def with_prefix(self, *prefixes: str) -> list[Fault]:
        """The faults whose names begin so, in the order in which they were asked for."""
        return [fault for name, fault in self.by_name.items() if name.startswith(prefixes)]

    def to_json(self) -> dict[str, dict[str, str | int | None]]:
        """The form that a task's row keeps."""
        return {name: {"value": fault.value, "times": fault.times} for name, fault in self.by_name.items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Mapping[str, str | int | None]]) -> FaultSet:
        """Read what ``to_json`` wrote."""
        found: dict[str, Fault] = {}
        for name, parts in kept.items():
            value, times = parts.get("value"), parts.get("times")
            found[name] = Fault(name, None if value is None else str(value), None if times is None else int(times))
        return cls(found)
