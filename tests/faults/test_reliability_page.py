"""`docs/reliability.md` says what the tests play, no more and no less."""

from __future__ import annotations

import json

from scripts import reliability
from tests.crash.run import LAST_RUN
from tests.faults.matrix import MATRIX
from tests.faults.webhook_matrix import WEBHOOK_MATRIX
from tests.postgres.kills import LAST_RUN as LAST_RUN_ON_POSTGRESQL


def test_the_page_is_fresh() -> None:
    assert reliability.PAGE.read_text("utf-8") == reliability.page(), "run scripts/reliability.py"
    assert LAST_RUN == reliability.LAST_RUN


def test_every_row_is_on_it() -> None:
    lines = reliability.page().splitlines()
    for row in MATRIX:
        faults = [f"`{fault}`" for fault in row.faults]
        here = [line for line in lines if all(fault in line for fault in faults) and f"| `{row.state}`" in line]
        assert any(row.code in line for line in here), row.title
    for hook in WEBHOOK_MATRIX:
        assert any(line.startswith(f"| {hook.how}") and f"`{hook.state}`" in line for line in lines), hook.title


def test_the_last_run_was_a_long_one_without_a_contradiction() -> None:
    run = json.loads(LAST_RUN.read_text("utf-8"))
    assert run["kills"] >= 500
    assert run["contradictions"] == run["figures"]["paid twice"] == 0
    assert f"| Kills | {run['kills']} |" in reliability.page()


def test_the_last_run_on_postgresql_was_a_long_one_and_nothing_was_paid_twice() -> None:
    assert LAST_RUN_ON_POSTGRESQL == reliability.LAST_RUN_ON_POSTGRESQL
    figures = json.loads(LAST_RUN_ON_POSTGRESQL.read_text("utf-8"))["figures"]
    assert figures["kills"] >= 50
    assert figures["paid twice"] == 0
    assert f"| Tasks that the providers took | {figures['tasks at the provider']} |" in reliability.page()
