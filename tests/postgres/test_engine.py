"""The engine over sockets on PostgreSQL: what holds on one machine's own database holds here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.postgres.clusters import Cluster
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine.orders import Terms
from fluxroom.errors import BudgetExceeded, ModeratedInput, ModeratedOutput, NotFound, ProviderError, SubmitUnknown
from fluxroom.sandbox import Sandbox
from fluxroom.store import ledger
from fluxroom.store.ledger import Budget
from fluxroom.types import Done, Queued, Running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.fresh()


@pytest.fixture
async def client(box: Sandbox, tmp_path: Path, url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(settings=settings_for(box, tmp_path, database_url=url)) as one:
        yield one


@pytest.mark.parametrize("route", ROUTES.values())
async def test_a_picture_comes_home_and_is_paid_once(client: AsyncClient, box: Sandbox, route: str) -> None:
    image = await client.generate("a red fox in fresh snow", model=route, seed=7)
    assert image.route == route
    assert image.receipt.state == "charged"
    assert image.cost == image.receipt.estimated
    assert len(billed(box)) == len(submits(box)) == 1
    assert image.request_id == billed(box)[0]["id"]


async def test_nothing_of_a_database_is_in_the_data_folder(client: AsyncClient) -> None:
    await client.generate("x", model="bfl/flux-2-klein-4b")
    store = client.engine.store
    assert not [path for path in await asyncio.to_thread(list, store.folder.iterdir()) if ".db" in path.name]


async def test_several_pictures_with_references(client: AsyncClient, box: Sandbox) -> None:
    first = await client.generate("x", model="bfl/flux-2-klein-4b", seed=1)
    images = await client.generate("y", model="fal/flux-2-pro", num_images=3, seed=10, references=[first, first.sha256])
    assert [image.seed for image in images] == [10, 11, 12]
    assert len(billed(box)) == 4


async def test_events_tell_what_happens(client: AsyncClient, box: Sandbox) -> None:
    box.world.set_duration(0.5)
    events = [event async for event in client.stream("x", model="fal/flux-2-pro")]
    assert isinstance(events[0], Queued)
    assert any(isinstance(event, Running) for event in events)
    assert isinstance(events[-1], Done)
    assert events[-1].state == "succeeded"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("moderated-input", ModeratedInput),
        ("moderated-output", ModeratedOutput),
        ("error", ProviderError),
        ("submit-drop-after", SubmitUnknown),
        ("media-403", None),
        ("poll-503", None),
        ("poll-404", None),
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


async def test_a_person_decides_about_a_job_in_doubt(client: AsyncClient, box: Sandbox) -> None:
    box.world.plan_fault("submit-drop-before", provider="bfl", times=1)
    found = await settled(client, "x", model="bfl/flux-2-pro")
    assert found.jobs[0].state == "unknown"
    await client.resolve(found.jobs[0].id[-8:].upper(), "retry")
    again = await client.engine.wait(found.generation.id, 10)
    assert again.jobs[0].state == "succeeded"
    with pytest.raises(NotFound, match="nothing to decide"):
        await client.resolve(found.jobs[0].id, "abandon")
    assert len(billed(box)) == 1


async def test_many_processes_worth_of_clients_share_the_caps(box: Sandbox, tmp_path: Path, url: str) -> None:
    settings = settings_for(box, tmp_path, database_url=url, bfl_cap=4)
    async with AsyncClient(settings=settings, everyones=True) as gateway:
        clients = [AsyncClient(settings=settings) for _ in range(4)]
        for one in clients:
            await one.__aenter__()
        images = await asyncio.gather(
            *(one.generate(f"x{n}", model="bfl/flux-2-pro", num_images=3) for n, one in enumerate(clients))
        )
        for one in clients:
            await one.close()
        assert len({image.job for listed in images for image in listed}) == 12
        await gateway.generate("last", model="bfl/flux-2-pro")
    assert max(peak for name, peak in box.world.peaks().items() if name.startswith("bfl")) <= 4
    assert len(billed(box)) == 13


async def test_what_another_process_does_is_heard_at_once(box: Sandbox, tmp_path: Path, url: str) -> None:
    """A client that waits for another client's job does not poll for it."""
    settings = settings_for(box, tmp_path, database_url=url)
    async with AsyncClient(settings=settings) as maker, AsyncClient(settings=settings) as watcher:
        box.world.set_duration(0.5)
        generation = await maker.submit("x", model="bfl/flux-2-pro")
        ends = await asyncio.gather(*(ended(one, generation) for one in (maker, watcher)))
        assert abs(ends[0] - ends[1]) < 0.3


async def ended(client: AsyncClient, generation: str) -> float:
    await client.engine.wait(generation, 10)
    return asyncio.get_running_loop().time()


async def test_a_budget_holds_over_processes(box: Sandbox, tmp_path: Path, url: str) -> None:
    """100 requests at once from several processes, and a budget for ten of them."""
    settings = settings_for(box, tmp_path, database_url=url)
    clients = [AsyncClient(settings=settings) for _ in range(3)]
    for one in clients:
        await one.__aenter__()
    budget = Budget(scope="all", period="day", most=Decimal("0.30"))
    await clients[0].engine.store.database.write(lambda connection: ledger.set_budget(connection, budget))
    answers = await asyncio.gather(*(ask(clients[n % 3], f"x{n}") for n in range(100)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, BudgetExceeded)]
    made = [answer for answer in answers if isinstance(answer, str)]
    assert (len(made), len(refused)) == (10, 90)
    for generation in made:
        await clients[0].engine.wait(generation, 20)
    for one in clients:
        await one.close()
    assert len(billed(box)) == 10


async def ask(client: AsyncClient, prompt: str, **terms: Any) -> str:
    request, plan = await client.plan(prompt, model="bfl/flux-2-pro")
    return await client.engine.submit(request, plan, Terms(**terms))


async def test_one_idempotency_key_is_one_generation_over_processes(box: Sandbox, tmp_path: Path, url: str) -> None:
    settings = settings_for(box, tmp_path, database_url=url)
    clients = [AsyncClient(settings=settings) for _ in range(4)]
    for one in clients:
        await one.__aenter__()
    made = await asyncio.gather(*(ask(clients[n % 4], "x", idempotency_key="k") for n in range(20)))
    assert len(set(made)) == 1
    await clients[0].engine.wait(made[0], 20)
    for one in clients:
        await one.close()
    assert len(billed(box)) == 1
