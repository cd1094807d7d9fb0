"""The JavaScript clients that people use, unchanged but for their base URL, against a gateway over real sockets.

Each makes a picture, edits one, and meets moderation, failure and doubt. The sandbox counts what was made.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from PIL.Image import Image
from tests.doors.js.kits import EXAMPLES, HERE, Kit
from tests.doors.openai.worlds import World, opened
from tests.worlds import billed

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]


@pytest.mark.parametrize("way", ["middleware", "proxy"])
async def test_fals_own_client(kit: Kit, door: World, way: str) -> None:
    said = await kit.told("fal_client.mjs", door.url, way)
    made = said["generation"]["ok"]
    assert made["requestId"]
    assert made["seen"][-1] == "COMPLETED"
    assert (made["data"]["seed"], len(made["data"]["images"])) == (7, 2)
    assert made["bytes"] == made["data"]["images"][0]["file_size"]
    assert said["edit"]["ok"]["images"][0]["url"].startswith(f"{door.url}/files/")
    assert said["upload"]["ok"].startswith(f"{door.url}/fal/storage/files/")
    assert said["run"]["ok"]["images"]
    assert said["stream"]["ok"]["done"] == said["stream"]["ok"]["events"][-1]
    for name, status, kind in (
        ("moderated", 422, "content_policy_violation"),
        ("failed", 500, "downstream_service_unavailable"),
        ("invalid", 422, "less_than_equal"),
    ):
        assert said[name]["status"] == status, said[name]
        assert said[name]["body"]["detail"][0]["type"] == kind
    assert said["cancel"]["ok"]["status"] in {"IN_QUEUE", "IN_PROGRESS", "COMPLETED"}
    edits = [task for task in door.box.world.tasks() if len(task["picture"].get("references", [])) == 2]
    assert len(edits) == 1
    # One for each call: nothing was sent twice, and what was invalid not at all.
    assert len(door.box.world.tasks()) == 8


@pytest.mark.parametrize("provider", ["bfl", "fal"])
async def test_the_ai_sdk(kit: Kit, door: World, provider: str) -> None:
    said = await kit.told("ai_sdk.mjs", door.url, provider)
    first = said["generation"]["ok"]["images"][0]
    assert opened(base64.b64decode(first["base64"])).size == (1024, 768)
    assert first["type"] in {"image/jpeg", "image/png"}
    assert opened(base64.b64decode(said["edit"]["ok"]["images"][0]["base64"])).size == (1024, 768)
    edit = billed(door.box)[1]
    assert len(edit["picture"]["references"]) == 2
    # The AI SDK knows no words for BFL's moderation: it stops at the one and waits for its time-out at the other.
    assert all("error" in said[name] for name in ("moderated", "refused", "failed", "doubtful"))
    if provider == "fal":
        assert "content checker" in said["moderated"]["message"]
    else:
        assert "Content Moderated" in said["moderated"]["body"]
        assert said["generation"]["ok"]["providerMetadata"]["blackForestLabs"]["images"][0]["cost"] == 3
    # What is in doubt was not sent twice by anybody.
    doubtful = [one for one in door.box.world.tasks() if "submit-drop-after" in str(one)]
    assert len(doubtful) <= 1
    assert len(door.box.world.tasks()) == 6


def pictures_in(folder: Path) -> list[Image]:
    """The pictures of a folder, in the order of their names."""
    found = [opened(path.read_bytes()) for path in sorted(folder.glob("*.[pj]*g"))]
    assert len(found) == 2
    return found


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.mjs")))
async def test_an_example_runs(kit: Kit, door: World, tmp_path: Path, example: str) -> None:
    assert "night.png" in await kit.run(f"examples/{example}", folder=tmp_path, FLUXROOM_URL=door.url)
    assert pictures_in(tmp_path)[0].size in {(1536, 1024), (1024, 768)}


@pytest.mark.parametrize("name", ["node20", "node22"])
def test_a_lock_names_no_host(name: str) -> None:
    text = (HERE / name / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text
    assert "omit-lockfile-registry-resolved=true" in (HERE / name / ".npmrc").read_text("utf-8")
