"""`fluxroom compare`: cells side by side, what was left out told, and nothing paid twice."""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image
from tests.cli.told import Provider, Run

FAST = "flux-2-klein-4b"


def test_models_and_values_become_one_picture(run: Run, provider: Provider) -> None:
    axes = ("-m", f"bfl/{FAST}", "-m", f"fal/{FAST}", "--vary", "seed=1,2")
    told = run("compare", "a red fox", *axes, "-o", "sheet.png", "--yes")
    assert told.code == 0, told.err
    assert "0 exist, 4 to pay" in told.err
    with Image.open("sheet.png") as sheet:
        assert sheet.width > 2 * 384
    assert len(provider.box.world.tasks()) == 4


def test_a_lora_weight_is_an_axis(run: Run, provider: Provider) -> None:
    lora = ("--lora", "https://example.com/style.safetensors:1")
    told = run("compare", "a fox", "-m", "fal/flux-2-lora", *lora, "--vary", "loras.0.scale=0.4,0.9", "--yes")
    assert told.code == 0, told.err
    assert sorted(task["input"]["loras"][0]["scale"] for task in provider.box.world.tasks()) == [0.4, 0.9]


def test_what_a_model_lacks_is_left_out_and_told(run: Run, provider: Provider) -> None:
    told = run(
        "compare", "a fox", "-m", "bfl/flux-2-pro", "-m", "bfl/flux-2-flex", "--vary", "guidance_scale=3", "--yes"
    )
    assert told.code == 0, told.err
    assert "Not sent: guidance_scale" in told.err
    sent = {task["endpoint"]: task["input"].get("guidance") for task in provider.box.world.tasks()}
    assert sent == {"flux-2-pro": None, "flux-2-flex": 3}


def test_a_comparison_that_was_paused_goes_on_by_the_same_command(run: Run, provider: Provider) -> None:
    """Without a seed: a new one would make all its cells anew."""
    command = ("compare", "a fox", "-m", f"bfl/{FAST}", "--vary", "num_images=1,2,3", "--yes")
    provider.box.world.plan_fault("submit-slow", times=None, value="0.2")
    os.environ["FLUXROOM_BFL_CAP"] = "1"
    try:
        begun = run(*command, "--json")
        assert begun.code == 0, begun.err
        again = run("runs", "show", begun.document["id"], "--json").document
        assert {item["asked"]["seed"] for item in again["items"]} == {again["spec"]["request"]["seed"]}
        # Finished, so the same command is another comparison with another seed.
        other = run(*command, "--json").document
        assert other["id"] != begun.document["id"]
        assert other["spec"]["request"]["seed"] != begun.document["spec"]["request"]["seed"]
    finally:
        del os.environ["FLUXROOM_BFL_CAP"]


def test_what_cannot_be_an_axis_is_one_clear_line(run: Run) -> None:
    for words, why in (
        (("--vary", "seed"), "--vary takes NAME=A,B,C"),
        ((), "one or two axes, not 0"),
        (("--vary", "loras.0.scale=1"), "nothing at 'loras.0.scale'"),
        (("--vary", "provider=amazon"), "no provider 'amazon'"),
    ):
        told = run("compare", "a fox", "-m", f"bfl/{FAST}", *words)
        assert (told.code, why in told.err) == (2, True), told.err


def test_the_sheet_is_not_promised_where_it_cannot_be_written(run: Run, provider: Provider) -> None:
    told = run("compare", "a fox", "-m", f"bfl/{FAST}", "--vary", "seed=1,2", "-o", "nowhere/sheet.png", "--yes")
    assert told.code != 0
    assert provider.box.world.tasks() == []
    assert not Path("nowhere").exists()
