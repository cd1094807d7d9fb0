from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from fluxroom import errors
from fluxroom.errors import FluxroomError, InvalidParams, ModeratedOutput, by_code, tree

GOLDEN = Path(__file__).parent / "golden" / "errors.json"


def as_written(error: type[FluxroomError]) -> dict[str, object]:
    return {
        "sentence": error.sentence(),
        "charge": error.charge,
        "next": error.advice,
        "status": error.status,
        "exit_code": error.exit_code,
        "retryable": error.retryable,
    }


def ours() -> list[type[FluxroomError]]:
    return [error for error in tree() if error.__module__.startswith("fluxroom.")]


def test_every_error_is_as_the_golden_file_says() -> None:
    found = {error.code: as_written(error) for error in ours() if error.__module__ == "fluxroom.errors"}
    assert found == json.loads(GOLDEN.read_text())


def test_the_codes_that_were_asked_for_exist() -> None:
    wanted = (
        "invalid_params unauthorized forbidden insufficient_credits rate_limited moderated_input moderated_output "
        "task_not_found timeout provider_error unavailable submit_unknown budget_exceeded"
    )
    assert set(wanted.split()) <= {error.code for error in ours()}


def test_no_sentence_and_no_code_is_shared() -> None:
    sentences = [error.sentence() for error in ours()]
    codes = [error.code for error in ours()]
    assert len(set(sentences)) == len(sentences)
    assert len(set(codes)) == len(codes)


def test_every_error_says_what_to_do_next() -> None:
    for error in ours():
        assert error.sentence().endswith("."), error
        assert error.advice.endswith("."), error
        assert error.charge in {"charged", "not_charged", "unknown"}


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn = (inspect.getdoc(errors) or "").split("\n\n")[1]
    names = [line.strip("│├└─ ").split(" ")[0] for line in drawn.splitlines()]
    real = [error.__name__ for error in ours() if error.__module__ == "fluxroom.errors"]
    assert sorted(names) == sorted(real)


def test_an_error_as_json_has_its_facts_and_no_empty_ones() -> None:
    error = InvalidParams("guidance_scale 20 is above 10.", field="guidance_scale", limit=10, model=None)
    assert error.as_dict() == {
        "code": "invalid_params",
        "message": "guidance_scale 20 is above 10.",
        "next": InvalidParams.advice,
        "charge": "not_charged",
        "retryable": False,
        "field": "guidance_scale",
        "limit": 10,
    }


def test_what_was_charged_this_time_wins_over_what_is_usual() -> None:
    assert ModeratedOutput(charge="charged").as_dict()["charge"] == "charged"


@pytest.mark.parametrize("error", ours())
def test_a_code_leads_back_to_its_class(error: type[FluxroomError]) -> None:
    assert by_code(error.code) is error


def test_a_code_of_a_later_version_is_still_an_error() -> None:
    assert by_code("not_invented_yet") is errors.ProviderError
