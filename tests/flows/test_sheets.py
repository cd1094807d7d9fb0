"""Tables become rows, and what is wrong with them is said by line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fluxroom.errors import InvalidParams
from fluxroom.flows.bulk.sheets import Sheet, every_combination, normal, table


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_is_read_with_any_usual_separator(mark: str) -> None:
    text = (
        "\ufeff" + mark.join(["prompt", "seed", "image_size"]) + "\r\n" + mark.join(["a fox", "7", "1024x768"]) + "\r\n"
    )
    assert table(text, "csv") == [{"prompt": "a fox", "seed": 7, "image_size": "1024x768"}]


def test_words_stay_words_and_values_become_values() -> None:
    text = 'prompt,raw,loras,guidance_scale,aspect_ratio\n1984,true,"[{""path"":""p"",""scale"":0.5}]",3.5,16:9\n'
    assert table(text, "csv") == [
        {
            "prompt": "1984",
            "raw": True,
            "loras": [{"path": "p", "scale": 0.5}],
            "guidance_scale": 3.5,
            "aspect_ratio": "16:9",
        }
    ]


def test_empty_cells_and_empty_lines_say_nothing() -> None:
    assert table("prompt,seed\na fox,\n\n , \nan owl,3\n", "csv") == [
        {"prompt": "a fox"},
        {"prompt": "an owl", "seed": 3},
    ]


def test_a_cell_may_have_several_lines_and_references() -> None:
    found = table('prompt,references\n"a fox\nin snow","a.jpg| b.jpg"\n', "csv")
    assert found == [{"prompt": "a fox\nin snow", "references": ["a.jpg", "b.jpg"]}]


def test_columns_are_renamed_and_left_out() -> None:
    found = table(
        "Titel,Bild,Notiz\nein Fuchs,a.jpg,x\n", "csv", columns={"Titel": "prompt", "Bild": "reference", "Notiz": ""}
    )
    assert found == [{"prompt": "ein Fuchs", "references": ["a.jpg"]}]


def test_several_columns_may_be_pictures_and_none_is_lost() -> None:
    columns = {"Foto": "references", "Bild": "references", "Noch eins": "reference"}
    found = table("prompt,Foto,Bild,Noch eins\nx,a.jpg|b.jpg,c.jpg,d.jpg\n", "csv", columns=columns)
    assert found == [{"prompt": "x", "references": ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]}]
    lines = '{"one": ["a.jpg"], "two": "b.jpg"}\n{"two": "c.jpg"}\n'
    found = table(lines, "jsonl", columns={"one": "references", "two": "references"})
    assert found == [{"references": ["a.jpg", "b.jpg"]}, {"references": ["c.jpg"]}]


@pytest.mark.parametrize(
    ("text", "columns", "why"),
    [
        ("prompt,Title\na,b\n", {"Title": "prompt"}, "row 1: two columns say prompt"),
        ("a,b\n1,\n2,3\n", {"a": "seed", "b": "seed"}, "row 2: two columns say seed"),
        ("Title,seed\na,1\n", {"Titel": "prompt"}, "no column 'Titel'; it has Title, seed"),
    ],
)
def test_a_column_that_would_be_dropped_without_a_word_is_refused(text: str, columns: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidParams, match=why):
        table(text, "csv", columns=columns)


def test_a_column_of_json_lines_need_not_be_in_every_line() -> None:
    lines = '{"Titel": "a"}\n{"prompt": "b"}\n'
    assert table(lines, "jsonl", columns={"Titel": "prompt"}) == [{"prompt": "a"}, {"prompt": "b"}]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("99999999999999999999999", "row 2.seed: 99999999999999999999 is no number that can be used"),
        ("-1e999", "row 2.seed: -inf is no number"),
        ('{"a": 1e999}', "row 2.seed.a: inf is no number"),
        ('"\\ud800"', "row 2.seed: a sign in it is none of a text"),
        ('"\\u0000"', "row 2.seed: a sign in it is none of a text"),
        ('{"\\ud800": 1}', "row 2.seed: a sign in it is none of a text"),
        ("[" * 40 + "]" * 40, "nested deeper than 30 levels"),
    ],
)
def test_what_cannot_be_written_down_is_refused_by_row_and_column(value: str, why: str) -> None:
    with pytest.raises(InvalidParams, match=why):
        table(f'{{"seed": 1}}\n{{"seed": {value}}}\n', "jsonl")
    quoted = value.replace('"', '""')
    with pytest.raises(InvalidParams, match=why):
        table(f'seed\n1\n"{quoted}"\n', "csv")


def test_words_that_only_look_like_numbers_stay_words() -> None:
    """The catalog says what is wrong with them, for their row alone."""
    assert [row["seed"] for row in table("seed\nNaN\nInfinity\n-Infinity\n", "csv")] == ["NaN", "Infinity", "-Infinity"]


@pytest.mark.parametrize("rows", [[{"seed": 10**30}], [{"mask": Path("a.png")}], [{"prompt": "\ud800"}]])
def test_a_program_that_gives_what_is_no_json_is_told_so(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidParams, match="sheet"):
        _ = Sheet(name="x", rows=rows).digest
    with pytest.raises(InvalidParams, match="sheet"):
        _ = Sheet(name="\ud800", rows=[{}], seeds="random").asked(0)


def test_a_file_name_belongs_to_its_row_and_no_default_can_give_it() -> None:
    sheet = Sheet(name="x", rows=[{"prompt": "a", "file": "mine"}], defaults={"file": "everybody's"})
    assert sheet.asked(0) == {"prompt": "a", "file": "everybody's"}  # so it is refused as a parameter, by its name


def test_json_lines() -> None:
    assert table('{"prompt": "a", "seed": 1}\n\n{"prompt": "b"}\n', "jsonl") == [
        {"prompt": "a", "seed": 1},
        {"prompt": "b"},
    ]


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("", "csv", "no rows"),
        ("prompt\n", "csv", "no rows"),
        ("prompt,prompt\na,b\n", "csv", "each only once"),
        ("prompt,\na,b\n", "csv", "must name each column"),
        ("prompt,seed\na,1,2\n", "csv", "Line 2 has 3 cells for 2 columns"),
        ('prompt\n"a\n', "csv", "cannot be read"),
        ('{"prompt": "a"}\n[1]\n', "jsonl", "Line 2 is not a JSON object"),
        ('{"a": 1}\n{"seed": 1, "seed": 2}\n', "jsonl", "Line 2: 'seed' stands twice"),
        ("[" * 100_000, "jsonl", "Line 1 is not a JSON object"),
    ],
)
def test_what_is_wrong_is_said(text: str, kind: str, why: str) -> None:
    with pytest.raises(InvalidParams, match=why):
        table(text, kind)  # type: ignore[arg-type]


def test_pictures_come_from_every_column_that_means_them() -> None:
    assert normal({"image_url": "a", "image2": "b", "prompt": "x", "mask": "m"}) == {
        "prompt": "x",
        "mask": "m",
        "references": ["a", "b"],
    }


def test_every_source_meets_every_prompt() -> None:
    rows = every_combination(["a.jpg", "b.jpg"], ["at dusk", "in snow"])
    assert [(row["references"], row["prompt"]) for row in rows] == [
        (["a.jpg"], "at dusk"),
        (["a.jpg"], "in snow"),
        (["b.jpg"], "at dusk"),
        (["b.jpg"], "in snow"),
    ]
    assert every_combination([], ["a"]) == [{"prompt": "a"}]


def test_seeds() -> None:
    rows: list[dict[str, Any]] = [{"prompt": "a"}, {"prompt": "b", "seed": 5}]
    assert [Sheet(name="s", rows=rows, defaults={"seed": 9}).asked(n)["seed"] for n in (0, 1)] == [9, 5]
    counted = Sheet(name="s", rows=rows, defaults={"seed": 9}, seeds="counted")
    assert [counted.asked(n)["seed"] for n in (0, 1)] == [9, 10]
    one, other = Sheet(name="s", rows=rows, seeds="random"), Sheet(name="t", rows=rows, seeds="random")
    assert one.asked(0) == one.asked(0)
    assert len({one.asked(0)["seed"], one.asked(1)["seed"], other.asked(0)["seed"]}) == 3
    with pytest.raises(InvalidParams, match="whole number"):
        Sheet(name="s", rows=rows, defaults={"seed": "x"}, seeds="counted").asked(0)


def test_the_same_sheet_has_the_same_digest_and_no_other() -> None:
    rows: list[dict[str, Any]] = [{"prompt": "a"}]
    same = Sheet(name="s", rows=rows).digest
    assert Sheet(name="s", rows=[dict(rows[0])]).digest == same
    assert Sheet(name="t", rows=rows).digest != same
    assert Sheet(name="s", rows=rows, defaults={"seed": 1}).digest != same
    assert Sheet(name="s", rows=rows, file_name="{row}").digest == same, "a file's name makes no other picture"
