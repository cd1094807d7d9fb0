"""`fluxroom generate` and `edit` from words to files, in the built-in sandbox."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.told import Provider, Run, picture_file

FAST_MODEL = ("-m", "fal/flux-schnell")


def test_a_picture_comes_into_a_file(run: Run) -> None:
    told = run("generate", "a red fox in fresh snow", *FAST_MODEL, "--seed", 7, "-o", "fox.png")
    assert told.code == 0, told.err
    with Image.open("fox.png") as picture:
        assert picture.size == (1024, 768)
    events = [line["event"] for line in told.lines]
    assert events[0] == "submitted"
    assert events[-2:] == ["done", "result"]
    assert told.last["sandbox"] is True
    made = told.last["images"][0]
    assert (made["file"], made["seed"], made["width"], made["provider"]) == ("fox.png", 7, 1024, "fal")
    assert made["sandbox"] is True
    assert made["receipt"]["state"] == "charged"
    assert told.err == ""


def test_text_for_people(run: Run) -> None:
    told = run("generate", "a fox", *FAST_MODEL, "--seed", 7, "-o", "fox.png", "--text")
    first, second = told.out.splitlines()
    assert first == "fox.png  fal/flux-schnell · 1024x768 · seed 7"
    assert second.startswith("sandbox: a practice picture; nothing was charged")
    assert told.err == ""


def test_without_o_the_name_comes_from_model_and_id(run: Run) -> None:
    told = run("generate", "a fox", *FAST_MODEL)
    file = Path(told.last["images"][0]["file"])
    assert file.exists()
    assert file.name.startswith("flux-schnell-")
    assert file.parent == Path()


def test_several_pictures_are_numbered(run: Run) -> None:
    told = run("generate", "a fox", *FAST_MODEL, "-n", 2, "--seed", 3, "-o", "fox.png")
    assert [image["file"] for image in told.last["images"]] == ["fox-1.png", "fox-2.png"]
    assert Path("fox-1.png").read_bytes() != Path("fox-2.png").read_bytes()


def test_into_a_folder(run: Run) -> None:
    Path("pictures").mkdir()
    told = run("generate", "a fox", *FAST_MODEL, "-o", "pictures")
    assert Path(told.last["images"][0]["file"]).parent == Path("pictures")


def test_a_file_of_another_kind_is_told(run: Run) -> None:
    told = run("generate", "a fox", *FAST_MODEL, "-o", "fox.jpg")
    assert told.code == 0
    assert "fox.jpg holds a PNG" in told.err


def test_metadata_goes_in_and_can_stay_out(run: Run) -> None:
    run("generate", "a fox", *FAST_MODEL, "--seed", 7, "-o", "with.png")
    run("generate", "a fox", *FAST_MODEL, "--seed", 7, "-o", "without.png", "--no-metadata")
    facts = run("inspect", "with.png", "--json").document
    assert facts["prompt"] == "a fox"
    assert facts["seed"] == 7
    assert facts["model"] == "flux-schnell"
    assert facts["sandbox"] is True
    assert run("inspect", "without.png").code == 2
    with Image.open("with.png") as one, Image.open("without.png") as other:
        assert one.tobytes() == other.tobytes()


def test_an_edit_with_references_in_order(run: Run, photo: Path, tmp_path: Path) -> None:
    first = picture_file(tmp_path / "1.png", (10, 200, 10))
    second = picture_file(tmp_path / "2.png", (10, 10, 200))
    words = ("-m", "bfl/flux-2-pro", "--seed", 7)
    one = run("edit", photo, "make it dusk", "-r", first, "-r", second, *words, "-o", "a.png")
    other = run("edit", photo, "make it dusk", "-r", second, "-r", first, *words, "-o", "b.png")
    assert one.code == other.code == 0, one.err + other.err
    assert one.last["mode"] == "edit"
    with Image.open("a.png") as a, Image.open("b.png") as b:
        assert a.tobytes() != b.tobytes()


def test_a_mask_means_fill(run: Run, photo: Path, tmp_path: Path) -> None:
    mask = picture_file(tmp_path / "mask.png", (255, 255, 255))
    told = run("quote", "a door", "-r", photo, "--mask", mask, "-m", "flux-general")
    assert told.code == 0, told.err
    assert told.last["mode"] == "fill"


def test_max_references_trims_and_says_so(run: Run, photo: Path) -> None:
    told = run("quote", "dusk", *(word for _ in range(9) for word in ("-r", photo)), "-m", "bfl/flux-2-pro")
    assert told.code == 2
    assert "8" in told.err
    trimmed = run(
        "quote",
        "dusk",
        *(word for _ in range(9) for word in ("-r", photo)),
        "-m",
        "bfl/flux-2-pro",
        "--max-references",
        2,
    )
    assert trimmed.code == 0
    assert "7 of 9" in trimmed.last["not_sent"][0]["why"]


def test_no_wait_hands_over_and_resume_brings_it_home(run: Run) -> None:
    sent = run("generate", "a fox", *FAST_MODEL, "--no-wait", "--text")
    assert sent.code == 0
    (job,) = sent.out.split()
    assert run("jobs", job, "--json").document["state"] in {"running", "fetching", "succeeded"}
    resumed = run("jobs", "resume", "-o", ".")
    assert resumed.code == 0, resumed.err
    assert run("jobs", job, "--json").document["state"] == "succeeded"


def test_no_wait_as_json(run: Run) -> None:
    sent = run("generate", "a fox", *FAST_MODEL, "--no-wait")
    assert sent.lines[0]["event"] == "submitted"
    assert sent.last["job"] == sent.lines[0]["jobs"][0]
    assert sent.last["request_id"]


def test_the_wait_ends_and_the_job_goes_on(run: Run) -> None:
    told = run("generate", "slow [[duration:3]]", "-m", "bfl/flux-2-klein-4b", "--wait", "0.3")
    assert told.code == 8
    assert told.last["error"]["code"] == "timeout"
    assert "jobs resume" in told.err
    assert run("jobs", "--json").document[0]["state"] == "running"


class TestPrice:
    def test_max_price_refuses_before_anything_is_sent(self, run: Run, provider: Provider) -> None:
        told = run("generate", "a fox", "-m", "bfl/flux-2-pro", "--max-price", "0.01")
        assert told.code == 6
        assert told.last["error"]["code"] == "budget_exceeded"
        assert "$0.03" in told.err
        assert provider.submits() == []

    def test_max_price_that_suffices(self, run: Run) -> None:
        assert run("generate", "a fox", *FAST_MODEL, "--max-price", "$0.05").code == 0

    def test_a_price_that_is_not_fully_known_is_refused(self, run: Run) -> None:
        told = run("generate", "a fox", "-m", "flux-general", "--max-price", "0.05")
        assert told.code == 6
        assert "at least" in told.err

    @pytest.mark.parametrize("amount", ["much", "-1", "nan", "inf"])
    def test_an_amount_that_is_none(self, run: Run, amount: str) -> None:
        told = run("generate", "a fox", "--max-price", amount)
        assert told.code == 2
        assert "not an amount" in told.err

    def test_quote_sends_nothing(self, run: Run, provider: Provider) -> None:
        told = run("quote", "a fox", "-m", "bfl/flux-2-pro", "-n", 4)
        assert told.last["low"] == told.last["high"] == "0.12"
        assert told.last["sandbox"] is True
        assert provider.submits() == []

    def test_quote_for_people(self, run: Run) -> None:
        told = run("quote", "a fox", "-m", "bfl/flux-2-pro", "--text")
        assert told.out.startswith("$0.03  1 picture by bfl/flux-2-pro (generate)")
        assert "sandbox" in told.out
        assert "1024x768" in told.out


def test_partly_made_says_both(run: Run, provider: Provider) -> None:
    provider.box.world.plan_fault("error", provider="bfl", times=1)
    told = run("generate", "two", "-m", "bfl/flux-2-klein-4b", "-n", 2)
    assert told.code == 4
    result, error = told.lines[-2:]
    assert len(result["images"]) == 1
    assert sorted(job["state"] for job in result["jobs"]) == ["failed", "succeeded"]
    assert error["error"]["code"] == "provider_error"
    assert Path(result["images"][0]["file"]).exists()


def test_the_bytes_are_the_providers(run: Run) -> None:
    told = run("generate", "a fox", *FAST_MODEL, "--no-metadata", "-o", "fox.png")
    import hashlib

    assert hashlib.sha256(Path("fox.png").read_bytes()).hexdigest() == told.last["images"][0]["sha256"]
    with Image.open(io.BytesIO(Path("fox.png").read_bytes())) as picture:
        assert picture.format == "PNG"
