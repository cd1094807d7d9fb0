from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.server import rows

from fluxroom.engine.lifecycle import FINAL, State
from fluxroom.errors import ModeratedInput, SubmitUnknown
from fluxroom.server.generations import answers


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["queued"], "queued"),
        (["queued", "queued"], "queued"),
        (["submitting"], "running"),
        (["running"], "running"),
        (["fetching"], "running"),
        (["queued", "running"], "running"),
        (["succeeded", "running"], "running"),
        (["failed", "queued"], "running"),
        (["unknown", "running"], "running"),
        (["succeeded"], "succeeded"),
        (["succeeded", "succeeded"], "succeeded"),
        (["succeeded", "failed"], "partial"),
        (["moderated_output", "succeeded"], "partial"),
        (["succeeded", "unknown"], "unknown"),
        (["unknown", "failed"], "unknown"),
        (["failed", "moderated_input"], "failed"),
        (["cancelled", "failed"], "cancelled"),
        (["lost"], "lost"),
        (["abandoned", "abandoned"], "abandoned"),
    ],
)
def test_the_state_of_a_generation_follows_from_its_jobs(states: list[str], expected: str) -> None:
    assert answers.state_of([rows.job(state) for state in states]) == expected


@pytest.mark.parametrize("state", list(State))
def test_every_state_of_a_job_can_be_told(state: State) -> None:
    error = None if state == State.SUCCEEDED else {"code": "provider_error", "message": "it broke", "next": "try again"}
    told = answers.generation(rows.snapshot(rows.job(state.value, error=error)))
    assert told.settled is (state in FINAL or state == State.UNKNOWN)
    wrong = state in FINAL | {State.UNKNOWN} and state != State.SUCCEEDED
    assert (told.error is not None) is wrong
    assert (told.jobs[0].error is not None) is wrong
    assert told.model_dump_json()


def test_an_old_error_of_a_job_that_made_it_in_the_end_is_not_shown() -> None:
    stale = SubmitUnknown().as_dict()
    told = answers.generation(rows.snapshot(rows.job("succeeded", error=stale)))
    assert told.error is None
    assert told.jobs[0].error is None


def test_a_job_that_was_given_up_says_so_and_why_it_was_in_doubt() -> None:
    told = answers.job(rows.job("abandoned", error=SubmitUnknown("the line broke").as_dict()))
    assert told.error is not None
    assert told.error["code"] == "abandoned"
    assert told.error["status"] == 410
    assert told.error["why"] == "the line broke"


def test_the_error_of_a_generation_is_that_of_its_first_job_without_a_picture() -> None:
    fine = rows.job(id="0" * 21 + "1")
    refused = rows.job("moderated_input", id="0" * 21 + "2", error=ModeratedInput("no foxes").as_dict())
    broken = rows.job("failed", id="0" * 21 + "3", error={"code": "provider_error", "message": "broke"})
    told = answers.generation(rows.snapshot(fine, refused, broken))
    assert told.state == "partial"
    assert told.error is not None
    assert (told.error["code"], told.error["detail"], told.error["job"]) == ("moderated_input", "no foxes", refused.id)


def test_an_error_of_a_later_version_is_still_a_problem() -> None:
    told = answers.job(rows.job("failed", error={"code": "of_tomorrow", "message": "something new"}))
    assert told.error is not None
    assert told.error["detail"] == "something new"
    assert told.error["status"] == 502


def test_a_job_that_failed_without_a_word_is_a_problem_too() -> None:
    told = answers.job(rows.job("failed"))
    assert told.error is not None
    assert told.error["code"] == "job_failed"


# money ---------------------------------------------------------------------------------------------------------------


def charged(amount: str | None, state: str = "charged", source: str = "provider") -> dict[str, Any]:
    return {
        "estimated": Decimal("0.03"),
        "reserved": Decimal("0.03"),
        "charged": None if amount is None else Decimal(amount),
        "charge_state": state,
        "charge_source": source,
    }


def test_the_receipt_adds_up() -> None:
    told = answers.generation(rows.snapshot(rows.job(**charged("0.03")), rows.job(**charged("0.045"))))
    assert (told.receipt.estimated, told.receipt.charged, told.receipt.state) == ("0.06", "0.075", "charged")
    assert told.receipt.source == "provider"


def test_what_is_not_known_yet_is_not_zero() -> None:
    told = answers.generation(rows.snapshot(rows.job("running", **charged(None, "unknown", "estimate"))))
    assert told.receipt.charged is None
    assert told.receipt.state == "unknown"
    assert told.receipt.source == "estimate"


def test_one_job_in_doubt_leaves_the_sum_in_doubt() -> None:
    told = answers.generation(
        rows.snapshot(rows.job(**charged("0.03")), rows.job("unknown", **charged(None, "unknown")))
    )
    assert (told.receipt.charged, told.receipt.state) == ("0.03", "unknown")


def test_one_that_was_charged_makes_it_charged() -> None:
    free = rows.job("moderated_input", **charged("0", "not_charged"))
    told = answers.generation(rows.snapshot(rows.job(**charged("0.03")), free))
    assert (told.receipt.charged, told.receipt.state) == ("0.03", "charged")


def test_nothing_charged_is_said_as_such() -> None:
    told = answers.generation(rows.snapshot(rows.job("failed", **charged("0", "not_charged"))))
    assert (told.receipt.charged, told.receipt.state) == ("0", "not_charged")


def test_money_is_written_without_exponents() -> None:
    told = answers.job(rows.job(**charged("0.000001")))
    assert told.receipt.charged == "0.000001"
    assert answers.job(rows.job(**charged("100"))).receipt.charged == "100"


# pictures and times --------------------------------------------------------------------------------------------------


def test_pictures_come_in_the_order_of_their_jobs() -> None:
    late, early = "z" * 22, "a" * 22
    first, second = rows.job(id=late, number=0), rows.job(id=early, number=1)
    found = rows.snapshot(first, second, images=(rows.image(3, early), rows.image(1, late), rows.image(2, late)))
    told = answers.generation(found)
    assert [image.seed for image in told.images] == [1, 2, 3]
    assert told.jobs[0].images == [told.images[0].id, told.images[1].id]


def test_addresses_hold_the_id_and_nothing_of_the_machine() -> None:
    told = answers.image(rows.image(5))
    assert told.url == f"/v1/images/{5:022d}/file"
    assert told.thumbnail == f"/v1/images/{5:022d}/thumbnail"
    assert told.download == f"/v1/images/{5:022d}/file?metadata=1"


def test_times_are_in_utc_and_unset_ones_are_null() -> None:
    told = answers.generation(rows.snapshot(rows.job("running", submitted_at=1_700_000_001.5, ready_at=0.0)))
    assert told.created_at == "2023-11-14T22:13:20.250Z"
    assert told.jobs[0].submitted_at == "2023-11-14T22:13:21.500Z"
    assert told.jobs[0].ready_at is None


def test_the_time_to_expect_is_that_of_the_slowest_job() -> None:
    assert answers.generation(rows.snapshot(rows.job(seconds=2.0), rows.job(seconds=9.0))).seconds == 9.0


def test_a_sandbox_picture_is_named_one() -> None:
    assert answers.generation(rows.snapshot(rows.job(sandbox=True))).sandbox is True
    assert answers.generation(rows.snapshot(rows.job(sandbox=False))).sandbox is False


def test_a_route_is_split_at_its_first_slash() -> None:
    told = answers.generation(rows.snapshot(rows.job(), route="fal/some/thing"))
    assert (told.provider, told.model) == ("fal", "some/thing")
