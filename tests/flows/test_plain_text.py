"""Files that people write: YAML or JSON, bounded, without what could make them explode, and the line of a mistake."""

from __future__ import annotations

import json
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fluxroom.errors import InvalidParams
from fluxroom.flows.plain_text import LARGEST, read

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(st.characters(codec="ascii"), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abcdef", min_size=1), PLAIN, min_size=1, max_size=4))
def test_what_was_written_is_read_as_json_and_as_yaml(data: dict[str, object]) -> None:
    assert read(json.dumps(data), "x") == data
    assert read(yaml.safe_dump(data), "x") == data


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n "a": 1,\n "b" 2\n}', 3),
        ("a: 1\nb: [1, 2\nc: 3\n", 3),
        ("a: 1\n\tb: 2\n", 2),
        ("a: &x 1\nb: 2\nc: *x\n", 3),
        ("{", 1),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(InvalidParams, match=f"neither YAML nor JSON in line {line}"):
        read(text, "assistant")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: a\nprompt: x\nmodel: b\n", "'model' stands twice in line 3: leave one of them out"),
        ("steps:\n- {a: 1,\n   b: 2, a: 1}\n", "'a' stands twice in line 3"),
        ("a: {b: {c: 1, d: 2,\n c: {}}}", "'c' stands twice in line 2"),
        ('"a": 1\na: 2\n', "'a' stands twice in line 2"),
        ('{"a": 1, "b": [{"c": 1, "c": 2}]}', "'c' stands twice: leave one of them out"),
        ('{"a": 1, "a": 1}', "'a' stands twice"),
    ],
)
def test_a_name_that_stands_twice_is_told_and_neither_of_its_values_lost(text: str, said: str) -> None:
    with pytest.raises(InvalidParams, match=said):
        read(text, "pipeline")


def test_the_same_name_in_two_places_is_fine() -> None:
    assert read("- {a: 1}\n- {a: {a: 2}}\n", "x") == [{"a": 1}, {"a": {"a": 2}}]
    assert read('{"a": {"a": 1}, "b": {"a": 2}}', "x") == {"a": {"a": 1}, "b": {"a": 2}}


def test_thousands_of_names_cost_no_more_than_reading_them() -> None:
    """Ten thousand names of which the last stands twice: each is looked for once."""
    names = "\n".join(f"n{number}: 1" for number in range(9000))
    with pytest.raises(InvalidParams, match="'n8999' stands twice in line 9001"):
        read(f"{names}\nn8999: 1\n", "x")


def test_what_is_too_long_is_not_read_at_all() -> None:
    began = time.process_time()
    with pytest.raises(InvalidParams, match="A pipeline file has at most 100000 characters") as refused:
        read("- " * LARGEST, "pipeline")
    assert time.process_time() - began < 0.5
    assert refused.value.context["field"] == "pipeline"


def test_aliases_that_would_become_gigabytes_are_not_taken() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [*{before}, *{before}, *{before}]" for before, name in zip("abcdefg", "bcdefgh", strict=True)]  # fmt: skip  # noqa: E501
    with pytest.raises(InvalidParams, match="neither YAML nor JSON in line 2"):
        read("\n".join(lines), "x")


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.system [ls]", "a: !!python/name:os.system", "- !include /etc/passwd"]
)
def test_tags_that_would_run_something_are_not_taken(text: str) -> None:
    with pytest.raises(InvalidParams, match="neither YAML nor JSON"):
        read(text, "x")


@pytest.mark.parametrize("text", ["[" * 50_000, "{" + '"a":{' * 20_000, "- " * 20_000 + "x"])
def test_what_is_nested_too_deep_is_no_fault_of_ours(text: str) -> None:
    with pytest.raises(InvalidParams):
        read(text, "x")
