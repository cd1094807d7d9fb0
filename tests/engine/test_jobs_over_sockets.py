"""Jobs of both providers from the library to a stored file, and what becomes of them when something goes wrong."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient, PartialResultWarning
from fluxroom.errors import (
    ImageLost,
    InvalidReference,
    MissingKey,
    ModeratedInput,
    ModeratedOutput,
    NotFound,
    ProviderError,
    SubmitUnknown,
    Unauthorized,
    WaitEnded,
)
from fluxroom.sandbox import Sandbox
from fluxroom.settings import load
from fluxroom.types import Done, Queued, Running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


@pytest.fixture
async def client(box: Sandbox, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(settings=settings_for(box, tmp_path / "data")) as one:
        yield one


def photo(colour: str, size: tuple[int, int] = (320, 240)) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", size, colour).save(file, "JPEG")
    return file.getvalue()


async def running(client: AsyncClient, generation: str) -> None:
    async for event in client.engine.events(generation, tick=0.02):
        if isinstance(event, Running):
            return


@pytest.mark.parametrize("route", ROUTES.values())
async def test_a_picture_comes_home_untouched_and_is_paid_once(client: AsyncClient, box: Sandbox, route: str) -> None:
    image = await client.generate("a red fox in fresh snow", model=route, seed=7)
    assert image.route == route
    assert image.seed == 7
    assert image.sandbox
    assert image.mime == "image/png"
    assert Pillow.open(io.BytesIO(image.bytes)).size == (image.size.width, image.size.height) == (1024, 768)
    assert image.receipt.state == "charged"
    assert image.cost == image.receipt.estimated
    assert len(billed(box)) == len(submits(box)) == 1
    assert image.request_id == billed(box)[0]["id"]


@pytest.mark.parametrize("route", ROUTES.values())
async def test_references_arrive_in_order(client: AsyncClient, box: Sandbox, tmp_path: Path, route: str) -> None:
    (tmp_path / "a.jpg").write_bytes(photo("red"))
    first = await client.edit(
        tmp_path / "a.jpg", "dusk", model=route, references=[photo("lime"), photo("blue")], seed=1
    )
    swapped = await client.edit(
        tmp_path / "a.jpg", "dusk", model=route, references=[photo("blue"), photo("lime")], seed=1
    )
    again = await client.edit(
        tmp_path / "a.jpg", "dusk", model=route, references=[photo("lime"), photo("blue")], seed=1
    )
    assert first.sha256 == again.sha256
    assert first.sha256 != swapped.sha256


async def test_a_large_reference_is_uploaded_to_fal_once_and_sent_to_bfl_inline(
    client: AsyncClient, box: Sandbox
) -> None:
    noise = Pillow.effect_noise((700, 700), 90).convert("RGB")
    file = io.BytesIO()
    noise.save(file, "PNG")
    assert len(file.getvalue()) > 256 * 1024
    for _ in range(2):
        await client.edit(file.getvalue(), "x", model="fal/flux-2-pro")
    initiated = [r for r in box.world.requests() if "/storage/upload/initiate" in r["path"]]
    assert len(initiated) == 1
    await client.edit(file.getvalue(), "x", model="bfl/flux-2-pro")
    assert len(billed(box)) == 3


async def test_n_pictures_are_n_jobs_with_counted_seeds(client: AsyncClient, box: Sandbox) -> None:
    images = await client.generate("x", model="bfl/flux-2-pro", num_images=3, seed=10)
    assert [image.seed for image in images] == [10, 11, 12]
    assert len(billed(box)) == 3


async def test_some_pictures_of_several_are_better_than_none(client: AsyncClient, box: Sandbox) -> None:
    box.world.plan_fault("error", times=1)
    with pytest.warns(PartialResultWarning, match="1 of 3"):
        images = await client.generate("x", model="bfl/flux-2-pro", num_images=3, seed=1)
    assert len(images) == 2


async def test_events_tell_what_happens(client: AsyncClient, box: Sandbox) -> None:
    box.world.set_duration(0.5)
    events = [event async for event in client.stream("x", model="fal/flux-2-pro")]
    assert isinstance(events[0], Queued)
    assert any(isinstance(event, Running) for event in events)
    assert isinstance(events[-1], Done)
    assert events[-1].state == "succeeded"
    assert len(events[-1].images) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("moderated-input", ModeratedInput),
        ("moderated-output", ModeratedOutput),
        ("error", ProviderError),
        ("submit-drop-after", SubmitUnknown),
        ("media-html", None),
        ("media-503", None),
        ("media-403", None),
        ("media-truncated", None),
        ("poll-503", None),
        ("poll-429", None),
        ("poll-404", None),
        ("poll-drop", None),
        ("poll-unknown-status", None),
        ("submit-429", None),
        ("submit-503", None),
    ],
)
@pytest.mark.parametrize("provider", ROUTES)
async def test_one_fault_is_told_truly_and_never_paid_twice(
    client: AsyncClient, box: Sandbox, provider: str, fault: str, error: type[Exception] | None
) -> None:
    box.world.plan_fault(fault, provider=provider, times=1)
    if error is None:
        await client.generate("x", model=ROUTES[provider])
        assert len(billed(box)) == 1
    else:
        with pytest.raises(error):
            await client.generate("x", model=ROUTES[provider])
        assert len(box.world.tasks()) <= 1


async def test_bytes_that_are_too_many_are_lost_at_once_and_say_that_they_were_charged(
    client: AsyncClient, box: Sandbox
) -> None:
    box.world.plan_fault("media-huge", provider="bfl")
    with pytest.raises(ImageLost) as caught:
        await client.generate("x", model="bfl/flux-2-pro")
    assert caught.value.as_dict()["charge"] == "charged"
    assert len(submits(box)) == 1


async def test_a_foreign_picture_address_is_never_fetched(client: AsyncClient, box: Sandbox) -> None:
    box.world.plan_fault("media-foreign", provider="fal")
    with pytest.raises(ImageLost, match="not the provider's"):
        await client.generate("x", model="fal/flux-2-pro")


async def test_the_wait_ends_and_the_job_goes_on(client: AsyncClient, box: Sandbox) -> None:
    box.world.set_duration(0.8)
    with pytest.raises(WaitEnded) as caught:
        await client.generate("x", model="bfl/flux-2-pro", wait=0.2)
    found = await client.engine.wait(caught.value.context["generation"], 10)
    assert [job.state for job in found.jobs] == ["succeeded"]
    assert len(submits(box)) == 1


async def test_a_refused_connection_is_tried_again_and_costs_nothing(box: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(box, tmp_path / "data", bfl_url="http://127.0.0.1:9", wait=0.01)
    async with AsyncClient(settings=settings) as client:
        found = await settled(client, "x", model="bfl/flux-2-pro", wait=10)
        assert found.jobs[0].state == "failed"
        assert found.jobs[0].error
        assert found.jobs[0].error["code"] == "unavailable"
        assert found.jobs[0].charge_state == "not_charged"


async def test_a_job_that_waits_for_the_provider_says_so(client: AsyncClient, box: Sandbox) -> None:
    box.world.plan_fault("submit-429", provider="bfl", value="1")
    events = [event async for event in client.stream("x", model="bfl/flux-2-pro")]
    waiting = [event.why for event in events if isinstance(event, Queued) and event.why]
    assert any("429" in why or "requests" in why or "asked to wait" in why for why in waiting), waiting
    assert isinstance(events[-1], Done)
    assert events[-1].state == "succeeded"


async def test_a_wrong_key_is_one_clear_error(box: Sandbox, tmp_path: Path) -> None:
    async with AsyncClient(settings=settings_for(box, tmp_path / "data", bfl_api_key="bad-key")) as client:
        with pytest.raises(Unauthorized):
            await client.generate("x", model="bfl/flux-2-pro")
    assert billed(box) == []


async def test_without_the_keys_of_a_provider_its_routes_are_an_error_not_the_sandbox(tmp_path: Path) -> None:
    settings = load(bfl_api_key="a-real-looking-key", data=tmp_path / "data")
    async with AsyncClient(settings=settings) as client:
        with pytest.raises(MissingKey, match="FAL_KEY"):
            await client.generate("x", model="fal/flux-2-pro")
        with pytest.raises(MissingKey, match="FAL_KEY"):
            await client.generate("x", model="flux-2-flash")


async def test_a_person_decides_about_a_job_in_doubt(client: AsyncClient, box: Sandbox) -> None:
    box.world.plan_fault("submit-drop-before", provider="bfl", times=1)
    found = await settled(client, "x", model="bfl/flux-2-pro")
    assert found.jobs[0].state == "unknown"
    assert found.jobs[0].error
    assert "resolve" in found.jobs[0].error["next"]
    with pytest.raises(NotFound):
        await client.resolve("nothing-like-it", "retry")
    await client.resolve(found.jobs[0].id, "retry")
    again = await client.engine.wait(found.generation.id, 10)
    assert again.jobs[0].state == "succeeded"
    with pytest.raises(NotFound, match="nothing to decide"):
        await client.resolve(found.jobs[0].id, "abandon")
    assert len(billed(box)) == 1


async def test_a_job_in_doubt_can_be_given_up(client: AsyncClient, box: Sandbox) -> None:
    box.world.plan_fault("submit-cut", provider="fal", times=1)
    found = await settled(client, "x", model="fal/flux-2-pro")
    job = await client.resolve(found.jobs[0].id[-8:], "abandon")
    assert job.state == "abandoned"
    assert job.charge_state == "unknown"


async def test_cancelling_says_the_truth(client: AsyncClient, box: Sandbox) -> None:
    box.world.set_duration(5.0)
    at_bfl = await client.submit("x", model="bfl/flux-2-pro")
    at_fal = await client.submit("x", model="fal/flux-2-pro")
    for generation in (at_bfl, at_fal):
        await running(client, generation)
    [(_, said)] = await client.engine.cancel(at_bfl)
    assert "cannot cancel" in said
    assert "charged" in said
    [(_, said)] = await client.engine.cancel(at_fal)
    assert "asked to cancel" in said
    found = await client.engine.wait(at_fal, 10)
    assert found.jobs[0].state == "cancelled"


async def test_caps_are_kept(box: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(box, tmp_path / "data", bfl_cap=3)
    async with AsyncClient(settings=settings) as client:
        await client.generate("x", model="bfl/flux-2-pro", num_images=10)
    assert max(peak for name, peak in box.world.peaks().items() if name.startswith("bfl")) <= 3
    assert len(billed(box)) == 10


async def test_many_processes_worth_of_clients_share_a_folder_and_the_caps(box: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(box, tmp_path / "data", bfl_cap=4)
    async with AsyncClient(settings=settings, everyones=True) as gateway:
        clients = [AsyncClient(settings=settings) for _ in range(5)]
        for one in clients:
            await one.__aenter__()
        images = await asyncio.gather(*(one.generate(f"x{n}", model="bfl/flux-2-pro") for n, one in enumerate(clients)))
        for one in clients:
            await one.close()
        assert len({image.job for image in images}) == 5
        await gateway.generate("last", model="bfl/flux-2-pro")
    assert max(peak for name, peak in box.world.peaks().items() if name.startswith("bfl")) <= 4
    assert len(billed(box)) == 6


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("nowhere.png", "no such file"),
        ("file:///etc/passwd", "file: addresses"),
        ("ftp://example.org/a.png", "ftp: addresses"),
        ("http://example.org/a.png", "not https"),
        ("https://127.0.0.1/a.png", "not a public host"),
        ("https://10.0.0.8/a.png", "not a public host"),
        ("https://169.254.169.254/latest/meta-data", "not a public host"),
        ("https://[::1]/a.png", "not a public host"),
        ("https://localhost/a.png", "not a public host"),
        ("https://printer.local/a.png", "not a public host"),
        ("https://2130706433/a.png", "not a public host"),
        ("https://0x7f.1/a.png", "not a public host"),
        ("https://user:pw@example.org/a.png", "plain public address"),
        ("https://example.org\\@127.0.0.1/a.png", "plain public address"),
        ("data:image/png;base64,!!!", "not valid base64"),
        ("data:image/png,abc", "must be base64"),
        (b"GIF89a nothing", "PNG, JPEG or WebP"),
        (b"", "PNG, JPEG or WebP"),
        ("0" * 64, "no picture"),
        (42, "int cannot be used"),
    ],
)
async def test_bad_references_are_one_clear_line_and_nothing_is_sent(
    client: AsyncClient, box: Sandbox, source: Any, reason: str
) -> None:
    with pytest.raises(InvalidReference, match=reason) as caught:
        await client.edit(source, "x", model="bfl/flux-2-pro")
    assert "\n" not in caught.value.detail
    assert box.world.requests() == []


async def test_an_earlier_picture_is_a_reference_by_itself_its_hash_or_its_file(client: AsyncClient) -> None:
    first = await client.generate("x", model="bfl/flux-2-klein-4b", seed=1)
    edits = [
        await client.edit(source, "bluer", model="bfl/flux-2-klein-4b", seed=2)
        for source in (first, first.sha256, first.path or "", str(first.path), first.bytes)
    ]
    assert len({edit.sha256 for edit in edits}) == 1


async def test_a_mask_and_other_picture_parameters_may_be_files(
    client: AsyncClient, box: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "mask.png").write_bytes(photo("white"))
    image = await client.edit(
        photo("red"), "a hat", model="fal/flux-general", mask=str(tmp_path / "mask.png"), mode="fill"
    )
    assert image.route == "fal/flux-general"
    assert billed(box)[0]["endpoint"].endswith("flux-general/inpainting")


async def test_checks_cost_nothing(client: AsyncClient, box: Sandbox) -> None:
    assert await client.check_available("bfl/flux-2-pro") is True
    assert await client.check_available("fal/flux-2-pro") is True
    assert (await client.quote("x", model="flux-2-pro")).low > 0
    assert submits(box) == []


async def test_saving_writes_what_made_the_picture(client: AsyncClient, tmp_path: Path) -> None:
    image = await client.generate("a red fox", model="bfl/flux-2-klein-4b", seed=3)
    plain = image.save(tmp_path / "plain.png", metadata=False)
    assert plain.read_bytes() == image.bytes
    told = image.save(tmp_path)
    assert told.name.startswith("flux-2-klein-4b-")
    assert b"a red fox" in told.read_bytes()
    assert Pillow.open(told).tobytes() == Pillow.open(plain).tobytes()
