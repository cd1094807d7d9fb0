"""`fluxroom bulk`: a sheet is checked, priced, carried, and goes on; nothing is paid twice or left out in silence."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tests.cli.told import Provider, Run, picture_file

FAST = "flux-2-klein-4b"


def sheet(*lines: str, name: str = "sheet.csv") -> Path:
    path = Path(name)
    path.write_text("\n".join(lines), "utf-8")
    return path


def tasks(provider: Provider) -> list[dict[str, object]]:
    return [dict(task["input"]) for task in provider.box.world.tasks()]


def test_a_check_says_what_every_row_costs_and_sends_nothing(run: Run, provider: Provider) -> None:
    sheet("prompt,seed,guidance_scale", "a fox,1,", "an owl,2,99", "a hare,3,")
    told = run("bulk", "check", "sheet.csv", "-m", f"fal/{FAST}")
    assert told.code == 0
    assert "0 exist, 2 to pay ($" in told.err
    assert "row 2: guidance_scale" in told.err
    assert "rows with a fixed seed whose pictures are in the store exist" in told.err
    assert tasks(provider) == []


def test_a_sheet_fills_a_folder_and_the_same_command_pays_nothing_again(run: Run, provider: Provider) -> None:
    sheet("prompt,seed,file", "a fox,1,", "an owl,2,chosen")
    command = ("bulk", "run", "sheet.csv", "-m", f"bfl/{FAST}", "-o", "out", "--yes")
    told = run(*command)
    assert (told.code, told.out.split(" · ")[1]) == (0, "2 of 2 done"), told.err
    assert sorted(path.name for path in Path("out").iterdir()) == ["1-a-fox.png", "chosen.png", "results.csv"]
    lines = list(csv.DictReader(Path("out/results.csv").read_text("utf-8").splitlines()))
    assert [line["file"] for line in lines] == ["1-a-fox.png", "chosen.png"]
    assert all(float(line["charged"]) > 0 for line in lines)
    again = run(*command)
    assert again.code == 0
    assert "2 exist, 0 to pay" in again.err
    assert "the same sheet under the same name: run" in again.err
    assert len(tasks(provider)) == 2


def test_what_was_made_and_what_failed_is_told_apart_when_a_sheet_goes_on(run: Run, provider: Provider) -> None:
    provider.box.world.plan_fault("moderated-output", times=1)
    sheet("prompt", "a fox", "an owl", "a hare")  # without seeds: only the run itself knows what it made
    assert run("bulk", "run", "sheet.csv", "-m", f"bfl/{FAST}", "--yes").code == 4
    told = run("bulk", "check", "sheet.csv", "-m", f"bfl/{FAST}", "--json").document
    assert sorted(row["why"].split(";")[0] for row in told["rows"]) == [
        "failed in this run",
        "made by this run",
        "made by this run",
    ]
    assert told["text"] == "2 exist, 0 to pay ($0.00), 1 failed before and are not sent again by themselves"
    assert run("runs", "retry", told["goes_on"]).code == 0
    assert len(tasks(provider)) == 4


def test_every_source_with_every_prompt(run: Run, provider: Provider) -> None:
    Path("photos").mkdir()
    for number in range(2):
        picture_file(Path(f"photos/{number}.png"), (number * 90, 20, 20))
    Path("photos/notes.txt").write_text("no picture")
    words = ("--prompt", "at dusk", "--prompt", "in snow", "-m", "bfl/flux-kontext-pro")
    told = run("bulk", "run", "--source", "photos", *words, "-o", "out", "--yes", "--file-name", "{prompt}-{row}")
    assert told.code == 0, told.err
    names = sorted(path.name for path in Path("out").glob("*.png"))
    assert names == ["at-dusk-1.png", "at-dusk-3.png", "in-snow-2.png", "in-snow-4.png"]
    sent = tasks(provider)
    assert len({str(one["input_image"]) for one in sent}) == 2
    assert sorted(str(one["prompt"]) for one in sent) == ["at dusk"] * 2 + ["in snow"] * 2


def test_pictures_of_the_library_are_sources(run: Run, provider: Provider) -> None:
    for prompt in ("a red fox", "a grey fox", "an owl"):
        assert run("generate", prompt, "-m", f"bfl/{FAST}", "-o", f"{prompt}.png").code == 0
    words = ("--library", "fox", "--prompt", "at night", "-m", "bfl/flux-kontext-pro", "--yes")
    told = run("bulk", "run", *words, "--json")
    assert (told.code, told.document["total"]) == (0, 2), told.err
    missing = run("bulk", "run", "--library", "unicorn", "--prompt", "at night", "--yes")
    assert (missing.code, "The library has no picture with the words 'unicorn'" in missing.err) == (2, True)
    both = run("bulk", "check", "sheet.csv", "--library", "fox")
    assert (both.code, "not both" in both.err) == (2, True)


def test_columns_are_what_the_command_says_they_are(run: Run, provider: Provider) -> None:
    sheet("Titel;Zahl;Notiz", "ein Fuchs;5;sehr gut", "eine Eule;;", name="tabelle.csv")
    maps = ("--map", "prompt=Titel", "--map", "seed=Zahl", "--map", "=Notiz")
    told = run("bulk", "run", "tabelle.csv", *maps, "-m", f"fal/{FAST}", "-p", "num_inference_steps=6", "--yes")
    assert told.code == 0, told.err
    sent = {str(one["prompt"]): one for one in tasks(provider)}
    assert (sent["ein Fuchs"]["seed"], sent["eine Eule"].get("seed")) == (5, None)
    assert all(one["num_inference_steps"] == 6 for one in sent.values())


@pytest.mark.parametrize(("seeds", "expected"), [("counted", [40, 41, 42]), ("as_given", [40, 40, 40])])
def test_seeds(run: Run, provider: Provider, seeds: str, expected: list[int]) -> None:
    sheet('{"prompt": "a"}', '{"prompt": "b"}', '{"prompt": "c"}', name="sheet.jsonl")
    told = run("bulk", "run", "sheet.jsonl", "-m", f"bfl/{FAST}", "--seeds", seeds, "-p", "seed=40", "--yes")
    assert told.code == 0, told.err
    assert sorted(int(str(one["seed"])) for one in tasks(provider)) == expected


def test_random_seeds_are_the_same_when_the_sheet_goes_on(run: Run) -> None:
    sheet("prompt", "a", "b")
    seeds = [
        [
            row["asked"]["seed"]
            for row in run("bulk", "check", "sheet.csv", "--seeds", "random", "--json").document["rows"]
        ]
        for _ in range(2)
    ]
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 2


def test_old_names_are_taken_and_each_is_told_once(run: Run, provider: Provider) -> None:
    sheet("prompt,fluxSeed,flux_guidance_scale", "a,1,3", "b,2,4")
    told = run("bulk", "run", "sheet.csv", "-m", "fal/flux-2-dev", "--yes")
    assert told.code == 0, told.err
    assert told.err.count("fluxSeed is called seed now.") == 1
    assert told.err.count("flux_guidance_scale is called guidance_scale now.") == 1
    assert sorted((int(str(one["seed"])), one["guidance_scale"]) for one in tasks(provider)) == [(1, 3), (2, 4)]


def test_a_budget_pauses_and_a_larger_one_goes_on(run: Run, provider: Provider) -> None:
    sheet("prompt,seed", *(f"p{number},{number}" for number in range(6)))
    command = ("bulk", "run", "sheet.csv", "-m", "bfl/flux-2-pro", "--yes")
    paused = run(*command, "--budget", "0.10")
    assert paused.code == 4
    assert "budget" in paused.err
    made = len(tasks(provider))
    assert 1 <= made <= 3
    ended = run(*command, "--budget", "5")
    assert (ended.code, ended.out.split(" · ")[1]) == (0, "6 of 6 done"), ended.err
    assert len(tasks(provider)) == 6


def test_without_a_terminal_somebody_must_have_said_yes(run: Run, provider: Provider) -> None:
    sheet("prompt", "a")
    told = run("bulk", "run", "sheet.csv")
    assert (told.code, "say --yes" in told.err) == (2, True)
    assert tasks(provider) == []


@pytest.mark.parametrize(
    ("lines", "words", "why"),
    [
        (("prompt,prompt", "a,b"), (), "must name each column"),
        (("prompt", "a,b"), (), "has 2 cells for 1 columns"),
        (("prompt",), (), "The table has no rows"),
        (("prompt", "a"), ("--map", "prompt"), "--map takes NAME=COLUMN"),
        (("prompt", "a"), ("-p", "seed"), "-p takes NAME=VALUE"),
        (("prompt", "a"), ("--file-name", "{"), "cannot be read"),
        (("prompt", "a"), ("--prompt", "b"), "not both"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(
    run: Run, lines: tuple[str, ...], words: tuple[str, ...], why: str
) -> None:
    sheet(*lines)
    told = run("bulk", "check", "sheet.csv", *words)
    assert (told.code, why in told.err) == (2, True), told.err


def test_when_no_row_can_be_made_it_says_so_and_ends_with_2(run: Run, provider: Provider) -> None:
    sheet("prompt,model", "a,flux-99", "b,flux-98")
    told = run("bulk", "run", "sheet.csv", "--yes")
    assert (told.code, "2 invalid: row 1 There is no model 'flux-99'" in told.err) == (2, True), told.err
    assert tasks(provider) == []


def test_a_map_without_a_sheet_is_told(run: Run) -> None:
    told = run("bulk", "check", "--prompt", "x", "--map", "prompt=Title")
    assert told.code == 2
    assert "--map is about the columns of a sheet" in told.err


def test_numbers_that_nobody_can_send_are_a_mistake_of_the_sheet_and_no_fault_of_ours(run: Run) -> None:
    Path("big.csv").write_text("prompt,seed\na,1\nb,99999999999999999999999\n")
    told = run("bulk", "check", "big.csv")
    assert told.code == 2
    assert "row 2.seed: 99999999999999999999 is no number that can be used" in told.err
    told = run("compare", "x", "--vary", "seed=1,99999999999999999999999", "--yes")
    assert told.code == 2
    assert "99999999999999999999 is no number that can be used" in told.err
    assert "fault in Fluxroom" not in told.err
