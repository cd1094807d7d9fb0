from __future__ import annotations

import itertools

import pytest

from fluxroom.engine.lifecycle import FINAL, SETTLED, TRANSITIONS, Happening, State, after, before


def test_the_table_is_the_designs() -> None:
    drawn = {
        "queued": {"submitting", "cancelled", "running"},
        # Cancelled while it was being sent, and not taken: docs/decisions.
        "submitting": {"running", "queued", "failed", "moderated_input", "unknown", "cancelled"},
        "unknown": {"running", "queued", "abandoned"},
        "running": {"fetching", "failed", "moderated_input", "moderated_output", "cancelled", "unknown"},
        "fetching": {"succeeded", "lost"},
    }
    real: dict[str, set[str]] = {}
    for (state, _), following in TRANSITIONS.items():
        real.setdefault(state.value, set()).add(following.value)
    assert real == drawn


def test_nothing_leads_out_of_a_final_state() -> None:
    assert {"succeeded", "failed", "moderated_input", "moderated_output", "cancelled", "lost", "abandoned"} == FINAL
    assert {State.UNKNOWN} == SETTLED - FINAL


def test_what_is_not_in_the_table_cannot_happen() -> None:
    for state, happening in itertools.product(State, Happening):
        if (state, happening) in TRANSITIONS:
            assert after(state, happening) is TRANSITIONS[state, happening]
        else:
            with pytest.raises(ValueError, match="cannot happen"):
                after(state, happening)


def test_only_a_person_or_a_refusal_sends_a_job_back_to_the_queue() -> None:
    back = {(state, what) for (state, what), following in TRANSITIONS.items() if following is State.QUEUED}
    assert back == {(State.SUBMITTING, Happening.NOT_TAKEN), (State.UNKNOWN, Happening.RETRY)}


def test_every_state_is_reached_from_the_first() -> None:
    reached, waiting = {State.QUEUED}, [State.QUEUED]
    while waiting:
        state = waiting.pop()
        following = {to for (source, _), to in TRANSITIONS.items() if source is state} - reached
        reached |= following
        waiting += following
    assert reached == set(State)


def test_a_late_ticket_is_welcome_in_doubt_and_while_the_job_waits_to_be_sent_again() -> None:
    assert before(Happening.ACCEPTED) == (State.QUEUED, State.SUBMITTING, State.UNKNOWN)
