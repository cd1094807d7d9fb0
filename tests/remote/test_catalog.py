"""`sync_catalog`, here and at a gateway: a new endpoint is published, and can be asked for at once."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.remote.gateways import Gate

from fluxroom import catalog
from fluxroom.catalog import overlay
from fluxroom.catalog.overlay import FILE, Overlay
from fluxroom.client import AsyncClient
from fluxroom.errors import StorageFull, UnknownModel
from fluxroom.sandbox import fal_api, fal_catalog
from fluxroom.types import Size

pytestmark = pytest.mark.anyio

MOONLIGHT: dict[str, Any] = {"moonlight": 0.5}
NEW = "fal-ai/flux-9-dream"


@pytest.fixture(autouse=True)
def as_shipped(tmp_path: Path) -> Iterator[None]:
    fal_catalog.apps.cache_clear()
    yield
    fal_catalog.apps.cache_clear()
    overlay.use(tmp_path / "none")
    overlay.lay(Overlay())


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """fal publishes an endpoint that this version has never heard of, and its sandbox carries it out."""
    row = copy.deepcopy(fal_catalog.endpoints()["fal-ai/flux/dev"])
    row["fields"]["moonlight"] = {"type": "number", "required": False, "min": 0, "max": 1, "description": "How bright."}
    monkeypatch.setitem(fal_catalog.endpoints(), NEW, row)
    return row


async def test_nothing_new(client: AsyncClient) -> None:
    found = await client.sync_catalog(write=False)
    assert set(found.asked) == {"bfl", "fal"}
    assert found.sandbox
    assert {change.kind for change in found.changes} == {"removed"}


async def test_a_new_endpoint_is_used_without_code(client: AsyncClient, published: dict[str, Any]) -> None:
    assert published["fields"]["moonlight"]
    with pytest.raises(UnknownModel):
        await client.quote("x", model="flux-9-dream")
    dry = await client.sync_catalog(write=False)
    assert [change.model for change in dry.changes if change.kind == "added"] == ["flux-9-dream"]
    with pytest.raises(UnknownModel):
        await client.quote("x", model="flux-9-dream")
    wet = await client.sync_catalog()
    assert wet == dry
    image = await client.generate("a dream", model="flux-9-dream", seed=3, image_size=Size(512, 512), **MOONLIGHT)
    assert (image.route, image.seed, image.size) == ("fal/flux-9-dream", 3, Size(512, 512))
    job = await client.job(image.job)
    assert (job.endpoint, job.wire["moonlight"]) == (NEW, 0.5)
    assert "flux-9-dream" in client.models()
    assert (await client.quote("x", model="flux-9-dream")).approximate


async def test_a_gateway_sees_what_a_command_line_beside_it_has_read(gate: Gate, published: dict[str, Any]) -> None:
    assert published
    async with gate.client() as client:
        with pytest.raises(UnknownModel):
            await client.quote("x", model="flux-9-dream")
        beside = gate.settings.model_copy(update={})
        async with AsyncClient(settings=beside) as other:
            await other.sync_catalog()
        client.worker._asked_at = None  # type: ignore[attr-defined]  # a minute later
        assert (await client.quote("x", model="flux-9-dream")).jobs == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[]", b'{"models": 5}', b'{"models": [1, null, {}]}'])
async def test_a_garbled_answer_changes_nothing(
    client: AsyncClient, published: dict[str, Any], monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    assert published
    await client.sync_catalog()

    def garbled(_value: Any, _status: int = 200, **_more: Any) -> Any:
        from aiohttp import web

        return web.Response(body=body, content_type="application/json")

    monkeypatch.setattr(fal_api, "answer", garbled)
    found = await client.sync_catalog()
    assert list(found.asked) == ["bfl"]
    assert list(found.silent) == ["fal"]
    assert len(found.silent["fal"]) > 10
    assert (await client.quote("x", model="flux-9-dream")).jobs == 1  # what was learned stays
    assert (await client.quote("x", model="fal/flux-2-pro")).jobs == 1


async def test_a_full_disk_leaves_everything_as_it_was(
    client: AsyncClient, published: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert published

    def full(_folder: Path, _found: Overlay) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(overlay, "write", full)
    with pytest.raises(StorageFull):
        await client.sync_catalog()
    with pytest.raises(UnknownModel):
        await client.quote("x", model="flux-9-dream")


async def test_several_at_once_leave_one_whole_file(gate: Gate, published: dict[str, Any]) -> None:
    assert published
    async with gate.client() as client:
        await asyncio.gather(*(client.sync_catalog() for _ in range(4)))
    told = json.loads((gate.settings.data_folder / FILE).read_text())
    assert list(told["rows"]) == ["flux-9-dream"]
    assert not list(gate.settings.data_folder.glob(f".{FILE}*"))


async def test_after_a_restart_it_is_still_known(gate: Gate, published: dict[str, Any]) -> None:
    assert published
    async with gate.client() as client:
        await client.sync_catalog()
    await asyncio.to_thread(gate.stop)
    overlay.use(gate.settings.data_folder / "none")  # as another process begins
    assert "flux-9-dream" not in catalog.models()
    await asyncio.to_thread(gate.start)
    async with gate.client() as client:
        assert (await client.generate("x", model="flux-9-dream", seed=1)).seed == 1
        assert "flux-9-dream" in catalog.models()
