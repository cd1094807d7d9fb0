"""Screenshots of every screen in every look, into docs/images/studio: `make screenshots`. To be looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from PIL import Image
from tests.studio.gateways import running_gateway

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "docs" / "images" / "studio"
WIDEST = 1080  # pixels: readable, and two megabytes in all
LOOKS = ("light", "dark", "german", "small", "phone")
PICTURES = (
    (
        "A small harbour town at blue hour, lamps on wet cobblestones, a red fox crossing the street",
        "landscape_16_9",
        1,
    ),
    ("A matte green teapot on a linen cloth, soft window light", "square_hd", 2),
    ("A risograph poster that says “SLOW MORNINGS”, coral #FF6B5E and ink blue #1B2A49", "portrait_4_3", 4),
    ("A cabin in a birch forest, first snow #dfe8ef", "landscape_4_3", 2),
    ("An orange bicycle #ff7a00 against a teal wall #0b7a75", "square_hd", 3),
)
PIPELINE = {
    "version": 1,
    "name": "evening",
    "inputs": {"product": {"kind": "text", "title": {"en": "Product", "de": "Produkt"}}},
    "steps": [
        {"name": "words", "do": "prompt", "template": "{{inputs.product}} on {marble|oak|linen}"},
        {"name": "shots", "do": "generate", "model": "flux-2-klein-4b", "prompt": "{{steps.words.texts}}", "seed": 7},
        {"name": "best", "do": "select", "from": "{{steps.shots.images}}", "by": "person"},
        {
            "name": "night",
            "do": "edit",
            "model": "flux-2-pro",
            "each": "{{steps.best.images}}",
            "references": ["{{item}}"],
            "prompt": "at night",
        },
    ],
}
"""A run that waits for somebody to choose."""


def main() -> int:
    """Make a few pictures, look at every screen, keep what is seen."""
    if not shutil.which("node"):
        print("Screenshots need Node and a build of the studio: make studio", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, running_gateway(Path(folder) / "data") as address:
        _fill(address)
        for look in LOOKS:
            subprocess.run(
                ["node", "browser/run.mjs", address, f"look_{look}"],
                cwd=ROOT / "studio",
                env={**os.environ, "SHOTS": str(Path(folder) / "shots")},
                check=True,
            )
        return _keep(Path(folder) / "shots")


def _fill(address: str) -> None:
    made = [
        _post(
            address,
            "/v1/generations",
            prompt=prompt,
            image_size=size,
            num_images=count,
            seed=100,
            model="flux-2-klein-4b",
        )
        for prompt, size, count in PICTURES
    ]
    pictures = [one["images"][0]["id"] for one in made]
    edit = {"prompt": "the fox of image 1 on the bicycle of image 2", "references": [pictures[0], pictures[4]]}
    _post(address, "/v1/generations", model="flux-2-pro", **edit)
    _post(address, "/v1/generations", model="flux-2-pro", prompt="moderate-me")
    axes = [{"name": "provider", "values": ["bfl", "fal"]}, {"name": "guidance_scale", "values": [2, 4]}]
    _post(
        address,
        "/v1/comparisons",
        name="Guidance",
        request={"model": "flux-2-flex", "prompt": PICTURES[3][0]},
        axes=axes,
    )
    rows = [{"prompt": f"a {colour} cup", "seed": 1} for colour in ("red", "blue", "green", "yellow")]
    _post(address, "/v1/bulk", name="Cups", rows=rows, defaults={"model": "flux-2-klein-4b"})
    _talk(address)
    _post(address, "/v1/pipelines", pipeline=PIPELINE, inputs={"product": "a cup"})
    _post(address, "/v1/generations", prompt="a breath, until the runs are done", model="flux-2-pro", seed=1)


def _talk(address: str) -> None:
    talk = f"/v1/conversations/{_post(address, '/v1/conversations')['id']}/messages"
    for text in ("a green chair in an empty room", "the same at night, with a lamp"):
        said = _post(address, talk, text=text)
        _wait(f"{address}/v1/generations/{said['generation']}/events")


def _wait(events: str) -> None:
    with urllib.request.urlopen(events) as answer:
        answer.read()


def _post(address: str, path: str, **body: Any) -> Any:
    headers = {"content-type": "application/json", "prefer": "wait=60"}
    with urllib.request.urlopen(urllib.request.Request(address + path, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


def _keep(shots: Path) -> int:
    TARGET.mkdir(parents=True, exist_ok=True)
    for shot in sorted(shots.glob("*.png")):
        with Image.open(shot) as picture:
            small = picture.convert("RGB")
            small.thumbnail((WIDEST, WIDEST))
            small.save(TARGET / f"{shot.stem}.webp", quality=70, method=6)
        print(TARGET.relative_to(ROOT) / f"{shot.stem}.webp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
