"""Sheets, file names and comparisons with whatever people may write into them."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fluxroom.errors import InvalidParams
from fluxroom.flows.bulk.file_names import FileNames
from fluxroom.flows.bulk.sheets import Sheet, every_combination, normal, table
from fluxroom.flows.comparisons import Comparison, comparison

# What a spreadsheet can hold in a cell: no line ends of its own kind, nothing that a text file cannot hold.
words = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=40).map(str.strip).filter(bool)
numbers = st.integers(0, 2**31 - 1)
values = st.recursive(
    numbers | st.floats(-10, 10, allow_nan=False) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["path", "scale"]), inner, max_size=2),
    max_leaves=4,
)
rows = st.fixed_dictionaries(
    {"prompt": words},
    optional={"seed": numbers, "loras": values, "guidance_scale": st.floats(0, 20), "user": words, "file": words},
)


@given(st.lists(rows, min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_what_is_written_into_a_table_is_read_from_it(written: list[dict[str, Any]], mark: str) -> None:
    names = ["prompt", "seed", "loras", "guidance_scale", "user", "file"]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mark)
    writer.writerow(names)
    for row in written:
        cells = [row.get(name, "") for name in names]
        writer.writerow([cell if isinstance(cell, str) else json.dumps(cell) for cell in cells])
    assert table(out.getvalue(), "csv") == written


@given(st.lists(rows, min_size=1, max_size=6))
def test_what_is_written_into_json_lines_is_read_from_them(written: list[dict[str, Any]]) -> None:
    assume(all("\u2028" not in row["prompt"] and "\u2029" not in row["prompt"] for row in written))
    assert table("\n".join(json.dumps(row) for row in written), "jsonl") == written


@given(st.text(max_size=300), st.sampled_from(["csv", "jsonl"]))
def test_any_text_is_a_table_or_one_clear_error(text: str, kind: Any) -> None:
    found: list[dict[str, Any]] | None = None
    with suppress(InvalidParams):
        found = table(text, kind)
    assert found is None or (found and all(isinstance(row, dict) for row in found))


@given(st.lists(words, max_size=4), st.lists(words, min_size=1, max_size=4))
def test_every_source_meets_every_prompt_once(sources: list[str], prompts: list[str]) -> None:
    found = every_combination(sources, prompts)
    assert len(found) == max(1, len(sources)) * len(prompts)
    if sources:
        assert [(row["references"], row["prompt"]) for row in found] == [([s], p) for s in sources for p in prompts]
    assert [normal(row) for row in found] == found


@given(st.lists(rows, min_size=1, max_size=4), st.lists(rows, min_size=1, max_size=4), words, words)
def test_a_sheet_is_the_same_sheet_only_when_all_of_it_is(
    one: list[dict[str, Any]], other: list[dict[str, Any]], name: str, another: str
) -> None:
    first = Sheet(name=name, rows=one)
    assert first.digest == Sheet(name=name, rows=json.loads(json.dumps(one))).digest
    assert (first.digest == Sheet(name=another, rows=one).digest) == (name == another)
    assert (first.digest == Sheet(name=name, rows=other).digest) == (json.dumps(one) == json.dumps(other))


@given(st.integers(1, 50), words, numbers)
def test_seeds_are_the_same_each_time_one_looks(number: int, name: str, first: int) -> None:
    listed = [{"prompt": f"p{n}"} for n in range(number)]
    random = Sheet(name=name, rows=listed, seeds="random")
    again = Sheet(name=name, rows=listed, seeds="random")
    assert [random.asked(n)["seed"] for n in range(number)] == [again.asked(n)["seed"] for n in range(number)]
    counted = Sheet(name=name, rows=listed, seeds="counted", defaults={"seed": first})
    assert [counted.asked(n)["seed"] for n in range(number)] == [first + n for n in range(number)]


@settings(max_examples=200)
@given(
    st.lists(st.tuples(words | st.sampled_from(["CON", "../..", ".hidden", "a/b", "A", "a", "ä", "x" * 400]), numbers)),
    st.sampled_from(["{row}-{prompt}", "{prompt}", "{seed}", "{prompt}/{row}", "pic", "{missing}", "..{prompt}"]),
)
def test_any_prompt_makes_a_name_that_every_system_takes(asked: list[tuple[str, int]], template: str) -> None:
    names = FileNames(template, rows=len(asked) or 1)
    made = [
        names.of({"row": number, "prompt": prompt, "seed": seed}, "image/png", own=prompt if seed % 7 == 0 else "")
        for number, (prompt, seed) in enumerate(asked, 1)
    ]
    assert len({name.lower() for name in made}) == len(made)
    for name in made:
        assert re.fullmatch(r"[\w.@,-]{1,140}\.png", name), name
        assert not name.startswith((".", "-"))
        assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name, re.IGNORECASE), name


axis_values = st.lists(st.integers(0, 50), min_size=1, max_size=5, unique=True)


@given(axis_values, axis_values, words)
def test_every_cell_has_the_values_of_its_column_and_its_line(across: list[int], down: list[int], prompt: str) -> None:
    found = comparison("c", {"prompt": prompt, "model": "m"}, [("guidance_scale", across), ("seed", down)])
    cells = found.cells()
    assert [(cell["guidance_scale"], cell["seed"]) for cell in cells] == [(x, y) for y in down for x in across]
    assert {cell["prompt"] for cell in cells} == {prompt}


@given(axis_values, words)
def test_the_same_comparison_is_known_by_what_people_chose(across: list[int], prompt: str) -> None:
    def made(**more: Any) -> Comparison:
        return comparison("c", {"prompt": prompt, "model": "m", **more}, [("guidance_scale", across)])

    one, other = made(), made()
    assert (one.drawn, one.digest) == (True, other.digest)  # whatever seeds were drawn
    assert made(seed=1).digest == made(seed=1).digest
    assert len({made().digest, made(seed=1).digest, made(seed=2).digest}) == 3
