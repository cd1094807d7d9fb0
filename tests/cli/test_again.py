"""`fluxroom inspect --again`: a picture once more, from its own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.cli.told import Run, picture_file
from tests.remote.gateways import Gate

from fluxroom.imaging.metadata import read, write


def jobs(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run("jobs", "--json").document
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("-m", "bfl/flux-2-klein-4b", "--seed", "7", "--size", "512x384"),
        ("-m", "fal/flux-2-flex", "--guidance-scale", "4", "--steps", "20", "--aspect-ratio", "16:9"),
        ("-m", "fal/flux-2-lora", "--lora", "https://example.com/clay.safetensors:0.8"),
        ("-m", "bfl/flux-2-flex", "--extra", "bfl.brand_new=1", "--region", "eu"),
    ],
)
def test_the_same_request_is_sent_again(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run("generate", "a red fox", *words, "-o", tmp_path / "a.png").code == 0
    told = run("inspect", tmp_path / "a.png", "--again", "--cache", "off", "-o", tmp_path / "b.png")
    assert told.code == 0, told.err
    again, first = jobs(run)
    seed = read((tmp_path / "a.png").read_bytes())["seed"]
    assert again["wire"] == {**first["wire"], **({"seed": seed} if "seed" in first["wire"] else {})}
    assert (again["route"], again["mode"], again["endpoint"]) == (first["route"], first["mode"], first["endpoint"])
    if "--seed" in words:
        assert Path(tmp_path / "a.png").read_bytes()[-2000:] == Path(tmp_path / "b.png").read_bytes()[-2000:]


def test_one_of_several_keeps_its_own_seed(run: Run, tmp_path: Path) -> None:
    run("generate", "a fox", "-m", "bfl/flux-2-klein-4b", "--seed", 7, "-n", 3, "-o", tmp_path / "fox.png")
    told = run("inspect", tmp_path / "fox-3.png", "--again", "--cache", "off", "-o", tmp_path / "again.png")
    assert told.code == 0, told.err
    assert [image["seed"] for image in told.last["images"]] == [9]


def test_the_cache_gives_it_free(run: Run, tmp_path: Path) -> None:
    run("generate", "a fox", "-m", "bfl/flux-2-klein-4b", "--seed", 7, "-o", tmp_path / "a.png")
    told = run("inspect", tmp_path / "a.png", "--again", "-o", tmp_path / "b.png", "--text")
    assert "free, from the store" in told.out


def test_references_and_masks_come_by_their_hash(run: Run, photo: Path, tmp_path: Path) -> None:
    mask = picture_file(tmp_path / "mask.png", (255, 255, 255))
    words = ("-m", "bfl/flux-pro-fill", "--mask", mask, "--seed", 5, "-o", tmp_path / "a.png")
    assert run("edit", photo, "a hat", *words).code == 0
    photo.unlink()
    mask.unlink()
    told = run("inspect", tmp_path / "a.png", "--again", "--cache", "off", "-o", tmp_path / "b.png")
    assert told.code == 0, told.err
    again, first = jobs(run)
    assert again["wire"] == first["wire"]


def test_a_reference_that_is_gone_is_named_and_can_be_given(run: Run, tmp_path: Path) -> None:
    pictures = [picture_file(tmp_path / f"{n}.png", (n * 60, 10, 10)) for n in range(3)]
    words = ("-m", "bfl/flux-2-klein-4b", "--seed", 5, "-o", tmp_path / "out.png")
    assert run("edit", pictures[0], "x", "-r", pictures[1], "-r", pictures[2], *words).code == 0
    second = read((tmp_path / "out.png").read_bytes())["asked"]["references"][1]
    next((tmp_path / "data" / "blobs").rglob(f"{second}*"), Path("none")).unlink(missing_ok=True)
    for path in (tmp_path / "data" / "blobs").rglob("*"):
        if path.is_file() and second[-20:] in str(path):
            path.unlink()
    told = run("inspect", tmp_path / "out.png", "--again", "--text")
    assert told.code == 2
    assert f"No longer here: reference 2 ({second[:12]}…)" in told.err
    assert "-r FIRST -r SECOND" in told.err
    assert len(jobs(run)) == 1
    given = [word for picture in pictures for word in ("-r", picture)]
    told = run("inspect", tmp_path / "out.png", "--again", *given, "-o", tmp_path / "again.png")
    assert told.code == 0, told.err


def test_through_a_gateway_the_references_are_its_own(
    run: Run, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(tmp_path / "gateway").start()
    try:
        monkeypatch.setenv("FLUXROOM_URL", gate.url)
        assert run("edit", photo, "dusk", "-m", "bfl/flux-2-klein-4b", "--seed", 3, "-o", tmp_path / "a.png").code == 0
        photo.unlink()
        told = run("inspect", tmp_path / "a.png", "--again", "--cache", "off", "-o", tmp_path / "b.png")
        assert told.code == 0, told.err
        monkeypatch.delenv("FLUXROOM_URL")
        told = run("inspect", tmp_path / "a.png", "--again", "--text")
        assert told.code == 2
        assert "No longer here: reference 1" in told.err
    finally:
        gate.stop()


def test_files_that_do_not_say_what_was_asked(run: Run, photo: Path, tmp_path: Path) -> None:
    assert run("inspect", photo, "--again").code == 2
    foreign = tmp_path / "foreign.png"
    told_wrong: tuple[dict[str, Any], ...] = (
        {"prompt": "x"},
        {"asked": 5, "provider": "bfl", "model": "flux-2-pro"},
        {"asked": {"params": []}},
    )
    for facts in told_wrong:
        foreign.write_bytes(write(photo.read_bytes(), facts))
        told = run("inspect", foreign, "--again", "--text")
        assert told.code == 2
        assert "does not say what was asked for" in told.err


@pytest.mark.parametrize("where", ["mask", "references"])
def test_a_file_from_elsewhere_cannot_name_files_of_this_machine(
    run: Run, photo: Path, tmp_path: Path, where: str
) -> None:
    """It would be sent to the provider without anybody having asked for it."""
    private = picture_file(tmp_path / "private.png", (1, 2, 3))
    asked: dict[str, Any] = {"params": {"seed": 1}, "references": ["https://example.org/a.png"]}
    if where == "mask":
        asked["params"]["mask"] = str(private)
    else:
        asked["references"] = [str(private)]
    foreign = tmp_path / "foreign.png"
    foreign.write_bytes(
        write(photo.read_bytes(), {"prompt": "x", "provider": "bfl", "model": "flux-pro-fill", "asked": asked})
    )
    told = run("inspect", foreign, "--again", "--text")
    assert told.code == 2
    assert "neither a hash nor an https address" in told.err
    assert jobs(run) == []


def test_max_price_holds(run: Run, tmp_path: Path) -> None:
    run("generate", "a fox", "-m", "bfl/flux-2-pro", "--seed", 1, "-o", tmp_path / "a.png")
    told = run("inspect", tmp_path / "a.png", "--again", "--max-price", "0.001", "--text")
    assert told.code == 6
