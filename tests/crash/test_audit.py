"""The audit finds each contradiction: without this, a run without contradictions would say nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.crash.audit import Audit, audit
from tests.crash.ledger import JobRow

CAPS = {"bfl": 24}

GOOD = JobRow(
    id="j1",
    state="succeeded",
    provider="bfl",
    model="flux-2-pro",
    token="aa",
    request_id="t1",
    charge_state="charged",
    charged=Decimal("0.03"),
    attempt=1,
    code="",
    pictures=1,
)
DOUBT = replace(GOOD, state="unknown", request_id="", charge_state="unknown", charged=None, pictures=0)
REFUSED = replace(GOOD, state="failed", request_id="", charge_state="not_charged", charged=None, pictures=0)


def task(name: str = "t1", token: str = "aa", *, billed: bool = True) -> dict[str, Any]:
    return {
        "id": name,
        "input": {"prompt": f"{token} [[duration:1]]"},
        "billed": billed,
        "amount_usd": 0.03 if billed else 0.0,
    }


def of(*rows: JobRow, tasks: list[dict[str, Any]], peak: int = 24) -> Audit:
    return audit(rows, tasks, {"bfl": peak}, CAPS)


def test_good_books_have_no_contradiction() -> None:
    rows = [
        GOOD,
        replace(DOUBT, id="j2", token="bb"),
        replace(DOUBT, id="j3", token="cc"),
        replace(REFUSED, id="j4", token="dd"),
        replace(GOOD, id="j5", token="ee", request_id="t5", state="lost", pictures=0),
        replace(GOOD, id="j6", token="ff", request_id="t6", state="moderated_output", pictures=0),
        replace(REFUSED, id="j7", token="gg", request_id="t7"),
    ]
    tasks = [task(), task("t2", "bb"), task("t5", "ee"), task("t6", "ff"), task("t7", "gg", billed=False)]
    found = of(*rows, tasks=tasks)
    assert found.wrong == []
    assert found.figures == {
        "jobs": 7,
        "tasks": 5,
        "billed": 4,
        "succeeded": 1,
        "lost": 1,
        "charged without a picture": 1,
        "unknown": 2,
        "unknown and taken": 1,
        "unknown and billed": 1,
        "paid twice": 0,
    }


@pytest.mark.parametrize(
    ("row", "tasks", "says"),
    [
        (GOOD, [task(), task("t2")], "took 2 tasks"),
        (DOUBT, [task(), task("t2")], "took 2 tasks"),
        (GOOD, [task(), task("t9", "zz")], "belongs to no job"),
        (REFUSED, [task()], "billed and says not_charged"),
        (replace(GOOD, state="failed", pictures=0), [task(billed=False)], "says charged and nothing is billed"),
        (GOOD, [task(billed=False)], "a picture that is not billed"),
        (GOOD, [], "a picture that is not billed"),
        (replace(GOOD, pictures=0), [task()], "its picture is not in the store"),
        (replace(GOOD, state="lost", pictures=0), [], "lost and was not billed"),
        (replace(GOOD, request_id="t8"), [task()], "another task's"),
        (replace(GOOD, charged=Decimal("0.04")), [task()], "another amount"),
        (replace(GOOD, charged=None), [task()], "another amount"),
        *[(replace(GOOD, state=state), [task()], "stuck") for state in ("queued", "submitting", "running", "fetching")],
        (replace(DOUBT, state="abandoned"), [task()], "1 tasks are billed, and 0 are explained"),
    ],
)
def test_each_contradiction_is_found(row: JobRow, tasks: list[dict[str, Any]], says: str) -> None:
    assert any(says in line for line in of(row, tasks=tasks).wrong)


def test_two_jobs_with_one_prompt_and_a_cap_that_was_passed_are_found() -> None:
    assert any("share a prompt" in line for line in of(GOOD, replace(DOUBT, id="j2"), tasks=[task()]).wrong)
    assert of(GOOD, tasks=[task()], peak=25).wrong == ["25 in flight at bfl, where 24 are allowed"]
