"""Both providers of the sandbox call a real gateway: what the webhook matrix (`test_matrix`) does not tell."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.webhooks.gate import Gate, gateway, until
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine.webhooks import CALLED
from fluxroom.sandbox import Sandbox
from fluxroom.store import jobs

pytestmark = pytest.mark.anyio

PROVIDERS = tuple(ROUTES)
POLLS = {"bfl": 1, "fal": 2}
"""Questions to the end of a job that is asked once and not streamed: a poll at BFL, status and result at fal."""


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


async def asked(gate: Gate, box: Sandbox, provider: str, *faults: str, **options: Any) -> str:
    for fault in faults:
        box.world.plan_fault(fault, provider=provider)
    return await gate.client.submit("a red fox", model=ROUTES[provider], **options)


async def paid_once(gate: Gate, box: Sandbox, generation: str) -> Any:
    """Ends succeeded with a picture, one submit, one task and one bill."""
    found = await gate.ended(generation)
    assert [job.state for job in found.jobs] == ["succeeded"]
    assert len(found.images) == 1
    assert len(submits(box)) == len(box.world.tasks()) == len(billed(box)) == 1
    assert found.jobs[0].request_id == billed(box)[0]["id"]
    assert found.jobs[0].charge_state == "charged"
    return found.jobs[0]


def asking(box: Sandbox) -> list[str]:
    paths = [one["path"] for one in box.world.requests()]
    return [path for path in paths if "get_result" in path or "/requests/" in path]


async def whys(gate: Gate, generation: str) -> list[str]:
    rows = await gate.client.engine.store.database.read(lambda connection: jobs.events(connection, generation))
    return [row["why"] for row in rows]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_callback_makes_us_ask_before_the_next_poll(box: Sandbox, tmp_path: Path, provider: str) -> None:
    async with gateway(box, tmp_path / "data", patient=True) as gate:
        box.world.set_duration(0.5)
        generation = await asked(gate, box, provider)
        await paid_once(gate, box, generation)
        assert [one.said for one in await gate.heard(1)] == ["used"]
        assert CALLED in await whys(gate, generation)
        assert len(asking(box)) == POLLS[provider]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_job_that_an_early_one_has_healed_is_asked_at_once(
    box: Sandbox, tmp_path: Path, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway(box, tmp_path / "data", patient=True) as gate:
        with caplog.at_level(logging.ERROR, "fluxroom"):
            generation = await asked(gate, box, provider, "webhook-early")
            await paid_once(gate, box, generation)
        assert [one.said for one in await gate.heard(1)] == ["used"]
        assert "the provider took it, as its callback tells" in await whys(gate, generation)
        assert len(asking(box)) == POLLS[provider], "its sender and its callback follow it once"
        assert caplog.text == ""


@pytest.mark.parametrize("faults", [("webhook-early",), ("webhook-early", "submit-drop-after")])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_sender_goes_on_with_it_when_whoever_was_called_cannot(
    box: Sandbox, tmp_path: Path, provider: str, faults: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway(box, tmp_path / "data") as gate:
        monkeypatch.setattr(gate.client.engine.callbacks, "_follow", None)
        generation = await asked(gate, box, provider, *faults)
        await paid_once(gate, box, generation)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_job_whose_answer_takes_long_does_not_wait_for_it(
    box: Sandbox, tmp_path: Path, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway(box, tmp_path / "data") as gate:
        with caplog.at_level(logging.ERROR, "fluxroom"):
            generation = await asked(gate, box, provider, "submit-slow=2")
            await gate.ended(generation)
            assert not submits(box), "the answer is still under way"
            await until(lambda: bool(submits(box)))
            await paid_once(gate, box, generation)
            await until(lambda: not gate.client.engine.busy)
        assert caplog.text == ""


async def test_a_job_is_followed_once_whoever_brings_it(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path / "data", patient=True) as gate:
        box.world.set_duration(0.8)
        generation = await asked(gate, box, "bfl")
        running = (await gate.in_state(generation, "running")).jobs[0]
        for _ in range(3):
            gate.client.engine._queue.adopt(running)
        await paid_once(gate, box, generation)
        assert len(asking(box)) == 1
        await until(lambda: not gate.client.engine.busy, seconds=10.0)


async def test_whichever_gateway_is_called_the_one_that_holds_the_job_asks(box: Sandbox, tmp_path: Path) -> None:
    async with (
        gateway(box, tmp_path / "data", patient=True) as called,
        gateway(box, tmp_path / "data", patient=True, public_url=called.url) as holder,
    ):
        box.world.set_duration(0.8)
        generation = await asked(holder, box, "bfl")
        job = await paid_once(called, box, generation)
        assert [one.said for one in await called.heard(1)] == ["used"]
        assert holder.deliveries == []
        assert job.holder == (await holder.client.snapshot(generation)).jobs[0].holder


# in doubt ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_job_in_doubt_heals_and_nothing_of_the_doubt_is_left(
    box: Sandbox, tmp_path: Path, provider: str
) -> None:
    async with gateway(box, tmp_path / "data") as gate:
        box.world.set_duration(0.7)
        generation = await asked(gate, box, provider, "submit-not-json")
        doubtful = await gate.in_state(generation, "unknown")
        assert doubtful.jobs[0].request_id == ""
        job = await paid_once(gate, box, generation)
        assert job.attempt == 1
        assert not job.error


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_early_one_whose_answer_never_comes(box: Sandbox, tmp_path: Path, provider: str) -> None:
    async with gateway(box, tmp_path / "data") as gate:
        generation = await asked(gate, box, provider, "webhook-early", "submit-drop-after")
        await paid_once(gate, box, generation)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_job_in_doubt_that_failed_there_ends_failed(box: Sandbox, tmp_path: Path, provider: str) -> None:
    async with gateway(box, tmp_path / "data") as gate:
        generation = await asked(gate, box, provider, "submit-drop-after", "error")
        found = await gate.ended(generation)
        assert [job.state for job in found.jobs] == ["failed"]
        assert not billed(box)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_gateway_that_starts_later_hears_for_the_one_that_ended(
    box: Sandbox, tmp_path: Path, provider: str
) -> None:
    """The job of a process that ended while it was sending: in doubt, until the next gateway is called."""
    async with gateway(box, tmp_path / "data") as gate:
        generation = await asked(gate, box, provider, "submit-drop-after", "webhook-late=1.5")
        await gate.in_state(generation, "unknown")
        port = int(gate.url.rsplit(":", 1)[1])
    async with gateway(box, tmp_path / "data", port=port) as gate:
        await paid_once(gate, box, generation)


# not for us ----------------------------------------------------------------------------------------------------------


async def test_an_unknown_job_and_a_wrong_token_are_nobodys(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path / "data") as gate:
        generation = await asked(gate, box, "fal")
        job = await paid_once(gate, box, generation)
        [delivery] = await gate.heard(1)
        token = delivery.path.rsplit("/", 1)[1]
        for path in (
            f"/hooks/fal/{'0' * 22}/{token}",
            f"/hooks/bfl/{job.id}/{token}",
            f"/hooks/fal/{job.id}/{token[:-5]}AAAAA",
            f"/hooks/fal/{job.id}/2-{token[2:]}",
            f"/hooks/fal/{job.id}/x",
            "/hooks/other/x/y",
        ):
            told = await gate.again(delivery, path=path)
            assert (told.status, told.said) == (404, "no_such_path"), path
        assert (await gate.again(delivery)).said == "known"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_replayed_one_of_another_job_is_refused(
    box: Sandbox, tmp_path: Path, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway(box, tmp_path / "data") as gate:
        first = await asked(gate, box, provider)
        await gate.ended(first)
        [delivery] = await gate.heard(1)
        box.world.set_duration(60.0)
        second = await asked(gate, box, provider)
        running = (await gate.in_state(second, "running")).jobs[0]
        path = gate.client.engine.callbacks.addresses.of(running).removeprefix(gate.url)  # type: ignore[union-attr]
        with caplog.at_level(logging.ERROR, "fluxroom.webhooks"):
            told = await gate.again(delivery, path=path)
        if provider == "fal":
            assert (told.status, told.said) == (409, "callback_conflict")
            assert delivery.headers["x-fal-webhook-request-id"] in caplog.text
        else:
            assert (told.status, told.said) == (401, "callback_refused")
        now = (await gate.client.snapshot(second)).jobs[0]
        assert (now.state, now.request_id) == ("running", running.request_id)


async def test_without_its_headers_or_with_another_body_it_is_refused(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path / "data") as gate:
        for provider in PROVIDERS:
            gate.deliveries.clear()
            await gate.ended(await asked(gate, box, provider))
            [delivery] = await gate.heard(1)
            bare = await gate.call(delivery.path, delivery.body)
            assert (bare.status, bare.said) == (401, "callback_refused")
            if provider == "fal":
                delivery.body += b" "
                assert (await gate.again(delivery)).status == 401


# what is asked for, and what is never shown --------------------------------------------------------------------------


async def test_a_command_asks_for_no_callback(box: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(box, tmp_path / "data", public_url="http://127.0.0.1:9", bfl_webhook=True)
    async with AsyncClient(settings=settings) as client:
        for provider in PROVIDERS:
            await settled(client, "a red fox", model=ROUTES[provider])
        assert client.engine.callbacks is None
    assert [task["webhook"] for task in box.world.tasks()] == [None, None]


async def test_models_whose_schema_has_no_callback_get_none(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path / "data") as gate:
        found = await gate.ended(await gate.client.submit("a red fox", model="bfl/flux-3-image"))
        assert found.jobs[0].state == "succeeded"
    assert box.world.tasks()[0]["webhook"] is None


async def test_bfl_is_not_asked_unless_it_is_wanted(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path / "data", bfl_webhook=False) as gate:
        for provider in PROVIDERS:
            await gate.ended(await asked(gate, box, provider))
    asked_of = {task["provider"]: task["webhook"] for task in box.world.tasks()}
    assert asked_of["bfl"] is None
    assert asked_of["fal"]["url"].startswith(f"{gate.url}/hooks/fal/")


async def test_no_log_line_and_no_answer_shows_an_address_or_a_secret(
    box: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown = []
    with caplog.at_level(logging.DEBUG, "fluxroom"):
        async with gateway(box, tmp_path / "data") as gate:
            for provider in PROVIDERS:
                generation = await asked(gate, box, provider, "webhook-forged")
                await gate.ended(generation)
                for path in (f"/v1/generations/{generation}", f"/v1/generations/{generation}/events"):
                    shown += [(await gate.call(path, b"", method="GET")).answer.decode()]
            shown += [one.answer.decode() for one in await gate.heard(4)]
    webhooks = [task["webhook"] for task in box.world.tasks()]
    secrets = [webhook["url"].rsplit("/", 1)[1] for webhook in webhooks]
    secrets += [webhook["secret"] for webhook in webhooks if webhook.get("secret")]
    assert len(secrets) == 3
    assert "answer" in caplog.text
    for secret in secrets:
        assert secret not in caplog.text
        assert not [text for text in shown if secret in text]
