"""Tables become rows, and what is wrong with them is said by line."""

from __future__ import annotations

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
