"""From typed words to a request: every option, every form of a value, every mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from tests.cli.told import Run

from fluxroom.cli.asking import read_request, request_names
from fluxroom.cli.delivering import names

CANONICAL = {
    "prompt", "references", "mask", "image_size", "aspect_ratio", "resolution", "seed", "num_images", "guidance_scale",
    "num_inference_steps", "strength", "output_format", "enable_prompt_expansion", "safety_tolerance",
    "enable_safety_checker", "negative_prompt", "loras", "acceleration", "scheduler", "raw", "grounding", "region",
    "max_references", "extra",
}  # fmt: skip

LORA = "https://x.org/a.safetensors"


def wire(run: Run, *words: object) -> dict[str, Any]:
    told = run("quote", "a fox", *words)
    assert told.code == 0, told.err
    found: dict[str, Any] = told.last["wire"][0]
    return found


def test_every_canonical_parameter_is_an_option() -> None:
    assert request_names() >= CANONICAL


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-m", "bfl/flux-2-pro", "--seed", 7], {"seed": 7}),
        (["-m", "bfl/flux-2-pro", "--size", "1536x1024"], {"width": 1536, "height": 1024}),
        (["-m", "bfl/flux-2-pro", "--image-size", '{"width": 640, "height": 480}'], {"width": 640, "height": 480}),
        (["-m", "fal/flux-2-pro", "--size", "portrait_4_3"], {"image_size": "portrait_4_3"}),
        (["-m", "bfl/flux-2-flex", "--guidance-scale", 3.5], {"guidance": 3.5}),
        (["-m", "bfl/flux-2-flex", "--steps", 20], {"steps": 20}),
        (["-m", "fal/flux-2-flex", "--num-inference-steps", 20], {"num_inference_steps": 20}),
        (["-m", "fal/flux-2-dev", "-n", 3], {"num_images": 3}),
        (["-m", "fal/flux-2-dev", "--num-images", 2], {"num_images": 2}),
        (["-m", "fal/flux-2-dev", "--acceleration", "high"], {"acceleration": "high"}),
        (["-m", "fal/flux-2-dev", "--expand-prompt"], {"enable_prompt_expansion": True}),
        (["-m", "fal/flux-2-dev", "--no-expand-prompt"], {"enable_prompt_expansion": False}),
        (["-m", "bfl/flux-2-pro", "--expand-prompt"], {"disable_pup": False}),
        (["-m", "fal/flux-2-dev", "--no-safety-checker"], {"enable_safety_checker": False}),
        (["-m", "bfl/flux-2-pro", "--safety-tolerance", 4], {"safety_tolerance": 4}),
        (["-m", "fal/flux-2-pro", "--safety-tolerance", 4], {"safety_tolerance": "4"}),
        (["-m", "bfl/flux-2-pro", "--output-format", "jpeg"], {"output_format": "jpeg"}),
        (["-m", "flux-general", "--negative-prompt", "snow"], {"negative_prompt": "snow"}),
        (["-m", "flux-2-lora", "--lora", f"{LORA}:0.8"], {"loras": [{"path": LORA, "scale": 0.8}]}),
        (["-m", "flux-2-lora", "--lora", LORA], {"loras": [{"path": LORA}]}),
        (["-m", "flux-general", "-p", "nag_scale=4.5"], {"nag_scale": 4.5}),
        (["-m", "bfl/flux-2-pro", "-p", "user=me"], {"user": "me"}),
        (["-m", "fal/flux-2-pro", "--extra", "fal.brand_new=[1, 2]"], {"brand_new": [1, 2]}),
        (["-m", "fal/flux-2-pro", "--extra", "bfl.brand_new=1"], {}),
    ],
)  # fmt: skip
def test_an_option_arrives_under_the_wire_name(run: Run, words: list[object], expected: dict[str, Any]) -> None:
    sent = wire(run, *words)
    assert {name: sent.get(name) for name in expected} == expected
    assert "brand_new" not in sent or expected


def test_aspect_ratio_and_raw_where_the_model_has_them(run: Run) -> None:
    sent = wire(run, "-m", "bfl/flux-pro-1.1-ultra", "--aspect-ratio", "21:9", "--raw")
    assert sent["aspect_ratio"] == "21:9"
    assert sent["raw"] is True


def test_region(run: Run) -> None:
    assert run("quote", "a fox", "-m", "bfl/flux-2-pro", "--region", "eu").code == 0
    assert run("quote", "a fox", "-m", "bfl/flux-2-pro", "--region", "mars").code == 2
    refused = run("quote", "a fox", "-m", "fal/flux-2-pro", "--region", "eu")
    assert refused.code == 2
    assert "regions" in refused.err


def test_report_leaves_out_and_says_so(run: Run) -> None:
    told = run("quote", "a fox", "-m", "bfl/flux-2-pro", "--guidance-scale", 3, "--on-unsupported", "report")
    assert told.code == 0
    assert told.last["not_sent"][0]["name"] == "guidance_scale"
    assert "Not sent" not in told.out
    text = run("quote", "a fox", "-m", "bfl/flux-2-pro", "--guidance-scale", 3, "--on-unsupported", "report", "--text")
    assert "Not sent: guidance_scale" in text.err


def test_without_report_it_is_refused(run: Run) -> None:
    told = run("quote", "a fox", "-m", "bfl/flux-2-pro", "--guidance-scale", 3)
    assert told.code == 2
    assert told.last["error"]["code"] == "invalid_params"
    assert "guidance_scale" in told.err


def test_a_parameter_given_twice(run: Run) -> None:
    told = run("quote", "a fox", "--seed", 1, "-p", "seed=2")
    assert told.code == 2
    assert "twice" in told.err


@pytest.mark.parametrize("words", [["-p", "nothing"], ["-p", "=3"], ["--extra", "fal"], ["--extra", "x=1.5"]])
def test_a_pair_that_is_none(run: Run, words: list[str]) -> None:
    told = run("quote", "a fox", *words)
    assert told.code == 2
    assert "VALUE" in told.err


def test_a_number_that_is_none(run: Run) -> None:
    assert run("quote", "a fox", "--seed", "seven").code == 2


class TestPromptFile:
    def test_json_is_a_structured_prompt(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "p.json"
        file.write_text(json.dumps({"subject": "a fox", "style": {"mood": "calm"}}), "utf-8")
        told = run("quote", "--prompt-file", file)
        assert json.loads(told.last["wire"][0]["prompt"]) == {"subject": "a fox", "style": {"mood": "calm"}}

    def test_text(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "p.txt"
        file.write_text("ein Füchslein\n", "utf-8")
        assert run("quote", "--prompt-file", file).last["wire"][0]["prompt"] == "ein Füchslein"

    def test_standard_input(self, run: Run) -> None:
        assert run("quote", "--prompt-file", "-", stdin="from a pipe\n").last["wire"][0]["prompt"] == "from a pipe"

    def test_structured_standard_input(self, run: Run) -> None:
        told = run("quote", "--prompt-file", "-", stdin='{"subject": "owl"}')
        assert told.last["wire"][0]["prompt"] == '{"subject":"owl"}'

    def test_missing(self, run: Run) -> None:
        told = run("quote", "--prompt-file", "nowhere.txt")
        assert told.code == 2
        assert "No such file" in told.err

    def test_not_text(self, run: Run, photo: Path) -> None:
        told = run("quote", "--prompt-file", photo)
        assert told.code == 2
        assert "UTF-8" in told.err

    def test_json_that_is_no_object(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "p.json"
        file.write_text("[1]", "utf-8")
        told = run("quote", "--prompt-file", file)
        assert told.code == 2
        assert "one JSON object" in told.err

    def test_words_and_file(self, run: Run, tmp_path: Path) -> None:
        told = run("quote", "words", "--prompt-file", tmp_path / "p.txt")
        assert told.code == 2
        assert "not both" in told.err


def test_read_request_keeps_order_of_references() -> None:
    _, options = read_request({"references": ("b.png", "a.png"), "prompt": "x"})
    assert options["references"] == ["b.png", "a.png"]


def test_read_request_leaves_out_what_was_not_given() -> None:
    prompt, options = read_request({"prompt": "x", "seed": None, "loras": (), "output": "o.png", "references": ()})
    assert prompt == "x"
    assert options == {"references": []}


def test_false_is_a_value() -> None:
    _, options = read_request({"prompt": "x", "raw": False, "seed": 0})
    assert options["raw"] is False
    assert options["seed"] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.safetensors", {"path": "a.safetensors"}),
        ("a.safetensors:1", {"path": "a.safetensors", "scale": 1.0}),
        ("https://x.org/a:b.safetensors", {"path": "https://x.org/a:b.safetensors"}),
    ],
)
def test_loras(text: str, expected: dict[str, Any]) -> None:
    assert read_request({"prompt": "x", "loras": (text,)})[1]["loras"] == [expected]


def test_bad_extra_is_a_usage_error() -> None:
    with pytest.raises(click.UsageError):
        read_request({"prompt": "x", "extra": ("fal",)})


def test_names_of_several_files(tmp_path: Path) -> None:
    assert names(str(tmp_path / "fox.png"), 1) == [tmp_path / "fox.png"]
    assert names(str(tmp_path / "fox.png"), 3) == [tmp_path / f"fox-{n}.png" for n in (1, 2, 3)]
    assert names(str(tmp_path), 2) == [tmp_path, tmp_path]
    assert names(None, 1) == [Path()]


class TestCompletion:
    def offered(self, typed: str) -> list[str]:
        from fluxroom.cli.completing import complete_models

        ctx = click.Context(click.Command("x"))
        return [item.value for item in complete_models(ctx, click.Argument(["model"]), typed)]

    def test_models_by_their_beginning(self) -> None:
        found = self.offered("flux-2-k")
        assert "flux-2-klein-4b" in found
        assert all(name.startswith("flux-2-k") for name in found)

    def test_routes_after_a_provider(self) -> None:
        found = self.offered("bfl/")
        assert "bfl/flux-2-pro" in found
        assert "bfl/flux-2-dev" not in found  # fal only

    def test_retired_models_are_not_offered(self) -> None:
        assert "flux-pro" not in self.offered("flux-pro")

    def test_nothing_fits(self) -> None:
        assert self.offered("zzz") == []
        assert self.offered("acme/") == []
