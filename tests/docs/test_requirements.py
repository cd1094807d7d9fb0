"""The requirements page is complete, and what it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/requirements.md", "docs/requirements-decisions.md")
LATER = {"flows", "studio"}
LAST = {"R": 264, "X": 34, "N": 35}

_ROW = re.compile(r"^\| ([RXN]\d+) \|")
_NAMED = re.compile(r"`((?:src|tests|docs|examples|scripts)/[\w./-]+|\.env\.example|README\.md)(?:::([\w:]+))?`")
_LATER = re.compile(r"later: ([a-z]+(?: \([^)]*\))?(?:, [a-z]+(?: \([^)]*\))?)*)")


def rows() -> list[tuple[str, str]]:
    """Id and whole line of every row."""
    lines = [line for page in PAGES for line in (ROOT / page).read_text("utf-8").splitlines()]
    return [(found[1], line) for line in lines if (found := _ROW.match(line))]


ROWS = rows()


@cache
def names_in(path: Path) -> frozenset[str]:
    """Names of a file's tests, those of a class with the class before them."""
    body = ast.parse(path.read_text("utf-8")).body
    found = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for group in body:
        if isinstance(group, ast.ClassDef):
            inner = (node for node in group.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{group.name}::{node.name}" for node in inner}
    return frozenset(found)


@pytest.mark.parametrize("letter", LAST)
def test_no_row_is_missing_doubled_or_out_of_order(letter: str) -> None:
    found = [name for name, _ in ROWS if name[0] == letter]
    assert found == [f"{letter}{number}" for number in range(1, LAST[letter] + 1)]


@pytest.mark.parametrize(("name", "line"), ROWS, ids=[name for name, _ in ROWS])
def test_a_row_names_what_exists_or_says_when_or_why_not(name: str, line: str) -> None:
    cells = [cell.strip() for cell in line.strip("|").split(" | ")]
    assert all(cells[:3]), "an id, a demand and a place"
    named = _NAMED.findall(line)
    for path, test in named:
        assert (ROOT / path).exists(), path
        if test:
            assert test in names_in(ROOT / path), f"{path}::{test}"
    later = [word for found in _LATER.findall(line) for word in re.sub(r" \([^)]*\)", "", found).split(", ")]
    assert set(later) <= LATER, later
    assert named or later or "out, because" in line or "this page" in line or "as R" in line


def test_every_later_work_is_named_at_the_top_of_the_page() -> None:
    head = (ROOT / PAGES[0]).read_text("utf-8").split("## ", 1)[0]
    assert {word for word in LATER if f"`{word}`" in head} == LATER
