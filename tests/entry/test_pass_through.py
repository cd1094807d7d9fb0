"""Every parameter of six kinds of routes arrives, whichever way it came in; nothing is dropped in silence.

What is expected comes from the raw published files (`tests/catalog/published.py`); what arrived, from the sandbox's
books; what we say that we did, from our database.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.entry.paths import PATHS, Wish, World, failures, worlds
from tests.test_catalog_walk import Case, arrived, cases_of, photo

from fluxroom import catalog
from fluxroom.errors import FluxroomError
from fluxroom.types import Mode

ROUTES: dict[str, tuple[str, Mode]] = {
    "text-to-image at bfl": ("bfl/flux-2-flex", "generate"),
    "text-to-image at fal": ("fal/flux-2-dev", "generate"),
    "edit": ("fal/flux-2-dev", "edit"),
    "lora": ("fal/flux-2-lora", "edit"),
    "flux-general": ("fal/flux-general", "edit"),
    "kontext at bfl": ("bfl/flux-kontext-pro", "edit"),
    "kontext at fal": ("fal/flux-kontext-dev", "edit"),
    "klein at bfl": ("bfl/flux-2-klein-4b", "generate"),
    "klein at fal": ("fal/flux-2-klein-4b", "edit"),
}

FOLDERS = ("gateway", "library", "typed")

_PATIENCE = 30.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with worlds(tmp_path_factory.mktemp("entry")) as made:
        yield made


@pytest.fixture(autouse=True)
def forget_what_was_refused(world: World) -> None:
    world.refused.clear()


@dataclass
class Sent:
    """One job, as the provider got it and as we wrote it down."""

    body: dict[str, Any]
    endpoint: str
    wire: dict[str, Any]
    not_sent: list[dict[str, str]]


def arrivals(world: World, prompts: set[str]) -> dict[str, Sent]:
    """What the provider got, by prompt; waits until all of it is there."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        written = {one: sent for folder in FOLDERS for one, sent in books(world.folder / folder)}
        found = {
            task["input"].get("prompt"): Sent(task["input"], task["endpoint"], *written[task["id"]])
            for task in world.box.world.tasks()
            if task["id"] in written
        }
        if prompts <= found.keys():
            return found
        time.sleep(0.05)
    raise AssertionError(f"never arrived: {sorted(prompts - found.keys())[:3]}; refused: {world.refused[:3]}")


def books(folder: Path) -> Iterator[tuple[str, tuple[dict[str, Any], list[dict[str, str]]]]]:
    """Every job that was sent: its payload, and what is said not to have been sent."""
    if not (folder / "fluxroom.db").exists():
        return
    asked = "select request_id, wire, not_sent from jobs join generations on generations.id = jobs.generation"
    with closing(sqlite3.connect(folder / "fluxroom.db")) as database:
        for request, wire, not_sent in database.execute(asked):
            yield str(request), (json.loads(wire), json.loads(not_sent))


def hashes(value: Any) -> Iterator[str]:
    """The hashes of the pictures in what was asked for, or in a payload as it is written down."""
    if isinstance(value, bytes):
        yield hashlib.sha256(value).hexdigest()
    elif isinstance(value, dict):
        yield from [value["$reference"]] if "$reference" in value else hashes(list(value.values()))
    elif isinstance(value, list):
        for inner in value:
            yield from hashes(inner)


def wrongs(case: Case, sent: Sent) -> Iterator[str]:
    """Everything that did not arrive as it was asked for."""
    for name, expected in case.expected.items():
        if not arrived(sent.body.get(name), expected):
            yield f"{name} should be {expected!r}, is {sent.body.get(name)!r}"
    if Counter(hashes(sent.wire)) != Counter(hashes(dict(case.options))):
        yield "other pictures than were given"
    listed = list(hashes(case.options.get("references", [])))
    if [one for one in hashes(sent.wire) if one in listed] != listed:
        yield "the references are in another order"
    if sent.not_sent:
        yield f"said not to be sent: {sent.not_sent}"


@pytest.mark.parametrize("kind", ROUTES)
@pytest.mark.parametrize("way", PATHS)
def test_every_parameter_arrives(world: World, way: str, kind: str) -> None:
    name, mode = ROUTES[kind]
    row, provider, _ = catalog.find(name)
    assert provider is not None
    cases = [
        replace(case, expected={**case.expected, "prompt": f"{way}, {kind}, {number}"})
        for number, case in enumerate(cases_of(provider, row.routes[provider], mode))
    ]
    wishes = [Wish(name, mode, case.expected["prompt"], case.options) for case in cases]
    PATHS[way](world, wishes)
    assert world.refused == []
    found = arrivals(world, {wish.prompt for wish in wishes})
    wrong = [
        f"{wish.prompt}: {one}"
        for case, wish in zip(cases, wishes, strict=True)
        for one in wrongs(case, found[wish.prompt])
    ]
    assert wrong == []
    assert all(found[wish.prompt].endpoint == case.endpoint for case, wish in zip(cases, wishes, strict=True))


def said_of(world: World, way: str, wish: Wish) -> tuple[list[str], Sent | None]:
    """What is said to a request, and what arrived of it, if anything did."""
    try:
        PATHS[way](world, [wish])
    except FluxroomError as error:
        world.refused.append(str(error))
    said = [*world.refused, *(one for one in failures(world) if one.startswith(wish.prompt))]
    return said, None if said else arrivals(world, {wish.prompt})[wish.prompt]


@pytest.mark.parametrize("way", PATHS)
def test_a_value_that_the_model_does_not_take_is_refused(world: World, way: str) -> None:
    prompt = f"{way}: too much guidance"
    said, _ = said_of(world, way, Wish("fal/flux-2-dev", "generate", prompt, {"guidance_scale": 99, "seed": 1}))
    assert any("guidance_scale" in one and "20" in one for one in said), said
    assert prompt not in {task["input"].get("prompt") for task in world.box.world.tasks()}


@pytest.mark.parametrize("way", PATHS)
def test_a_parameter_that_the_model_lacks_is_refused_or_told(world: World, way: str) -> None:
    prompt = f"{way}: a parameter that nobody knows"
    said, sent = said_of(world, way, Wish("fal/flux-2-dev", "generate", prompt, {"sharpness": 3, "seed": 1}))
    if sent is None:
        assert any("sharpness" in one for one in said), said
        assert prompt not in {task["input"].get("prompt") for task in world.box.world.tasks()}
    else:
        assert [note["name"] for note in sent.not_sent] == ["sharpness"]
        assert "sharpness" not in sent.body


@pytest.mark.parametrize("way", PATHS)
def test_old_names_mean_what_they_meant(world: World, way: str) -> None:
    options = {"fluxGuidanceScale": 3.5, "fluxNumInferenceSteps": 7, "fluxSeed": 5, "fluxStrength": 0.6}
    prompt = f"{way}: as the old app said it"
    wish = Wish("fal/flux-general", "edit", prompt, {**options, "references": [photo(3)]})
    said, sent = said_of(world, way, wish)
    assert sent is not None, said
    arrived_so = {name: sent.body[name] for name in ("guidance_scale", "num_inference_steps", "seed", "strength")}
    assert arrived_so == {"guidance_scale": 3.5, "num_inference_steps": 7, "seed": 5, "strength": 0.6}
    assert sent.not_sent == []


@pytest.mark.parametrize("way", [way for way in PATHS if way not in {"python", "command line"}])
@pytest.mark.parametrize("place", ["mask_image_url", "ip_adapters", "controlnets"])
def test_no_way_over_http_reads_a_file_of_the_gateways_machine(world: World, way: str, place: str) -> None:
    secret = world.file(photo(7))
    deep = {
        "mask_image_url": secret,
        "ip_adapters": [{"path": "x", "image_encoder_path": "y", "scale": 1, "image_url": secret}],
        "controlnets": [{"path": "x", "control_image_url": secret}],
    }[place]
    prompt = f"{way}: a picture that is none of the caller's business, as {place}"
    options = {"references": [photo(3)], "seed": 4, place: deep}
    said, sent = said_of(world, way, Wish("fal/flux-general", "edit", prompt, options))
    assert sent is None, f"{secret} was sent: {list(hashes(sent.wire))}"
    assert any("reads no files" in one for one in said), said
