"""Pipelines on the command line: templates, a price and a question first, a person's words, a run as a ZIP file."""

from __future__ import annotations

import csv
import io
import os
import re
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.told import Run, Told, picture_file
from tests.flows.chat_server import chatting, raw, writing

from fluxroom.flows.pipelines.shipped import NAMES

CUPS = """
version: 1
name: cups
mode: checkpoint
inputs:
  what: {kind: text}
  colours: {kind: text, default: "red|blue"}
  photo: {kind: pictures, default: []}
  size: {kind: choice, choices: [square, square_hd], default: square}
steps:
  - {name: words, do: prompt, template: "a {{{inputs.colours}}} {{inputs.what}}"}
  - name: cups
    do: generate
    model: flux-2-klein-4b
    prompt: "{{steps.words.texts}}"
    image_size: "{{inputs.size}}"
    seed: 1
    checkpoint: true
  - {name: pick, do: select, from: "{{steps.cups.images}}", by: person}
  - name: night
    do: edit
    model: flux-2-pro
    each: "{{steps.pick.images}}"
    references: ["{{item}}", "{{inputs.photo}}"]
    prompt: night
    seed: 2
"""


@pytest.fixture
def cups() -> str:
    Path("cups.yaml").write_text(CUPS)
    return "cups.yaml"


def begun(run: Run, *words: object) -> str:
    """A run, and its id."""
    told = run("pipeline", "run", *words, "--yes", "--json")
    return str(told.document["id"])


def waits(told: Told) -> str:
    """The command that comes next, as it is told."""
    found = re.search(r"Next: fluxroom (.*)", told.err)
    assert found, told.err
    return found[1]


def test_templates_are_listed_in_two_languages(run: Run) -> None:
    english, german = run("pipeline", "templates"), run("pipeline", "templates", "--language", "de")
    assert all(name in english.out for name in NAMES)
    assert "Product shot set" in english.out
    assert "Produktfotos in Serie" in german.out
    assert "--input background=…" in english.out
    assert [one["name"] for one in run("pipeline", "templates", "--json").document] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_becomes_a_file_that_can_be_checked(run: Run, name: str) -> None:
    told = run("pipeline", "new", name, "-o", "mine.yaml")
    assert (told.code, "Written: mine.yaml" in told.err) == (0, True)
    assert run("pipeline", "new", name).out == Path("mine.yaml").read_text()
    checked = run("pipeline", "check", "mine.yaml")
    assert checked.code == 0
    assert "inputs missing" in checked.err
    again = run("pipeline", "new", name, "-o", "mine.yaml")
    assert (again.code, "exists already" in again.err) == (2, True)


def test_a_template_that_is_none(run: Run) -> None:
    told = run("pipeline", "new", "evening")
    assert told.code != 0
    assert "There is no template 'evening'; there are product-shots" in told.err


def test_a_template_runs_by_its_name(run: Run) -> None:
    photo = picture_file(Path("a.png"), (9, 120, 200))
    told = run(
        "pipeline", "run", "background-change", "--input", f"photos={photo}", "--input", "background=snow", "--yes"
    )
    assert told.code == 4
    assert "look at what step change has made" in told.err
    assert run(*waits(told).split()).code == 4


def test_without_a_terminal_nothing_is_paid_unless_somebody_says_yes(run: Run, cups: str) -> None:
    told = run("pipeline", "run", cups, "--input", "what=cup")
    assert told.code == 2
    assert "step cups: generate, 2 requests, $" in told.err
    assert "step night: edit, 1 to 2 requests, $" in told.err
    assert "say --yes" in told.err
    assert run("runs", "list", "--json").document == []


def test_a_person_goes_through_it_and_the_same_again_costs_nothing(run: Run, cups: str) -> None:
    told = run("pipeline", "run", cups, "--input", "what=cup", "--yes")
    assert told.code == 4
    assert waits(told).startswith("pipeline approve ")
    told = run(*waits(told).split())
    command = waits(told).split()
    assert command[:2] == ["pipeline", "choose"]
    assert command[4:] == ["1", "2"]  # both pictures are offered, by their numbers
    told = run(*command[:5])
    assert (told.code, "finished · 3 of 3 done" in told.out) == (0, True)
    short = command[2]
    again = run("pipeline", "redo", short, "night")
    assert (again.code, "replaced" in run("runs", "show", short).out) == (0, True)
    same = run("pipeline", "check", cups, "--input", "what=cup")
    assert "2 requests, 2 of them made already, $0.00" in same.err


def test_the_same_command_goes_on_with_its_run_until_that_is_finished(run: Run, cups: str) -> None:
    command = ["pipeline", "run", cups, "--input", "what=cup", "--yes"]
    first = waits(run(*command)).split()[2]
    again = run(*command)
    assert waits(again).split()[2] == first
    assert "the same pipeline, not finished: its run goes on" in again.err
    other = run(*command, "--name", "another")
    assert waits(other).split()[2] != first
    assert "goes on" not in other.err
    run("runs", "cancel", first)
    assert waits(run(*command)).split()[2] != first


def test_a_run_that_was_cut_off_is_resumed_like_one_that_was_paused(run: Run, cups: str) -> None:
    short = waits(run("pipeline", "run", cups, "--input", "what=cup", "--yes")).split()[2]
    whole = run("runs", "show", short, "--json").document["id"]
    with closing(sqlite3.connect(Path(os.environ["FLUXROOM_DATA"]) / "fluxroom.db")) as ledger:
        # As a kill leaves it: it runs, and nobody who is alive carries it.
        ledger.execute("UPDATE runs SET state = 'running', holder = 'nobody-1-x' WHERE id = ?", (whole,))
        ledger.commit()
    told = run("runs", "resume", short)
    assert (told.code, "review · 2 of 2 done" in told.out) == (4, True)


def test_pictures_are_chosen_by_number_or_id_and_a_number_too_many_is_none_of_them(run: Run, cups: str) -> None:
    told = run("pipeline", "run", cups, "--input", "what=cup", "--yes")
    command = waits(run(*waits(told).split())).split()
    whole = run("runs", "show", command[2], "--json").document
    offered = [one["id"] for one in whole["waits_for"]["images"]]
    told = run(*command[:4], "3")
    assert (told.code, "3 is none of its pictures" in told.err) == (2, True)
    assert run(*command[:4], "2", offered[0]).code == 0
    results = run("runs", "show", command[2], "--json").document["spec"]["results"]
    assert [one["id"] for one in results[command[3]]["images"]] == offered[::-1]


def test_check_says_what_is_wrong_with_which_step(run: Run) -> None:
    Path("wrong.yaml").write_text(CUPS.replace("seed: 2", "glow: 2"))
    told = run("pipeline", "check", "wrong.yaml", "--input", "what=cup")
    assert told.code == 2
    assert "step night: edit, glow" in told.err
    told = run("pipeline", "run", "wrong.yaml", "--input", "what=cup", "--yes")
    assert told.code == 2
    assert "steps.night: glow" in told.err
    assert run("runs", "list", "--json").document == []


def test_old_names_are_told(run: Run) -> None:
    Path("old.yaml").write_text(CUPS.replace("seed: 1", "fluxSeed: 1"))
    assert "fluxSeed is called seed now." in run("pipeline", "check", "old.yaml", "--input", "what=cup").err
    told = run("pipeline", "run", "old.yaml", "--input", "what=cup", "--yes")
    assert told.err.count("fluxSeed is called seed now.") == 2  # before it runs, and with how it stands


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--input", "what"], "--input takes NAME=VALUE"),
        (["--input", "which=cup"], "has no input 'which'"),
        (["--input", "what=cup", "--input", "size=huge"], "The input size must be one of square, square_hd"),
        ([], "The input what is missing"),
        (["--input", "what=cup", "--input", "photo=missing.png"], "missing.png"),
    ],
)
def test_inputs_that_cannot_be(run: Run, cups: str, words: list[str], why: str) -> None:
    told = run("pipeline", "run", cups, *words, "--yes")
    assert told.code == 2
    assert why in told.err
    assert "Traceback" not in told.err


def test_files_that_are_none(run: Run) -> None:
    Path("binary.yaml").write_bytes(b"\xff\xfe\x00")
    Path("empty.yaml").write_text("")
    for file, why in (("missing.yaml", "No such file"), ("binary.yaml", "not text in UTF-8"), ("empty.yaml", "None")):
        told = run("pipeline", "check", file)
        assert told.code == 2, file
        assert why in told.err


def test_a_run_is_exported_named_and_found(run: Run, cups: str) -> None:
    run_id = begun(run, cups, "--input", "what=bowl", "--name", "bowls")
    told = run("runs", "export", run_id, "-o", "bowls.zip")
    assert (told.code, "2 pictures and results.csv are in bowls.zip" in told.err) == (0, True)
    with zipfile.ZipFile("bowls.zip") as archive:
        assert archive.testzip() is None
        lines = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode("utf-8-sig"))))
        assert {line["prompt"] for line in lines} == {"a red bowl", "a blue bowl"}
        assert sorted(archive.namelist()) == sorted(["results.csv", *(line["file"] for line in lines)])
        assert all(float(line["charged"]) > 0 for line in lines)
    again = run("runs", "export", run_id, "-o", "bowls.zip")
    assert again.code != 0
    assert "exists already" in again.err
    assert run("runs", "export", run_id, "-o", "no/such/folder.zip").code != 0
    run("runs", "change", run_id, "--name", "Schüsseln", "--tag", "best", "--favourite", "--description", "for spring")
    for words in (["--search", "schüsseln"], ["--search", "red bowl"], ["--tag", "best"], ["--favourites"]):
        assert [one["id"] for one in run("runs", "list", *words, "--json").document] == [run_id], words
    for words in (["--search", "spoon"], ["--tag", "wip"], ["--hidden"]):
        assert run("runs", "list", *words, "--json").document == [], words
    run("runs", "change", run_id, "--hide", "--no-favourite", "--tag", "")
    shown = run("runs", "list", "--hidden", "--json").document
    assert [(one["id"], one["tags"], one["favourite"]) for one in shown] == [(run_id, [], False)]
    assert run("runs", "change", run_id).code == 2


# prompts -------------------------------------------------------------------------------------------------------------


def test_prompts_from_words_of_their_own(run: Run) -> None:
    told = run("prompt", "expand", "a red fox", "-n", "4")
    assert told.out.splitlines()[0] == "a red fox"
    assert len(told.out.splitlines()) == 4
    assert "by template: No language model is set (FLUXROOM_WRITER_URL)." in told.err
    assert run("prompt", "expand", "a red fox", "-n", "21").code == 2
    assert run("prompt", "expand", "a red fox", "-m", "flux-9").code == 2


def test_prompts_by_a_language_model(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with chatting(writing()) as chat:
        monkeypatch.setenv("FLUXROOM_WRITER_URL", chat.url)
        monkeypatch.setenv("FLUXROOM_WRITER_MODEL", "small-1")
        monkeypatch.setenv("FLUXROOM_WRITER_KEY", "planted-writer-key")
        told = run("prompt", "expand", "a red fox", "--guidance", "bolder", "--json").document
        assert (len(told["prompts"]), told["by"]) == (3, "small-1")
        chat.say = raw(b"{}", status=401)
        refused = run("prompt", "expand", "a red fox")
        assert (refused.code, len(refused.out.splitlines())) == (0, 3)
        assert "refuses the key (HTTP 401)" in refused.err
        assert "planted" not in refused.err + refused.out
