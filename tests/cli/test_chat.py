"""`fluxroom chat` and `fluxroom assistants` from scripts: messages, files, interruptions, a gateway."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.cli.told import Process, Provider, Run, Told
from tests.remote.gateways import Gate

Spawn = Callable[..., Process]

KLEIN = ("-m", "bfl/flux-2-klein-4b")
SHIPPED = files("fluxroom.flows.assistants").joinpath("shipped")


def results(told: Told) -> list[dict[str, Any]]:
    return [line for line in told.lines if line["event"] == "result"]


def conversation(told: Told) -> str:
    (line,) = [line for line in told.lines if line["event"] == "conversation"]
    return str(line["id"])


def asked(told: Told) -> list[dict[str, Any]]:
    return [line["asked"] for line in told.lines if line["event"] == "message"]


def test_six_messages_each_about_the_picture_before(run: Run, provider: Provider) -> None:
    told = run("chat", "a fox", "make it night", "add stars", "closer", "a red scarf", "as a drawing", *KLEIN)
    assert told.code == 0, told.err
    made = [one["images"][0] for one in results(told)]
    assert [one["references"] for one in asked(told)] == [[], *([image["sha256"]] for image in made[:-1])]
    assert all(Path(image["file"]).is_file() for image in made)
    assert len({image["file"] for image in made}) == 6
    assert len(provider.submits()) == 6


def test_people_get_paths_and_notes(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "foxes"
    out.mkdir()
    told = run("chat", "a fox", "an owl", "-m", "fal/flux-schnell", "-o", out, "--text")
    assert told.code == 0, told.err
    shown = [line.split("  ")[0] for line in told.out.splitlines() if line.startswith(str(out))]
    assert sorted(shown) == sorted(str(one) for one in out.iterdir())
    assert told.err.count("Note: the model takes no pictures") == 1
    assert "Conversation " in told.err
    assert "picture 2" in told.err


def test_a_message_from_a_pipe_is_one_message(run: Run) -> None:
    told = run("chat", *KLEIN, stdin="a fox\nin the snow\n")
    assert [one["prompt"] for one in asked(told)] == ["a fox\nin the snow"]
    nothing = run("chat", *KLEIN, stdin=" \n")
    assert nothing.code == 2
    assert "Nothing was said" in nothing.err
    assert run("chat", "", *KLEIN).code == 2


def test_every_parameter_can_be_set(run: Run) -> None:
    words = ("-m", "fal/flux-2-flex", "--size", "9:16", "--quality", "medium", "--seed", 7, "--guidance-scale", 4)
    told = run("chat", "a fox", *words, "-p", "num_inference_steps=20")
    assert told.code == 0, told.err
    (sent,) = asked(told)
    assert {name: sent[name] for name in ("size", "quality", "seed", "guidance_scale", "num_inference_steps")} == {
        "size": "9:16", "quality": "medium", "seed": 7, "guidance_scale": 4, "num_inference_steps": 20,
    }  # fmt: skip
    image = results(told)[0]["images"][0]
    assert image["height"] > image["width"]
    assert image["width"] * image["height"] > 3_900_000
    assert image["seed"] == 7


@pytest.mark.parametrize("size", ["640x512", '{"width": 640, "height": 512}'])
def test_a_size_in_pixels_is_that_size(run: Run, size: str) -> None:
    image = results(run("chat", "a fox", *KLEIN, "--size", size))[0]["images"][0]
    assert (image["width"], image["height"]) == (640, 512)


def test_a_conversation_goes_on_by_id_and_by_last(run: Run, photo: Path) -> None:
    first = run("chat", "a fox", *KLEIN, "--title", "Foxes")
    where = conversation(first)
    sha256 = results(first)[0]["images"][0]["sha256"]
    by_end = run("chat", "-c", where[-8:], "closer", "--seed", 5)
    assert (conversation(by_end), asked(by_end)[0]["references"], asked(by_end)[0]["seed"]) == (where, [sha256], 5)
    last = run("chat", "-c", "last", "with this", "-a", photo)
    assert conversation(last) == where
    assert asked(last)[0]["references"] not in ([], [sha256])
    picked = run("chat", "-c", where, "that first one again", "-a", 1)
    assert asked(picked)[0]["references"] == [sha256]
    assert "seed" not in asked(picked)[0], "an option of one session is no setting of the conversation"
    shown = run("chat", "-c", where, "more", "--text")
    assert f"Conversation {where[-8:]} “Foxes”: 4 messages, 4 pictures" in shown.err


def test_what_cannot_be_said_costs_nothing_and_has_its_exit_code(run: Run, provider: Provider) -> None:
    for words, code, said in (
        (("chat", "-c", "nobody", "x"), 2, "No conversation ends with 'nobody'"),
        (("chat", "-c", "last", "x"), 2, "There is no conversation yet"),
        (("chat", "x", "--assistant", "nobody"), 2, "There is no assistant 'nobody'"),
        (("chat", "x", "--assistant", "flux-photo-editor"), 2, "is switched off"),
        (("chat", "x", "-m", "flux-99"), 2, "flux-99"),
        (("chat", "x", "-a", "missing.png", *KLEIN), 2, "There is no file missing.png"),
        (("chat", "x", "-a", "3", *KLEIN), 2, "There is no picture 3; there are 0"),
        (("chat", "x", "--quality", "best", *KLEIN), 2, "quality 'best' is none"),
        (("chat", "x", "--size", "huge", *KLEIN), 2, "size 'huge' is none"),
        (("chat", "x", "-o", "nowhere/at/all", *KLEIN), 11, "There is no folder"),
        (("chat", "x", "-c", "a", "--assistant", "b"), 2, "keeps the assistant"),
    ):
        told = run(*words, "--text")
        assert told.code == code, (words, told)
        assert said in told.err, (words, told.err)
    assert provider.submits() == []


@pytest.mark.parametrize("wrong", [("-a", "missing.png"), ("-a", "1")])
def test_a_mistake_in_what_comes_along_leaves_no_empty_conversation(run: Run, wrong: tuple[str, str]) -> None:
    """It was begun first: then `-c last` went on with the empty one."""
    first = conversation(run("chat", "a fox", *KLEIN))
    assert run("chat", "an owl", *wrong, *KLEIN).code == 2
    assert conversation(run("chat", "-c", "last", "closer")) == first


def test_moderation_is_told_and_the_next_message_works(run: Run) -> None:
    told = run("chat", "x [[fault:moderated-output]]", *KLEIN, "--text")
    assert told.code == 7
    assert "moderat" in told.err.lower()
    again = run("chat", "-c", "last", "a fox")
    assert again.code == 0
    assert len(results(again)) == 1


def test_killed_in_the_middle_it_goes_on_and_nothing_is_paid_twice(spawn: Spawn, run: Run, provider: Provider) -> None:
    process = spawn("chat", "a fox", "slow [[duration:2]]", *KLEIN)
    seen = process.wait_for('"result"') + process.wait_for('"running"')
    process.popen.kill()
    process.end()
    first = next(json.loads(line) for line in seen.splitlines() if '"event": "result"' in line)
    told = run("chat", "-c", "last", "make it night")
    assert told.code == 0, told.err
    brought, new = results(told)
    assert brought["images"][0]["sha256"] != first["images"][0]["sha256"]
    assert asked(told)[0]["references"] == [brought["images"][0]["sha256"]]
    assert Path(brought["images"][0]["file"]).is_file()
    assert Path(new["images"][0]["file"]).is_file()
    assert len(provider.submits()) == 3
    assert len([task for task in provider.box.world.tasks() if task["billed"]]) == 3


def test_ctrl_c_says_the_truth_about_the_money(spawn: Spawn, run: Run) -> None:
    """BFL cannot cancel: the picture comes into the conversation, and is paid."""
    process = spawn("chat", "slow [[duration:7]]", *KLEIN, FLUXROOM_SANDBOX_SPEED="1")
    process.wait_for('"running"')
    process.popen.send_signal(signal.SIGINT)
    told = process.end(seconds=40)
    assert told.code == 130
    assert "bfl cannot cancel a job that it has taken: the picture arrives and is charged" in told.err
    assert "may cost $0.014 (sandbox: nothing is really charged)" in told.err or "It has cost $0.014" in told.err
    assert told.last["event"] == "stopped"
    assert told.last["money"]["sandbox"] is True
    assert "Traceback" not in told.err
    later = run("chat", "-c", "last", "closer")
    assert later.code == 0, later.err
    assert len(asked(later)[0]["references"]) == 1, "the picture that could not be cancelled is the last one"


def test_an_assistant_is_switched_on_in_one_step_and_holds_the_conversation(run: Run) -> None:
    assert run("assistants", "on", "flux-photo-editor", "--text").out == "flux-photo-editor is on.\n"
    told = run("chat", "a fox", "--assistant", "flux-photo-editor")
    assert told.code == 0, told.err
    assert asked(told)[0]["model"] == "flux-kontext-pro"
    assert results(told)[0]["route"] == "bfl/flux-kontext-pro"
    other = run("chat", "-c", "last", "x", "-m", "flux-2-flex", "--text")
    assert other.code == 2
    assert "works with flux-kontext-pro, flux-2-pro, flux-2-max, and not with flux-2-flex" in other.err
    assert run("assistants", "off", "flux-photo-editor").code == 0
    off = run("chat", "-c", "last", "x", "--text")
    assert "The assistant flux-photo-editor is switched off" in off.err


def test_assistants_are_listed_and_shown(run: Run) -> None:
    listed = run("assistants", "--text").out
    assert listed.splitlines()[0] == "Assistants"
    assert "  off  flux-image-generator   FLUX image generator" in listed.splitlines()
    assert "  off  flux-2-max             FLUX.2 Max" in listed.splitlines()
    german = run("assistants", "show", "flux-image-generator", "--language", "de", "--text").out
    assert german.startswith("FLUX-Bildgenerator  off")
    assert "5  Entwurf einer Oberfläche: " in german
    assert "limits: num_images=4, references=8, dollars=1.0" in german
    document = run("assistants", "list", "--json").document
    assert [one["id"] for one in document["assistants"]] == ["flux-image-generator", "flux-photo-editor"]
    assert run("assistants", "show", "nobody").code == 2
    assert run("assistants", "on", "nobody").code == 2


def test_a_file_is_checked_with_one_line_for_every_fault(run: Run, tmp_path: Path) -> None:
    good = tmp_path / "good.yaml"
    shutil.copy(str(SHIPPED.joinpath("flux-photo-editor.yaml")), good)
    bad = tmp_path / "bad.json"
    raw = json.loads(SHIPPED.joinpath("flux-2-pro.json").read_text("utf-8"))
    bad.write_text(json.dumps({**raw, "tokenLimit": 5, "provider": "x"}), "utf-8")
    told = run("assistants", "check", good, bad, tmp_path / "missing.yaml", "--text")
    assert told.code == 2
    assert told.out == f"{good}: an assistant, flux-photo-editor, off\n"
    assert told.err.splitlines() == [
        f"{bad}: provider must be one of bfl, fal, not 'x'",
        f"{bad}: tokenLimit must be 0, not 5",
        f"{tmp_path / 'missing.yaml'}: No such file or directory",
    ]
    assert run("assistants", "check", good).code == 0
    text = good.read_text("utf-8")
    good.write_text(text.replace("models: [flux-kontext-pro,", "models: [flux-kontext-pro, ours, flux-99,"), "utf-8")
    strange = run("assistants", "check", good, "--text")
    assert (strange.code, strange.out) == (2, "")
    assert strange.err == f"{good}: models: there is no model ours, flux-99\n"
    ours = tmp_path / "ours.json"
    ours.write_text(json.dumps({**raw, "id": "ours"}), "utf-8")
    beside = run("assistants", "check", good, ours, "--text")
    assert beside.err == f"{good}: models: there is no model flux-99\n"
    assert beside.out == f"{ours}: a chat model, ours, off\n"
    assert len(run("assistants", "check", bad, "--json").document["faults"]) == 2


def test_a_broken_file_of_the_folder_is_told_in_the_list(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "assistants"
    folder.mkdir()
    (folder / "x.yaml").write_text("id: x\n", "utf-8")
    told = run("assistants", "--text")
    assert told.code == 0
    assert f"Fault: {folder / 'x.yaml'}: description is missing" in told.err


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gateway with a data folder of its own; this command line's data folder must stay untouched."""
    running = Gate(tmp_path / "gateway").start()
    monkeypatch.setenv("FLUXROOM_URL", running.url)
    monkeypatch.setenv("FLUXROOM_DATA", str(tmp_path / "untouched"))
    yield running
    running.stop()
    assert not (tmp_path / "untouched").exists()


def test_the_same_through_a_gateway(gate: Gate, run: Run, photo: Path) -> None:
    assert run("assistants", "on", "flux-image-generator").code == 0
    told = run("chat", "a fox", "make it night", "--assistant", "flux-image-generator", "-a", photo)
    assert told.code == 0, told.err
    first, second = (one["images"][0] for one in results(told))
    assert len(asked(told)[0]["references"]) == 1
    assert asked(told)[1]["references"] == [first["sha256"]]
    with Image.open(second["file"]) as picture:
        assert picture.size == (second["width"], second["height"])
    more = run("chat", "-c", "last", "closer", "--quality", "high")
    assert asked(more)[0]["references"] == [second["sha256"]]
    refused = run("chat", "-c", "last", "x", "-m", "flux-2-flex", "--text")
    assert (refused.code, "not with flux-2-flex" in refused.err) == (2, True)
