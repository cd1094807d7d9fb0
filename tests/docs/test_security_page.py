"""`docs/security.md` says of every guard where it is and what proves it; both must be there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs/security.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and line.count("|") == 5 and not line.startswith("| Attack")
]
OTHERS = {"httptools", "uvicorn"}  # guards that are not ours


def places_of(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_is_read() -> None:
    assert len(ROWS) > 25
    assert all(len(row) == 4 and all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_guard_is_where_the_page_says(row: list[str]) -> None:
    where = places_of(row[2])
    assert where or row[2] in OTHERS
    assert all((ROOT / "src/fluxroom" / place).exists() for place in where)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_guard_has_the_tests_that_the_page_names(row: list[str]) -> None:
    file = ""
    for named in places_of(row[3]):
        path, _, test = named.partition("::")
        file = path or file  # `::test` is in the file named before it
        found = ROOT / file if file.startswith("tests/") else ROOT / "tests/server" / file
        assert found.exists(), named
        assert not test or f"def {test}(" in found.read_text("utf-8"), named
    assert places_of(row[3])


def test_every_test_of_a_guard_is_on_the_page() -> None:
    page = (ROOT / "docs/security.md").read_text("utf-8")
    tests = re.findall(r"^def (test_\w+)\(", (ROOT / "tests/server/test_guards.py").read_text("utf-8"), re.MULTILINE)
    fine = {"test_a_picture_is_never_shown_as_a_page", "test_a_picture_may_have_any_bytes"}  # not attacks
    assert {test for test in tests if test not in page} <= fine
