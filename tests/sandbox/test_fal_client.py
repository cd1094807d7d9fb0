"""fal's own Python client against the sandbox, over https, in a process of its own (it reads its hosts on import)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from fluxroom.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

PROGRAM = """
import json, sys
import fal_client, fal_client.client
from PIL import Image

def say(name, value):
    print(json.dumps({name: value}), flush=True)

fal_client.client.REST_URL = sys.argv[1] + "/fal/rest"
fal_client.client.CDN_URL = sys.argv[1] + "/fal/cdn"
seen = []
made = fal_client.subscribe("fal-ai/flux-2/klein/9b", {"prompt": "a red fox", "seed": 7},
    with_logs=True, on_queue_update=lambda update: seen.append(type(update).__name__))
say("generation", made)
say("updates", seen)
uploaded = fal_client.upload_image(Image.new("RGB", (640, 512), "teal"))
say("upload", uploaded)
say("edit", fal_client.subscribe("fal-ai/flux-2/klein/9b/edit", {"prompt": "make it dusk",
    "image_urls": [uploaded, made["images"][0]["url"]]}))
say("run", fal_client.run("fal-ai/flux-2", {"prompt": "at once"}))
say("stream", [event for event in fal_client.stream("fal-ai/flux-2", {"prompt": "in events"})])
big = fal_client.client.MultipartUpload.save(client=fal_client.sync_client._client, file_name="big.bin",
    token_manager=fal_client.sync_client._token_manager, data=b"x" * 2500, chunk_size=1000)
say("multipart", big)
handle = fal_client.submit("fal-ai/flux-2", {"prompt": "to cancel [[duration:60]]"})
handle.cancel()
try:
    fal_client.subscribe("fal-ai/flux-2", {"num_images": 9})
except fal_client.client.FalClientHTTPError as error:
    say("error", [error.status_code, str(error)])
"""


async def test_generation_edit_upload_and_errors(tmp_path: Path) -> None:
    async with Sandbox(tls=tmp_path, speed=200) as box:
        environment = {**os.environ, **box.fal_client_environment}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, box.tls_url),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()[-3000:]
        said: dict[str, Any] = {}
        for line in out.splitlines():
            said.update(json.loads(line))
        tasks = box.world.tasks()
    assert said["generation"]["seed"] == 7
    assert said["generation"]["images"][0]["url"].startswith("https://127.0.0.1:")
    assert said["updates"][-1] == "Completed"
    assert "/files/b/" in said["upload"]
    assert (said["edit"]["images"][0]["width"], said["edit"]["images"][0]["height"]) == (640, 512)
    assert said["run"]["images"]
    assert said["stream"][-1]["images"][0]["url"]
    assert "/files/b/" in said["multipart"]
    assert said["error"][0] == 422
    assert "less_than_equal" in said["error"][1] or "num_images" in said["error"][1]
    assert [len(task["picture"].get("references", [])) for task in tasks[:2]] == [0, 2]
    assert [task["outcome"] for task in tasks] == ["ready"] * 4 + ["cancelled", "invalid"]
