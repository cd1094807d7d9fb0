"""The life of a job: a table from (state, what happened) to the next state. Pure; nothing here does anything.

    queued ──admitted──▶ submitting ──accepted──▶ running ──ready──▶ fetching ──stored──▶ succeeded
      ▲ │                 │   │   │                │  │                  └──gone_for_good──▶ lost
      │ └cancel▶cancelled │   │   └─refused──▶ failed, moderated_input
      └──────not_taken────┘   └─doubt──▶ unknown ──accepted──▶ running
      ▲ │                                 │  │
      │ └─accepted: an earlier attempt's ticket comes after all──▶ running
      └───────────a person: retry─────────┘  └──a person: abandon──▶ abandoned

The law: no clock, probe, cancel or restart of ours ends a job that the provider may have taken. Only the provider's
final answer, or a person, does.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a job is."""

    QUEUED = "queued"  # waits for a seat under the cap
    SUBMITTING = "submitting"  # the intent is on disk, the answer is not
    RUNNING = "running"  # the provider took it; its ticket is on disk
    FETCHING = "fetching"  # the provider is ready; the bytes come home
    SUCCEEDED = "succeeded"  # the bytes are checked and stored
    FAILED = "failed"  # the provider refused it or failed
    MODERATED_INPUT = "moderated_input"  # the provider refused prompt or reference
    MODERATED_OUTPUT = "moderated_output"  # the provider withheld the picture
    CANCELLED = "cancelled"  # before it was submitted, or by the provider's word
    UNKNOWN = "unknown"  # the provider may have taken it; never sent again by itself
    LOST = "lost"  # made and charged, and the bytes can no longer be had
    ABANDONED = "abandoned"  # a person gave up a job in doubt


class Happening(StrEnum):
    """What can happen to a job."""

    ADMITTED = "admitted"
    CANCEL = "cancel"
    ACCEPTED = "accepted"
    NOT_TAKEN = "not_taken"
    REFUSED = "refused"
    INPUT_MODERATED = "input_moderated"
    DOUBT = "doubt"
    RETRY = "retry"
    ABANDON = "abandon"
    READY = "ready"
    FAILED = "failed"
    OUTPUT_MODERATED = "output_moderated"
    CANCELLED_THERE = "cancelled_there"
    FORGOTTEN = "forgotten"
    STORED = "stored"
    GONE_FOR_GOOD = "gone_for_good"


TRANSITIONS: Mapping[tuple[State, Happening], State] = {
    (State.QUEUED, Happening.ADMITTED): State.SUBMITTING,
    (State.QUEUED, Happening.CANCEL): State.CANCELLED,
    # A person has sent a job in doubt back to the queue, and now its earlier attempt turns out to have been taken.
    (State.QUEUED, Happening.ACCEPTED): State.RUNNING,
    (State.SUBMITTING, Happening.ACCEPTED): State.RUNNING,
    (State.SUBMITTING, Happening.NOT_TAKEN): State.QUEUED,
    # A person has asked for it while it was being sent, and it was not taken.
    (State.SUBMITTING, Happening.CANCEL): State.CANCELLED,
    (State.SUBMITTING, Happening.REFUSED): State.FAILED,
    (State.SUBMITTING, Happening.INPUT_MODERATED): State.MODERATED_INPUT,
    (State.SUBMITTING, Happening.DOUBT): State.UNKNOWN,
    (State.UNKNOWN, Happening.ACCEPTED): State.RUNNING,
    (State.UNKNOWN, Happening.RETRY): State.QUEUED,
    (State.UNKNOWN, Happening.ABANDON): State.ABANDONED,
    (State.RUNNING, Happening.READY): State.FETCHING,
    (State.RUNNING, Happening.FAILED): State.FAILED,
    (State.RUNNING, Happening.INPUT_MODERATED): State.MODERATED_INPUT,
    (State.RUNNING, Happening.OUTPUT_MODERATED): State.MODERATED_OUTPUT,
    (State.RUNNING, Happening.CANCELLED_THERE): State.CANCELLED,
    (State.RUNNING, Happening.FORGOTTEN): State.UNKNOWN,
    (State.FETCHING, Happening.STORED): State.SUCCEEDED,
    (State.FETCHING, Happening.GONE_FOR_GOOD): State.LOST,
}

FINAL = frozenset(State) - {state for state, _ in TRANSITIONS}
"""States that nothing leads out of."""

SETTLED = FINAL | {State.UNKNOWN}
"""States in which a caller need not wait any longer: final ones, and the one that only a person can end."""


def after(state: State, happening: Happening) -> State:
    """The state that follows.

    Raises:
        ValueError: this cannot happen in that state; a programming error.

    >>> after(State.SUBMITTING, Happening.DOUBT)
    <State.UNKNOWN: 'unknown'>
    """
    try:
        return TRANSITIONS[state, happening]
    except KeyError:
        raise ValueError(f"{happening} cannot happen to a job that is {state}") from None


def before(happening: Happening) -> tuple[State, ...]:
    """The states in which this can happen.

    >>> before(Happening.ACCEPTED)
    (<State.QUEUED: 'queued'>, <State.SUBMITTING: 'submitting'>, <State.UNKNOWN: 'unknown'>)
    """
    return tuple(state for state, what in TRANSITIONS if what is happening)
