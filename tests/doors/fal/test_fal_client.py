"""fal's own Python client, unchanged, over https: two variables and a certificate to trust are all it needs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.doors.processes import Served, served
from tests.worlds import billed, sandbox

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

PROGRAM = """
import json, sys
import fal_client, fal_client.client, httpx_sse
from PIL import Image

APP = "fal-ai/flux-2/klein/4b"

def say(name, work):
    try:
        told = {"ok": work()}
    except fal_client.client.FalClientHTTPError as error:
        told = {"status": error.status_code, "said": str(error), "headers": dict(error.response_headers)}
    except httpx_sse.SSEError as error:  # its stream looks at the kind of an answer before its status
        told = {"status": None, "said": str(error)}
    print(json.dumps({name: told}), flush=True)

seen = []
say("generation", lambda: fal_client.subscribe(APP, {"prompt": "a red fox", "seed": 7}, with_logs=True,
    on_queue_update=lambda update: seen.append(type(update).__name__)))
say("updates", lambda: seen)

def edit():
    first = fal_client.run(APP, {"prompt": "a red fox"})["images"][0]["url"]
    drawn = fal_client.encode_image(Image.new("RGB", (320, 256), "teal"))
    return fal_client.subscribe(APP + "/edit", {"prompt": "at dusk", "image_urls": [first, drawn]})

say("edit", edit)
say("stream", lambda: list(fal_client.stream(APP, {"prompt": "in events"})))
say("moderated", lambda: fal_client.subscribe(APP, {"prompt": "moderate-me-output"}))
say("failed", lambda: fal_client.subscribe(APP, {"prompt": "a fox [[fault:error=internal_server_error]]"}))
say("invalid", lambda: fal_client.subscribe(APP, {"prompt": "a fox", "num_images": 9}))

def cancelled():
    handle = fal_client.submit(APP, {"prompt": "a fox [[duration:60]]"})
    handle.cancel()
    return handle.get()

say("cancelled", cancelled)

def later():
    handle = fal_client.submit(APP, {"prompt": "a blue fox"})
    again = fal_client.SyncClient().get_handle(APP, handle.request_id)
    return again.get()

say("later", later)

if len(sys.argv) > 1:
    fal_client.client.REST_URL = sys.argv[1]
    fal_client.client.CDN_URL = sys.argv[1] + "/storage"
    say("uploaded", lambda: fal_client.subscribe(APP + "/edit", {"prompt": "at dusk",
        "image_urls": [fal_client.upload_image(Image.new("RGB", (640, 512), "teal"))]}))
"""


async def said_by(gateway: Served, *arguments: str, **more: str) -> dict[str, Any]:
    environment = {**os.environ, "FAL_KEY": "none", **gateway.fal_client_environment, **more}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-3000:]
    said: dict[str, Any] = {}
    for line in out.splitlines():
        said |= json.loads(line)
    return said


async def test_everything_that_it_does(tmp_path: Path) -> None:
    async with sandbox() as box, served(box, tmp_path, "--tls", "--fal-port", "0") as gateway:
        at = f"https://{gateway.fal_client_environment['FAL_RUN_HOST']}"
        assert gateway.url.startswith("https://127.0.0.1:")
        said = await said_by(gateway, at)
        tasks, paid = box.world.tasks(), billed(box)
    made = said["generation"]["ok"]
    assert made["seed"] == 7
    assert made["images"][0]["url"].startswith(f"{at}/files/")
    assert said["updates"]["ok"][-1] == "Completed"
    assert said["edit"]["ok"]["images"]
    assert said["stream"]["ok"][-1]["images"]
    assert (said["moderated"]["status"], said["failed"]["status"], said["invalid"]["status"]) == (422, 500, 422)
    assert "content_policy_violation" in said["moderated"]["said"]
    assert "num_images" in said["invalid"]["said"]
    assert said["cancelled"]["status"] == 499
    assert said["later"]["ok"]["images"]
    assert said["uploaded"]["ok"]["images"][0]["width"] == 640
    assert len(tasks) == 9  # not one more than was asked for, though the client repeats what it can
    assert [len(task["picture"].get("references", [])) for task in paid].count(2) == 1


async def test_a_gateway_with_keys_wants_one(tmp_path: Path) -> None:
    options = ("--tls", "--fal-port", "0")
    async with sandbox() as box:
        made = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fluxroom", "keys", "create", "tester", "--data", str(tmp_path), "--json"),
            stdout=asyncio.subprocess.PIPE,
        )
        key = json.loads((await made.communicate())[0])["key"]
        async with served(box, tmp_path, *options, FLUXROOM_HOSTS="pictures.example.com") as gateway:
            refused = await said_by(gateway)
            taken = await said_by(gateway, FAL_KEY=key)
    assert {told["status"] for name, told in refused.items() if name not in {"updates", "stream"}} == {401}
    assert taken["generation"]["ok"]["images"]
    assert taken["later"]["ok"]["images"]
