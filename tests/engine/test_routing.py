"""Which provider makes a picture when only the model is named, and when another one is asked instead."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.postgres.clusters import Cluster
from tests.server.calls import browser
from tests.worlds import billed, sandbox, sandbox_in_thread, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine.accounting import checked_budget
from fluxroom.engine.routing import choose, offers
from fluxroom.errors import InsufficientCredits, InvalidParams
from fluxroom.server import create_app
from fluxroom.store import history
from fluxroom.store.history import Kind
from fluxroom.types import ROUTINGS, Plan, Routing

pytestmark = pytest.mark.anyio

MODEL = "flux-2-pro"


async def planned(
    tmp_path: Path, wish: Routing | None, seconds: Mapping[str, list[float]] | None = None, **more: Any
) -> Plan:
    """The plan for a bare model name, after such times were measured."""
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path, **more)) as client:

        def learn(connection: Any) -> None:
            for route, samples in (seconds or {}).items():
                history.add(connection, Kind(route=route, mode="generate", megapixels=1), samples, 1.0)

        await client.engine.store.database.write(learn)
        options: dict[str, Any] = {"routing": wish} if wish else {}
        _, plan = await client.plan("a fox", model=MODEL, image_size="square_hd", **options)
        assert submits(box) == []
        return plan


async def test_in_order_the_first_one_wins_and_says_so(tmp_path: Path) -> None:
    plan = await planned(tmp_path, None)
    assert (plan.provider, plan.chosen) == ("bfl", "bfl, because it comes first in the order of providers")
    turned = await planned(tmp_path / "turned", None, route_order="fal,bfl")
    assert (turned.provider, turned.chosen) == ("fal", "fal, because it comes first in the order of providers")


async def test_the_fastest_is_the_one_that_was_measured_to_be(tmp_path: Path) -> None:
    slow, fast = {"bfl/flux-2-pro": [9.0] * 5, "fal/flux-2-pro": [4.0] * 5}, {"bfl/flux-2-pro": [3.0] * 5}
    plan = await planned(tmp_path / "a", "fastest", slow)
    assert plan.provider == "fal"
    assert plan.chosen == "fal, because it is fastest: about 9.0 s at bfl, about 4.0 s at fal"
    assert (await planned(tmp_path / "b", "fastest", slow | fast)).provider == "bfl"
    # By the setting as by the request; the request has the last word.
    assert (await planned(tmp_path / "c", None, slow, routing="fastest")).provider == "fal"
    assert (await planned(tmp_path / "d", "ordered", slow, routing="fastest")).provider == "bfl"


async def test_two_samples_are_no_experience(tmp_path: Path) -> None:
    plan = await planned(tmp_path, "fastest", {"fal/flux-2-pro": [0.1, 0.1]})
    assert plan.provider == "bfl"
    assert plan.chosen.startswith("bfl, because it is fastest: about ")


async def test_the_cheapest_is_by_this_requests_own_price(tmp_path: Path) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        quotes = {
            route: (await client.plan("a fox", model=route, image_size="square_hd"))[1].quote
            for route in ("bfl/flux-2-dev", "fal/flux-2-dev", "bfl/flux-2-klein-4b", "fal/flux-2-klein-4b")
            if await offered(client, route)
        }
        for model in {route.split("/")[1] for route in quotes}:
            own = {route: quote for route, quote in quotes.items() if route.endswith(model)}
            _, plan = await client.plan("a fox", model=model, image_size="square_hd", routing="cheapest")
            least = min(quote.high or Decimal("inf") for quote in own.values())
            assert plan.quote.high == least, (model, own)
            if len(own) > 1:
                assert plan.chosen.startswith(f"{plan.provider}, because it costs least: ")


async def offered(client: AsyncClient, route: str) -> bool:
    from fluxroom import catalog

    provider, model = route.split("/")
    return provider in catalog.models()[model].routes


def plans(**prices: str | None) -> list[Plan]:
    """Plans at providers with these prices; None: not fully known."""
    from fluxroom import catalog
    from fluxroom.types import Quote, Request

    made = []
    for provider, price in prices.items():
        plan = catalog.check(Request(model=MODEL, prompt="x"), provider=provider)  # type: ignore[arg-type]
        high = None if price is None else Decimal(price)
        quote = Quote(low=Decimal(price or "0.01"), high=high, formula="", source="")
        made.append(replace_quote(plan, quote))
    return made


def replace_quote(plan: Plan, quote: Any) -> Plan:
    from dataclasses import replace

    return replace(plan, quote=quote)


def test_a_price_that_is_not_known_is_not_the_cheapest() -> None:
    assert choose(plans(bfl=None, fal="0.50"), "cheapest").provider == "fal"
    assert choose(plans(bfl="0.03", fal="0.03"), "cheapest").provider == "bfl"
    assert choose(plans(bfl="0.04", fal="0.03"), "cheapest").chosen == (
        "fal, because it costs least: $0.04 at bfl, $0.03 at fal"
    )


def test_one_offer_is_no_choice() -> None:
    for routing in ROUTINGS:
        assert choose(plans(fal="0.03"), routing).chosen == ""


async def test_who_cannot_do_it_is_named_as_the_reason(tmp_path: Path) -> None:
    """BFL's endpoint has no acceleration, fal's has."""
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        _, plan = await client.plan("a fox", model="flux-2-klein-4b", num_inference_steps=6)
        assert plan.provider == "fal"
        assert plan.chosen.startswith("fal, because bfl cannot do it: num_inference_steps")
        with pytest.raises(InvalidParams, match="num_inference_steps"):
            await client.plan("a fox", model="flux-2-klein-4b", num_inference_steps=6, routing="fixed")
        with pytest.raises(InvalidParams, match="no routing 'random'; there are ordered, cheapest, fastest, fixed"):
            await client.plan("a fox", model=MODEL, routing="random")  # type: ignore[arg-type]


async def test_a_race_teaches_who_is_faster(tmp_path: Path) -> None:
    """The same model at both providers, measured; from then on the faster one is chosen."""
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        box.world.set_duration(0.1)
        box.world.set_duration(1.2, endpoint="bfl/flux-2-pro")
        race = [
            await client.submit("a fox", model=f"{provider}/{MODEL}", seed=n, image_size="square_hd")
            for n in range(3)
            for provider in ("bfl", "fal")
        ]
        for one in race:
            await client.wait(one)
        _, plan = await client.plan("a fox", model=MODEL, image_size="square_hd", routing="fastest")
        assert plan.provider == "fal", plan.chosen


# elsewhere -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["submit-402", "submit-403"])
async def test_who_refuses_for_a_reason_of_its_own_is_replaced(tmp_path: Path, fault: str) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        box.world.plan_fault(fault, provider="bfl", times=None)
        found = await settled(client, "a fox", model=MODEL, seed=3)
        first, second = found.jobs
        assert [(job.provider, job.state) for job in found.jobs] == [("bfl", "failed"), ("fal", "succeeded")]
        assert (first.charge_state, first.charged, first.error and first.error["elsewhere"]) == (
            "not_charged",
            Decimal(0),
            "fal",
        )
        assert (second.charge_state, second.seed) == ("charged", 3)
        assert len(billed(box)) == 1
        # The picture is simply there: nothing is missing, so nothing is warned of.
        image = await client.generate("a hare", model=MODEL)
        assert image.route == "fal/flux-2-pro"


async def test_every_picture_of_several_goes_elsewhere_once(tmp_path: Path) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        box.world.plan_fault("submit-402", provider="bfl", times=None)
        found = await settled(client, "a fox", model=MODEL, seed=3, num_images=3)
        assert len(found.jobs) == 6
        assert sorted(job.number for job in found.jobs) == [0, 1, 2, 3, 4, 5]
        made = [job for job in found.jobs if job.state == "succeeded"]
        assert sorted(int(job.seed or 0) for job in made) == [3, 4, 5]
        assert len(billed(box)) == len(found.images) == 3


async def test_a_provider_that_cannot_be_reached_for_long_is_replaced(tmp_path: Path) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path, wait=0.2)) as client:
        box.world.plan_fault("submit-503", provider="bfl", times=None)
        found = await settled(client, "a fox", model=MODEL)
        assert [(job.provider, job.state) for job in found.jobs] == [("bfl", "failed"), ("fal", "succeeded")]
        assert len(billed(box)) == 1


@pytest.mark.parametrize(
    ("fault", "state", "options"),
    [
        ("submit-402", "failed", {"model": "bfl/flux-2-pro"}),  # a provider was named
        ("submit-402", "failed", {"model": MODEL, "routing": "fixed"}),
        ("submit-402", "failed", {"model": MODEL, "region": "eu"}),
        ("moderated-input", "moderated_input", {"model": MODEL}),  # about the prompt
        ("submit-422", "failed", {"model": MODEL}),
        ("submit-504", "unknown", {"model": MODEL}),  # it may have been taken
        ("submit-drop-after", "unknown", {"model": MODEL}),
        ("error", "failed", {"model": MODEL}),  # taken, and perhaps billed
    ],
)
async def test_nobody_else_is_asked(tmp_path: Path, fault: str, state: str, options: dict[str, Any]) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        box.world.plan_fault(fault, provider="bfl", times=None)
        found = await settled(client, "a fox", **options)
        assert [(job.provider, job.state) for job in found.jobs] == [("bfl", state)]
        assert all("fal" not in str(request["path"]) for request in submits(box))


async def test_what_costs_more_than_was_quoted_is_not_asked_for(tmp_path: Path) -> None:
    model = "flux-2-klein-4b"
    settings: dict[str, Any] = {"route_order": "fal,bfl"}
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path, **settings)) as client:
        dear, cheap = [
            (await client.plan("a fox", model=f"{one}/{model}", image_size="square_hd"))[1] for one in ("bfl", "fal")
        ]
        assert (dear.quote.high or 0) > (cheap.quote.high or 0)
        box.world.plan_fault("submit-402", provider="fal", times=None)
        found = await settled(client, "a fox", model=model, image_size="square_hd")
        assert [(job.provider, job.state) for job in found.jobs] == [("fal", "failed")]


async def test_when_both_refuse_it_ends(tmp_path: Path) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        box.world.plan_fault("submit-402", times=None)
        found = await settled(client, "a fox", model=MODEL)
        assert [(job.provider, job.state) for job in found.jobs] == [("bfl", "failed"), ("fal", "failed")]
        assert billed(box) == []
        with pytest.raises(InsufficientCredits):
            await client.generate("a hare", model=MODEL)


async def test_a_budget_holds_elsewhere_too(tmp_path: Path) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        box.world.plan_fault("submit-402", provider="bfl", times=None)
        _, plan = await client.plan("a fox", model=f"bfl/{MODEL}", image_size="square_hd")
        high = plan.quote.high
        assert high is not None
        # Enough for the first one, whose reservation still stands when the second one is asked for.
        await client.worker.books.set_budget(checked_budget("all", "total", str(high)), sandbox=True)
        found = await settled(client, "a fox", model=MODEL, image_size="square_hd")
        assert [(job.provider, job.state) for job in found.jobs] == [("bfl", "failed")]


async def test_what_would_be_left_out_elsewhere_is_not_sent_there(tmp_path: Path) -> None:
    """The caller was told of nothing that BFL does not take; fal lacks `user`."""
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        box.world.plan_fault("submit-402", provider="bfl", times=None)
        found = await settled(client, "a fox", model=MODEL, on_unsupported="report", user="anna")
        assert found.generation.not_sent == []
        assert [job.provider for job in found.jobs] == ["bfl"]


async def test_the_setting_is_read_by_offers(tmp_path: Path) -> None:
    from fluxroom.engine.accounts import accounts
    from fluxroom.types import Request

    async with sandbox() as box:
        for routing, number in (("ordered", 1), ("fixed", 1), ("cheapest", 2), ("fastest", 2)):
            settings = settings_for(box, tmp_path, routing=routing)
            found = offers(Request(model=MODEL, prompt="x"), accounts(settings), settings)
            assert len(found) == number


def test_over_http_the_picture_is_simply_there_and_the_story_says_who_refused(tmp_path: Path) -> None:
    with sandbox_in_thread(seconds=0.05) as box, browser(create_app(settings_for(box, tmp_path))) as http:
        box.world.plan_fault("submit-402", provider="bfl", times=None)
        body = {"prompt": "a fox", "model": MODEL}
        told = http.post("/v1/generations", json=body, headers={"prefer": "wait=20"}).json()
        assert (told["state"], told["error"], told["receipt"]["charged"]) == ("succeeded", None, "0.03")
        refused, made = told["jobs"]
        assert (refused["error"]["code"], refused["error"]["elsewhere"]) == ("insufficient_credits", "fal")
        assert (refused["receipt"]["state"], made["route"]) == ("not_charged", "fal/flux-2-pro")
        # Nothing is missing, so nothing is asked for again.
        assert http.post(f"/v1/generations/{told['id']}/retry").status_code == 400
        # A door speaks the protocol of one provider: nobody else answers there.
        http.post("/bfl/v1/flux-2-pro", json={"prompt": "a hare"}, headers={"x-key": "any"})
        [newest, _] = http.get("/v1/generations").json()["generations"]
        while not newest["settled"]:
            newest = http.get(f"/v1/generations/{newest['id']}").json()
        assert [(job["route"], job["state"]) for job in newest["jobs"]] == [("bfl/flux-2-pro", "failed")]
        assert len(billed(box)) == 1


async def test_on_many_machines_too(tmp_path: Path, postgres: Cluster) -> None:

    async with (
        sandbox() as box,
        AsyncClient(settings=settings_for(box, tmp_path, database_url=postgres.fresh()), everyones=True) as client,
    ):
        box.world.plan_fault("submit-402", provider="bfl", times=None)
        found = await settled(client, "a fox", model=MODEL, num_images=2, seed=1)
        assert (
            sorted((job.provider, job.state) for job in found.jobs)
            == [("bfl", "failed")] * 2 + [("fal", "succeeded")] * 2
        )
        assert len(billed(box)) == 2
