"""Old pipelines go on working: FLUX.1 with its own parameters, and the names that the seeds' programs used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.worlds import billed, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.errors import InvalidParams
from fluxroom.flows.pipelines.files import pipeline, read
from fluxroom.sandbox import Sandbox

pytestmark = pytest.mark.anyio

OLD = """
version: 1
name: shop photos
inputs:
  photo: {kind: picture}
steps:
  - name: photos
    do: edit
    model: flux-general
    references: ["{{inputs.photo}}"]
    prompt: "{{steps.texts.texts}}"
    fluxStrength: 0.5
    fluxGuidanceScale: 3.5
    fluxNumInferenceSteps: 7
    fluxSeed: 42
    fluxScheduler: euler
    loras: [{path: "https://example.com/skin.safetensors", scale: 0.8}]
"""
TEXTS = "  - {name: texts, do: prompt, texts: [on a beach, in a studio]}\n"
OLD = OLD.replace("steps:\n  - name: photos", f"steps:\n{TEXTS}  - name: photos")
NEW = (
    OLD.replace("fluxStrength", "strength")
    .replace("fluxGuidanceScale", "guidance_scale")
    .replace("fluxNumInferenceSteps", "num_inference_steps")
    .replace("fluxSeed", "seed")
    .replace("fluxScheduler", "scheduler")
)
DEFAULTS = {"enable_safety_checker": True, "output_format": "png"}
"""The endpoint's own, which the emulator fills in."""

RENAMED = {
    "fluxStrength": "strength",
    "fluxGuidanceScale": "guidance_scale",
    "fluxNumInferenceSteps": "num_inference_steps",
    "fluxSeed": "seed",
    "fluxScheduler": "scheduler",
}


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "photo.png"
    Image.new("RGB", (512, 512), (200, 120, 60)).save(path)
    return str(path)


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[tuple[Sandbox, Any]]:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, folder / "data")) as client:
        yield box, client.runs


def sent(box: Sandbox) -> list[dict[str, Any]]:
    """The fields that the provider got, without the addresses of pictures."""
    return [
        {name: value for name, value in task["input"].items() if name != "image_url"}
        for task in sorted(box.world.tasks(), key=lambda task: str(task["input"]["prompt"]))
    ]


async def test_an_old_flux_1_pipeline_reaches_the_old_endpoint_with_its_own_values(tmp_path: Path, photo: str) -> None:
    async with desk(tmp_path) as (box, runs):
        run = await runs.rest((await runs.begin_pipeline(read(OLD), {"photo": photo}))["id"])
        assert (run["state"], run["counts"]) == ("finished", {"done": 2})
        assert all(one["path"].endswith("/fal-ai/flux-general/image-to-image") for one in submits(box))
        assert sent(box) == [
            {
                "prompt": text,
                "strength": 0.5,
                "guidance_scale": 3.5,
                "num_inference_steps": 7,  # below ten: seven steps are what the old programs used
                "seed": 42,
                "scheduler": "euler",
                "loras": [{"path": "https://example.com/skin.safetensors", "scale": 0.8}],
                **DEFAULTS,
            }
            for text in ("in a studio", "on a beach")
        ]
        assert {len(one["asked"]["references"]) for one in await runs.items(run["id"])} == {1}
        assert all(task["input"]["image_url"] for task in box.world.tasks())


async def test_old_and_new_names_make_the_same_pictures(tmp_path: Path, photo: str) -> None:
    async with desk(tmp_path) as (box, runs):
        shas = []
        for text in (OLD, NEW):
            run = await runs.rest((await runs.begin_pipeline(read(text), {"photo": photo}))["id"])
            shas.append([one["sha256"] for one in run["spec"]["results"]["photos"]["images"]])
        assert shas[0] == shas[1]
        first, second = sent(box)[:2], sent(box)[2:]
        assert first[0] == first[1] or first != second  # two prompts, each sent by both
        assert {str(one) for one in sent(box)} == {str(first[0]), str(second[0])}


async def test_each_old_name_is_told_once(tmp_path: Path, photo: str) -> None:
    async with desk(tmp_path) as (_, runs):
        told = await runs.check_pipeline(read(OLD), {"photo": photo})
        assert told["renamed"] == RENAMED
        run = await runs.begin_pipeline(read(OLD), {"photo": photo})
        assert sorted(run["notes"]) == sorted(f"{old} is called {new} now." for old, new in RENAMED.items())
        run = await runs.rest(run["id"])
        assert len(run["notes"]) == len(RENAMED)
        # As it was asked for stays readable: the item has the words of the file.
        assert (await runs.items(run["id"]))[0]["asked"]["fluxStrength"] == 0.5
        new = await runs.begin_pipeline(read(NEW), {"photo": photo})
        assert new["notes"] == []


@pytest.mark.parametrize(
    ("old", "model", "value", "new"),
    [
        ("flux_guidance_scale", "flux-2-flex", 4, "guidance_scale"),
        ("flux_num_inference_steps", "flux-2-flex", 20, "num_inference_steps"),
        ("flux_seed", "flux-2-pro", 5, "seed"),
        ("flux_output_format", "flux-2-pro", "png", "output_format"),
        ("flux_safety_tolerance", "flux-2-pro", 2, "safety_tolerance"),
        ("flux_enable_prompt_expansion", "flux-2-dev", True, "enable_prompt_expansion"),
        ("flux_acceleration", "flux-2-dev", "regular", "acceleration"),
        ("flux_enable_safety_checker", "flux-2-dev", True, "enable_safety_checker"),
    ],
)
async def test_the_names_of_the_old_http_fields_too(old: str, model: str, value: Any, new: str, tmp_path: Path) -> None:
    step = {"name": "one", "do": "generate", "model": f"fal/{model}", "prompt": "a fox", old: value}
    async with desk(tmp_path) as (box, runs):
        run = await runs.rest(
            (await runs.begin_pipeline(pipeline({"version": 1, "name": "x", "steps": [step]}), {}))["id"]
        )
        assert (run["state"], run["notes"]) == ("finished", [f"{old} is called {new} now."])
        arrived = box.world.tasks()[0]["input"]
        assert str(arrived[new]) == str(value)
        assert old not in arrived


async def test_two_names_for_one_thing_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    step = {"name": "one", "do": "generate", "model": "flux-2-flex", "prompt": "a", "fluxSeed": 1, "seed": 2}
    async with desk(tmp_path) as (box, runs):
        with pytest.raises(InvalidParams, match=r"steps\.one: seed was given twice"):
            await runs.begin_pipeline(pipeline({"version": 1, "name": "x", "steps": [step]}), {})
        assert not submits(box)


async def test_pictures_under_their_old_names_are_pictures(tmp_path: Path, photo: str) -> None:
    """`image_url`, `image_urls`, `reference_2`: what other programs call references."""
    one = {"name": "base", "do": "generate", "model": "flux-2-klein-4b", "prompt": "a cup", "seed": 1}
    two = {
        "name": "two",
        "do": "edit",
        "model": "flux-2-pro",
        "image_urls": ["{{steps.base.image}}", "{{inputs.photo}}"],
        "prompt": "x",
    }
    three = {
        "name": "three",
        "do": "edit",
        "model": "flux-kontext-dev",
        "image_url": "{{steps.two.image}}",
        "prompt": "y",
    }
    found = pipeline({"version": 1, "name": "x", "inputs": {"photo": {"kind": "picture"}}, "steps": [one, two, three]})
    async with desk(tmp_path) as (box, runs):
        run = await runs.rest((await runs.begin_pipeline(found, {"photo": photo}))["id"])
        assert (run["state"], len(billed(box))) == ("finished", 3)
        made = {name: result["images"][0]["sha256"] for name, result in run["spec"]["results"].items()}
        asked = {item["step"]: item["asked"] for item in await runs.items(run["id"])}
        assert asked["two"]["references"] == [made["base"], run["spec"]["inputs"]["photo"]]
        assert asked["three"]["references"] == [made["two"]]


async def test_a_pipeline_without_any_picture_needs_none(tmp_path: Path) -> None:
    """The old program wanted a source picture everywhere; making one from words is enough here."""
    found = read("version: 1\nname: t2i\nsteps: [{name: one, do: generate, model: flux-dev, prompt: a fox, seed: 1}]")
    async with desk(tmp_path) as (box, runs):
        run = await runs.rest((await runs.begin_pipeline(found, {}))["id"])
        assert (run["state"], len(billed(box))) == ("finished", 1)
        assert "references" not in (await runs.items(run["id"]))[0]["asked"]
