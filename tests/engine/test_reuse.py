"""What was asked for before: pictures from the cache, and idempotency keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.engine.asking import PRICE, PRO, allow, ask, books, job_of, made
from tests.worlds import billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine.orders import Terms
from fluxroom.errors import IdempotencyConflict
from fluxroom.sandbox import Sandbox

pytestmark = pytest.mark.anyio

KLEIN = "bfl/flux-2-klein-4b"


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


@pytest.fixture
async def client(box: Sandbox, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(settings=settings_for(box, tmp_path / "data")) as one:
        yield one


def picture(colour: str) -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(file, "PNG")
    return file.getvalue()


# the cache -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [PRO, "fal/flux-2-pro"])
async def test_the_same_request_gives_the_same_picture_free_and_at_once(
    client: AsyncClient, box: Sandbox, route: str
) -> None:
    first = await made(client, "a fox", model=route, seed=7)
    again = await client.snapshot(await ask(client, "a fox", model=route, seed=7))
    [source], [job] = first.jobs, again.jobs
    assert again.settled
    assert (job.state, job.cached_from, job.id) == ("succeeded", source.id, job.id)
    assert job.id != source.id
    assert (job.receipt.reserved, job.receipt.charged, job.receipt.state) == (Decimal(0), Decimal(0), "not_charged")
    assert job.receipt.source == "cache"
    [before], [now] = await client.images(first), await client.images(again)
    assert (now.bytes, now.seed, now.size) == (before.bytes, before.seed, before.size)
    assert now.id != before.id
    assert len(submits(box)) == 1


async def test_a_copy_of_a_copy_names_the_job_that_was_paid(client: AsyncClient) -> None:
    first = await made(client, seed=7)
    for _ in range(3):
        assert (await made(client, seed=7)).jobs[0].cached_from == first.jobs[0].id


async def test_the_cache_is_still_there_after_a_restart(box: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(box, tmp_path / "data")
    for _ in range(2):
        async with AsyncClient(settings=settings) as client:
            await made(client, "a fox", seed=7)
    assert len(submits(box)) == 1


async def test_references_count_by_their_bytes_and_their_order(client: AsyncClient, box: Sandbox) -> None:
    red, blue = picture("red"), picture("blue")
    await made(client, "dusk", model=KLEIN, seed=1, references=[red, blue])
    same = await made(client, "dusk", model=KLEIN, seed=1, references=[red, blue])
    assert same.jobs[0].cached_from
    for others in ([blue, red], [red], [red, picture("lime")]):
        found = await made(client, "dusk", model=KLEIN, seed=1, references=others)
        assert not found.jobs[0].cached_from
    assert len(submits(box)) == 4


@pytest.mark.parametrize(
    ("terms", "options"),
    [
        (Terms(owner="ben"), {"seed": 7}),
        (Terms(owner="anna", cache="off"), {"seed": 7}),
        (Terms(owner="anna"), {}),
        (Terms(owner="anna"), {"seed": 8}),
        (Terms(owner="anna"), {"seed": 7, "safety_tolerance": 1}),
        (Terms(owner="anna"), {"seed": 7, "model": "fal/flux-2-pro"}),
        (Terms(owner="anna"), {"seed": 7, "model": "bfl/flux-2-max"}),
    ],
)
async def test_what_is_not_the_same_is_made_anew(
    client: AsyncClient, box: Sandbox, terms: Terms, options: dict[str, Any]
) -> None:
    await made(client, "a fox", Terms(owner="anna"), seed=7)
    found = await made(client, "a fox", terms, **options)
    assert found.jobs[0].cached_from == ""
    assert len(billed(box)) == 2


async def test_a_run_and_its_urgency_do_not_matter_to_the_cache(client: AsyncClient) -> None:
    await made(client, "a fox", Terms(run="summer", priority=0), seed=7)
    found = await made(client, "a fox", Terms(run="winter", priority=10), seed=7)
    assert found.jobs[0].cached_from
    assert found.jobs[0].run == "winter"


async def test_cache_off_makes_a_picture_that_others_do_not_get_either(client: AsyncClient, box: Sandbox) -> None:
    await made(client, "a fox", Terms(cache="off"), seed=7)
    assert (await made(client, "a fox", seed=7)).jobs[0].cached_from == ""
    assert len(billed(box)) == 2


async def test_a_picture_at_an_address_may_change_behind_our_back(client: AsyncClient) -> None:
    await books(client).pause("bfl", paused=True)
    generation = await ask(client, "dusk", model=KLEIN, seed=7, references=["https://example.com/photo.png"])
    assert (await job_of(client, generation)).cache_key == ""


async def test_practice_and_money_do_not_share_pictures(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(box, tmp_path / "data")
    async with AsyncClient(settings=settings) as client:
        await made(client, "a fox", seed=7)
    monkeypatch.setattr("fluxroom.engine.accounts.is_loopback", lambda _: False)
    async with AsyncClient(settings=settings) as client:
        [job] = (await made(client, "a fox", seed=7)).jobs
    assert (job.sandbox, job.cached_from) == (False, "")
    assert len(billed(box)) == 2


async def test_what_failed_is_not_kept(client: AsyncClient, box: Sandbox) -> None:
    box.world.plan_fault("error", times=1)
    assert (await made(client, "a fox", seed=7)).jobs[0].state == "failed"
    [job] = (await made(client, "a fox", seed=7)).jobs
    assert (job.state, job.cached_from) == ("succeeded", "")


async def test_several_pictures_come_from_the_cache_one_by_one(client: AsyncClient, box: Sandbox) -> None:
    first = await made(client, "a fox", seed=10, num_images=2)
    found = await made(client, "a fox", seed=10, num_images=3)
    assert [job.cached_from for job in found.jobs] == [*(job.id for job in first.jobs), ""]
    assert [image.seed for image in await client.images(found)] == [10, 11, 12]
    assert len(billed(box)) == 3
    second = await made(client, "a fox", seed=11)
    assert second.jobs[0].cached_from == first.jobs[1].id


async def test_a_job_of_several_pictures_gives_all_of_them_again(client: AsyncClient, box: Sandbox) -> None:
    options: dict[str, Any] = {"model": "fal/flux-schnell", "seed": 3, "num_images": 3}
    first, again = await made(client, "a fox", **options), await made(client, "a fox", **options)
    assert [image.sha256 for image in again.images] == [image.sha256 for image in first.images]
    assert len(again.images) == 3
    assert len(submits(box)) == 1


# idempotency keys ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres").fresh()) if request.param == "postgresql" else None


async def test_twenty_times_at_once_is_one_request(box: Sandbox, tmp_path: Path, database: str | None) -> None:
    settings = settings_for(box, tmp_path / "data", database_url=database)
    terms = Terms(idempotency_key="order-1")
    async with AsyncClient(settings=settings) as one, AsyncClient(settings=settings) as other:
        asked = [ask(client, "a fox", terms) for _ in range(10) for client in (one, other)]
        found = set(await asyncio.gather(*asked))
        assert len(found) == 1
        await one.engine.wait(found.pop(), 30)
        with pytest.raises(IdempotencyConflict):
            await ask(other, "a wolf", terms)
    assert len(submits(box)) == 1


async def test_a_key_is_known_after_a_restart_also_when_the_way_would_be_another(box: Sandbox, tmp_path: Path) -> None:
    terms = Terms(idempotency_key="order-1")
    found = []
    for order in ("bfl", "bfl", "fal"):
        settings = settings_for(box, tmp_path / "data", route_order=order)
        async with AsyncClient(settings=settings) as client:
            found.append((await made(client, "a fox", terms, model="flux-2-pro")).generation.id)
    assert len(set(found)) == 1
    assert len(submits(box)) == 1


@pytest.mark.parametrize(
    ("prompt", "terms", "options"),
    [
        ("a wolf", Terms(), {}),
        ("a fox", Terms(), {"seed": 1}),
        ("a fox", Terms(), {"model": "flux-2-pro"}),
        ("a fox", Terms(), {"references": [picture("red")]}),
        ("a fox", Terms(run="summer"), {}),
        ("a fox", Terms(cache="off"), {}),
    ],
)
async def test_another_request_with_the_same_key_is_a_conflict(
    client: AsyncClient, box: Sandbox, prompt: str, terms: Terms, options: dict[str, Any]
) -> None:
    await made(client, "a fox", Terms(idempotency_key="order-1"))
    with pytest.raises(IdempotencyConflict) as caught:
        await ask(client, prompt, Terms(idempotency_key="order-1", run=terms.run, cache=terms.cache), **options)
    assert caught.value.context["idempotency_key"] == "order-1"
    assert len(submits(box)) == 1


async def test_keys_belong_to_their_owner(client: AsyncClient, box: Sandbox) -> None:
    anna = await made(client, "a fox", Terms(owner="anna", idempotency_key="order-1"))
    ben = await made(client, "a wolf", Terms(owner="ben", idempotency_key="order-1"))
    assert anna.generation.id != ben.generation.id
    assert len(submits(box)) == 2


async def test_a_repeated_request_needs_no_budget_and_a_refused_one_keeps_no_key(client: AsyncClient) -> None:
    terms = Terms(idempotency_key="order-1")
    first = await made(client, "a fox", terms)
    await allow(client, "all", "day", PRICE)
    assert (await made(client, "a fox", terms)).generation.id == first.generation.id
    later = Terms(idempotency_key="order-2")
    with pytest.raises(Exception, match="budget"):
        await ask(client, "a wolf", later)
    await allow(client, "all", "day", PRICE * 2)
    await made(client, "a wolf", later)


@pytest.mark.parametrize("then", ["submit-422", "cancelled", "succeeded"])
async def test_what_an_attempt_in_doubt_may_have_cost_stays_on_the_receipt(
    client: AsyncClient, box: Sandbox, then: str
) -> None:
    box.world.plan_fault("submit-drop-after", provider="bfl")
    found = await settled(client, "x", model="bfl/flux-2-pro")
    assert found.jobs[0].state == "unknown"
    if then == "cancelled":
        await client.engine.throttle.pause(found.jobs[0].account, paused=True)
    elif then != "succeeded":
        box.world.plan_fault(then, provider="bfl")
    await client.resolve(found.jobs[0].id, "retry")
    if then == "cancelled":
        [(_, said)] = await client.cancel(found.generation.id)
        assert "may have been charged" in said
    [job] = (await client.engine.wait(found.generation.id, 10)).jobs
    assert job.receipt.doubtful == job.estimated
    assert job.charge_state == ("charged" if then == "succeeded" else "unknown")
    assert len(box.world.tasks()) == (2 if then == "succeeded" else 1)


async def test_a_picture_whose_bytes_are_gone_is_made_anew_and_then_given_again(
    client: AsyncClient, box: Sandbox
) -> None:
    first = await made(client, "gone", seed=5)
    path = client.engine.store.blobs.local_path(first.images[0].sha256)
    assert path
    path.unlink()
    second = await made(client, "gone", seed=5)
    assert (second.jobs[0].cached_from, second.jobs[0].charged) == ("", PRICE)
    assert len(billed(box)) == 2
    third = await made(client, "gone", seed=5)
    assert third.jobs[0].cached_from in {first.jobs[0].id, second.jobs[0].id}
    assert client.engine.store.blobs.has(third.images[0].sha256)
    assert len(billed(box)) == 2
