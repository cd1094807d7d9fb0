from __future__ import annotations

import pytest

from fluxroom.sandbox import FAULTS
from fluxroom.sandbox.faults import Fault, FaultSet, UnknownFaultError, parse_fault, parse_header, read_markers


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_has_one_sentence_and_can_be_asked_for(name: str) -> None:
    assert FAULTS[name].endswith((".", ")."))
    assert parse_fault(name).name == name
    assert parse_fault(f"{name}=7 x3") == Fault(name, "7", 3)
    assert parse_fault(f"{name} x*") == Fault(name, None, None)


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("poll-503", Fault("poll-503", None, 1)),
        ("poll-503 x2", Fault("poll-503", None, 2)),
        ("poll-404 x*", Fault("poll-404", None, None)),
        ("media-bomb", Fault("media-bomb", None, None)),
        ("submit-429=5", Fault("submit-429", "5", 1)),
        ("error = image_too_small", Fault("error", "image_too_small", None)),
        ("media-foreign=http://localhost:9", Fault("media-foreign", "http://localhost:9", None)),
        ("  never  ", Fault("never", None, None)),
    ],
)
def test_a_fault_is_read_as_written(written: str, fault: Fault) -> None:
    assert parse_fault(written) == fault


@pytest.mark.parametrize("written", ["", "nonsense", "poll-503 x", "poll-503 2", "POLL-503"])
def test_an_unknown_fault_is_refused(written: str) -> None:
    with pytest.raises(UnknownFaultError, match="no fault named"):
        parse_fault(written)


def test_a_header_takes_several_and_its_submit_faults_happen_each_time() -> None:
    assert parse_header("submit-500, poll-503 x2,, media-drip=1") == [
        Fault("submit-500", None, None),
        Fault("poll-503", None, 2),
        Fault("media-drip", "1", None),
    ]
    assert parse_header("submit-500 x2") == [Fault("submit-500", None, 2)]


def test_markers_are_taken_out_of_the_prompt() -> None:
    marks = read_markers("a red [[fault:poll-503 x2]] fox [[duration:1.5]] in snow")
    assert marks.text == "a red fox in snow"
    assert marks.faults == (Fault("poll-503", None, 2),)
    assert marks.duration == 1.5


def test_a_marker_that_cannot_be_read_stays() -> None:
    assert read_markers("a [[fault:nonsense]] b").text == "a [[fault:nonsense]] b"
    assert read_markers("a [[duration:soon]] b").duration is None
    assert read_markers("spaces  stay   [[x]]").text == "spaces  stay   [[x]]"


def test_the_first_fault_of_a_name_wins_and_a_set_survives_json() -> None:
    faults = FaultSet.of([Fault("never"), Fault("poll-503", None, 2), Fault("poll-503", None, 9)])
    again = FaultSet.from_json(faults.to_json())
    assert again.by_name == faults.by_name
    assert again.get("poll-503") == Fault("poll-503", None, 2)
    assert "never" in again
    assert [fault.name for fault in again.with_prefix("poll-")] == ["poll-503"]
