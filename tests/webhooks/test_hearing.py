"""What a callback does to a job in every state it may find it in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection
from tests.webhooks.desk import Desk
from tests.webhooks.signing import bfl_body, fal_body, from_bfl, from_fal

from fluxroom.engine.lifecycle import FINAL, State
from fluxroom.engine.transport import InterruptedCallError
from fluxroom.engine.webhooks import CALLED, Heard
from fluxroom.errors import SubmitUnknown, Unavailable
from fluxroom.providers import Callback
from fluxroom.store import jobs
from fluxroom.store.jobs import Job, Move

pytestmark = pytest.mark.anyio

PROVIDERS = ("bfl", "fal")
BODIES: dict[str, Callable[..., bytes]] = {"bfl": bfl_body, "fal": fal_body}
TASK, OTHER = "task-of-this-job", "task-of-another"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    one = Desk(tmp_path / "data")
    one.presence.enter()
    yield one
    one.close()


def genuine(desk: Desk, job: Job, task: str = TASK, *, attempt: int = 1, **more: Any) -> Callback:
    return desk.callback(job, BODIES[job.provider](task, **more), attempt=attempt)


async def said(desk: Desk, job: Job, task: str = TASK, *, attempt: int = 1, **more: Any) -> Heard:
    return (await desk.hear(job, genuine(desk, job, task, attempt=attempt, **more), attempt=attempt)).heard


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_job_in_doubt_gets_its_ticket_and_goes_on_here(desk: Desk, provider: str) -> None:
    error = SubmitUnknown("in doubt").as_dict()
    job = await desk.add(provider, "queued", "submitting", "unknown", error=error, holder="dead-1", seat_until=5.0)
    assert await said(desk, job) is Heard.USED
    now = await desk.now(job)
    assert (now.state, now.request_id, now.charge_state, now.error) == ("running", TASK, "unknown", {})
    assert now.ticket == ({"id": TASK} if provider == "bfl" else {"id": TASK, "app": "fal-ai/flux-2-pro"})
    assert now.submitted_at == desk.clock.now - 2, "when it began to be sent, not when we heard of it"
    assert now.holder == desk.presence.id
    assert [one.id for one in desk.followed] == [job.id]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_job_that_is_still_being_sent_gets_it_too(desk: Desk, provider: str) -> None:
    job = await desk.add(provider, "queued", "submitting", holder=desk.presence.id)
    assert await said(desk, job) is Heard.USED
    assert (await desk.now(job)).state == "running"
    assert len(desk.followed) == 1


async def test_without_a_follower_the_sender_keeps_it_and_a_job_in_doubt_is_nobodys(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "data", follows=False)
    sending = await desk.add("fal", "queued", "submitting", holder="alive-1")
    doubtful = await desk.add("fal", "queued", "submitting", "unknown", holder="alive-1")
    foreign = await desk.add("fal", "queued", "submitting", "unknown", holder="alive-1", account="fal:another")
    for job, task, holder in ((sending, "a", "alive-1"), (doubtful, "b", ""), (foreign, "c", "")):
        assert await said(desk, job, task) is Heard.USED
        now = await desk.now(job)
        assert (now.state, now.holder) == ("running", holder)
    desk.close()


async def test_a_job_of_another_account_is_left_to_who_can_carry_it(desk: Desk) -> None:
    job = await desk.add("fal", "queued", "submitting", "unknown", account="fal:another")
    assert await said(desk, job) is Heard.USED
    assert (await desk.now(job)).holder == ""
    assert desk.followed == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_running_job_is_asked_now(desk: Desk, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    poked: list[str] = []
    monkeypatch.setattr(desk.ledger, "poke", poked.append)
    ticket = {"id": TASK, "polling_url": "x"}
    job = await desk.add(provider, "submitting", "running", request_id=TASK, ticket=ticket, holder=desk.presence.id)
    assert await said(desk, job) is Heard.USED
    now = await desk.now(job)
    assert now.state == "running"
    assert now.ticket == ticket
    assert (now.holder, now.attempt) == (job.holder, job.attempt)
    assert await desk.whys(job) == [CALLED]
    assert poked == [job.id]
    assert desk.followed == [], "somebody follows it already"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_repeated_callback_of_a_running_job_changes_nothing(desk: Desk, provider: str) -> None:
    job = await desk.add(provider, "submitting", "running", request_id=TASK, ticket={"id": TASK})
    callback = genuine(desk, job)
    assert (await desk.hear(job, callback)).heard is Heard.USED
    for _ in range(30):
        desk.clock.pass_by(5)
        assert (await desk.hear(job, callback)).heard is Heard.KNOWN
    assert await desk.whys(job) == [CALLED]
    assert await said(desk, job, status="Error" if provider == "bfl" else "ERROR") is Heard.USED, "this one is new"


async def test_an_unfinished_status_is_no_reason_to_ask_and_proves_the_ticket_all_the_same(desk: Desk) -> None:
    running = await desk.add("bfl", "submitting", "running", request_id=TASK, ticket={"id": TASK})
    assert await said(desk, running, status="Pending") is Heard.KNOWN
    assert await desk.whys(running) == []
    assert await said(desk, running, status="Ready") is Heard.USED
    doubtful = await desk.add("bfl", "submitting", "unknown")
    assert await said(desk, doubtful, OTHER, status="Pending") is Heard.USED
    assert (await desk.now(doubtful)).state == "running"


@pytest.mark.parametrize("state", sorted({*FINAL, State.FETCHING}))
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_job_that_has_ended_stays_as_it_is(desk: Desk, provider: str, state: str) -> None:
    job = await desk.add(provider, "submitting", "running", state, request_id=TASK, ticket={"id": TASK})
    for _ in range(2):
        assert await said(desk, job) is Heard.KNOWN
    assert await desk.now(job) == job
    assert await desk.whys(job) == []


async def test_a_job_that_a_person_gave_up_stays_given_up_and_the_log_has_the_id(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    job = await desk.add("fal", "submitting", "unknown", "abandoned")
    with caplog.at_level(logging.WARNING, "fluxroom.webhooks"):
        assert await said(desk, job) is Heard.KNOWN
    assert TASK in caplog.text
    assert (await desk.now(job)).state == "abandoned"


@pytest.mark.parametrize("state", ["running", "fetching", "succeeded", "unknown"])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_another_task_than_the_jobs_own_is_refused_and_logged_as_an_error(
    desk: Desk, caplog: pytest.LogCaptureFixture, provider: str, state: str
) -> None:
    job = await desk.add(provider, "submitting", "running", state, request_id=TASK, ticket={"id": TASK})
    with caplog.at_level(logging.ERROR, "fluxroom.webhooks"):
        assert await said(desk, job, OTHER) is Heard.OTHER_TASK
    assert OTHER in caplog.text
    assert await desk.now(job) == job


async def test_a_genuine_callback_of_one_job_does_not_heal_another(desk: Desk) -> None:
    first = await desk.add("fal", "submitting", "running", request_id=TASK, ticket={"id": TASK})
    second = await desk.add("fal", "submitting", "unknown")
    callback = genuine(desk, first)
    assert (await desk.hear(first, callback)).heard is Heard.USED
    assert (await desk.hear(second, callback)).heard is Heard.OTHER_TASK
    assert (await desk.now(second)).state == "unknown"


async def test_the_secret_of_one_job_does_not_open_another(desk: Desk) -> None:
    first = await desk.add("bfl", "submitting", "running", request_id=TASK, ticket={"id": TASK})
    second = await desk.add("bfl", "submitting", "unknown")
    assert (await desk.hear(second, genuine(desk, first))).heard is Heard.REFUSED


# attempts ------------------------------------------------------------------------------------------------------------


async def test_a_forgotten_job_goes_on_with_the_ticket_it_had(desk: Desk) -> None:
    ticket = {"id": TASK, "polling_url": "https://api.eu2.bfl.ai/v1/get_result?id=x"}
    job = await desk.add(
        "bfl", "submitting", "running", "unknown", request_id=TASK, ticket=ticket, submitted_at=desk.clock.now - 2
    )
    assert await said(desk, job) is Heard.USED
    now = await desk.now(job)
    assert (now.state, now.ticket, now.submitted_at) == ("running", ticket, job.submitted_at)


@pytest.mark.parametrize("task", [TASK, OTHER])
@pytest.mark.parametrize("attempt", [1, 2])
async def test_a_second_attempt_in_doubt_is_healed_by_whichever_task_calls(desk: Desk, task: str, attempt: int) -> None:
    job = await desk.add(
        "fal", "submitting", "running", "unknown", "queued", "submitting", "unknown",
        request_id=TASK, ticket={"id": TASK}, attempt=2,
    )  # fmt: skip
    assert await said(desk, job, task, attempt=attempt) is Heard.USED
    now = await desk.now(job)
    assert (now.state, now.request_id) == ("running", task)
    assert now.ticket is not None
    assert now.ticket["id"] == task


async def test_a_second_attempt_under_way_is_healed_by_its_own_task_only(desk: Desk) -> None:
    history = ("submitting", "running", "unknown", "queued", "submitting")
    job = await desk.add("fal", *history, request_id=TASK, ticket={"id": TASK}, attempt=2)
    assert await said(desk, job, TASK, attempt=1) is Heard.OTHER_TASK
    assert await desk.now(job) == job
    assert await said(desk, job, OTHER, attempt=2) is Heard.USED
    assert (await desk.now(job)).request_id == OTHER


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_ticket_that_comes_while_a_retry_waits_saves_the_second_payment(desk: Desk, provider: str) -> None:
    price = Decimal("0.03")
    job = await desk.add(provider, "submitting", "unknown", "queued", reserved=price, doubted=price)
    assert await said(desk, job) is Heard.USED
    now = await desk.now(job)
    assert (now.state, now.request_id, now.charge_state) == ("running", TASK, "unknown")
    assert (now.reserved, now.doubted) == (price, Decimal(0)), (
        "what was in doubt is the job's own again, and counted once"
    )
    assert now.submitted_at == desk.clock.now - 3, "when that attempt began"
    assert [one.id for one in desk.followed] == [job.id]


async def test_what_other_attempts_may_have_cost_stays_on_the_receipt(desk: Desk) -> None:
    price = Decimal("0.03")
    twice = ("submitting", "unknown", "queued", "submitting", "unknown", "queued")
    for attempt in (1, 2):
        job = await desk.add("fal", *twice, attempt=2, reserved=price, doubted=2 * price)
        assert await said(desk, job, f"task-{attempt}", attempt=attempt) is Heard.USED
        now = await desk.now(job)
        assert (now.state, now.doubted) == ("running", price)
        assert now.submitted_at == desk.clock.now - (6 if attempt == 1 else 3)


async def test_an_attempt_that_was_said_not_to_be_taken_and_was_adds_nothing_to_what_is_in_doubt(desk: Desk) -> None:
    price = Decimal("0.03")
    history = ("submitting", "unknown", "queued", "submitting", "queued")
    job = await desk.add("fal", *history, attempt=2, reserved=price, doubted=price)
    assert await said(desk, job, attempt=2) is Heard.USED
    now = await desk.now(job)
    assert (now.state, now.doubted) == ("running", price), "the first attempt is in doubt as before"


async def test_an_attempt_that_was_never_made_is_nobodys(desk: Desk) -> None:
    job = await desk.add("fal", "submitting", "unknown")
    assert await said(desk, job, attempt=2) is Heard.NO_JOB


@pytest.mark.parametrize("times", [1, 2, 99])
async def test_a_change_that_somebody_overtakes_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """SQLite lets nobody in between; a database for many machines does."""
    job = await desk.add("fal", "submitting", holder="alive-1")
    real, lost = jobs.move, iter(range(times))

    def overtaken(connection: Connection, change: Move) -> bool:
        return False if next(lost, None) is not None else real(connection, change)

    monkeypatch.setattr(jobs, "move", overtaken)
    if times == 99:
        with pytest.raises(Unavailable):
            await said(desk, job)
        assert await desk.now(job) == job
    else:
        assert await said(desk, job) is Heard.USED
        assert (await desk.now(job)).state == "running"


# what is not believed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["submitting", "unknown", "running", "succeeded"])
async def test_what_is_forged_old_or_unsigned_changes_nothing(desk: Desk, state: str) -> None:
    for provider in PROVIDERS:
        job = await desk.add(provider, "submitting", state)
        body = BODIES[provider](TASK)
        false = [Callback(body=body), Callback(), Callback(headers=genuine(desk, job).headers, body=body + b" ")]
        if provider == "fal":
            false += [
                from_fal(body, at=str(int(desk.clock.now) - 3600)),
                from_fal(body, at=str(int(desk.clock.now) + 3600)),
                from_fal(body, key=Ed25519PrivateKey.generate(), at=str(int(desk.clock.now))),
            ]
        else:
            false = [*false[:2], from_bfl("wrong", body), from_bfl("", body)]
        for callback in false:
            assert (await desk.hear(job, callback)).heard is Heard.REFUSED
        assert await desk.now(job) == job
        assert await desk.whys(job) == []


async def test_a_genuine_callback_that_names_no_task_is_unreadable(desk: Desk) -> None:
    for provider in PROVIDERS:
        job = await desk.add(provider, "submitting", "unknown")
        assert (await desk.hear(job, desk.callback(job, b"{}"))).heard is Heard.UNREADABLE
        assert await desk.now(job) == job


async def test_an_unknown_job_and_one_of_another_provider_are_nobodys(desk: Desk) -> None:
    job = await desk.add("fal", "submitting", "unknown")
    other = await desk.add("bfl", "submitting", "unknown")
    foreign = await desk.callbacks.hear(desk_address(other, "fal"), genuine(desk, job))
    assert foreign.heard is Heard.NO_JOB


def desk_address(job: Job, provider: Any) -> Any:
    from fluxroom.engine.callback_addresses import Address

    return Address(provider, job.id, 1)


# keys ----------------------------------------------------------------------------------------------------------------


async def test_the_keys_are_fetched_once_a_day(desk: Desk) -> None:
    job = await desk.add("fal", "submitting", "running", request_id=TASK, ticket={"id": TASK})
    for hours in (0, 1, 22):
        desk.clock.pass_by(hours * 3600)
        assert await said(desk, job, at=hours) is Heard.USED
        assert len(desk.network.asked) == 1
    desk.clock.pass_by(2 * 3600)
    assert await said(desk, job, at="a day later") is Heard.USED
    assert len(desk.network.asked) == 2
    assert desk.network.asked[0].url == "https://rest.fal.ai/.well-known/jwks.json"


async def test_a_new_key_is_looked_for_when_none_fits(desk: Desk) -> None:
    job = await desk.add("fal", "submitting", "running", request_id=TASK, ticket={"id": TASK})
    assert await said(desk, job) is Heard.USED
    rotated = Ed25519PrivateKey.generate()
    desk.network.published = [rotated]
    desk.clock.pass_by(61)
    body = fal_body(TASK, attempt=2)
    assert (await desk.hear(job, from_fal(body, key=rotated, at=str(int(desk.clock.now))))).heard is Heard.USED
    assert len(desk.network.asked) == 2
    assert await said(desk, job, again=1) is Heard.REFUSED, "the old key is no longer published"


async def test_a_flood_of_forged_ones_fetches_keys_once_a_minute(desk: Desk) -> None:
    job = await desk.add("fal", "submitting", "unknown")
    forger = Ed25519PrivateKey.generate()
    for _ in range(30):
        desk.clock.pass_by(6)
        callback = from_fal(fal_body(TASK), key=forger, at=str(int(desk.clock.now)))
        assert (await desk.hear(job, callback)).heard is Heard.REFUSED
    assert len(desk.network.asked) <= 4


async def test_old_or_unsigned_ones_fetch_no_keys_again(desk: Desk) -> None:
    job = await desk.add("fal", "submitting", "unknown")
    await desk.hear(job, Callback(body=b"{}"))
    for _ in range(5):
        desk.clock.pass_by(100)
        await desk.hear(job, from_fal(fal_body(TASK), at="1"))
        await desk.hear(job, Callback(body=b"{}"))
    assert len(desk.network.asked) == 1


@pytest.mark.parametrize("trouble", ["broken", "503", "empty"])
async def test_without_keys_the_provider_is_told_to_come_again(desk: Desk, trouble: str) -> None:
    job = await desk.add("fal", "submitting", "unknown")
    keys, desk.network.published = desk.network.published, []
    if trouble == "broken":
        desk.network.broken = InterruptedCallError("reset")
    desk.network.status = 503 if trouble == "503" else 200
    for _ in range(3):
        with pytest.raises(Unavailable):
            await said(desk, job)
    assert len(desk.network.asked) == 1, "not for every callback"
    assert await desk.now(job) == job
    desk.network.broken, desk.network.status, desk.network.published = None, 200, keys
    desk.clock.pass_by(6)
    assert await said(desk, job) is Heard.USED


async def test_keys_that_are_older_than_a_day_are_not_used_even_when_fal_is_down(desk: Desk) -> None:
    job = await desk.add("fal", "submitting", "running", request_id=TASK, ticket={"id": TASK})
    assert await said(desk, job) is Heard.USED
    desk.network.broken = InterruptedCallError("down")
    desk.clock.pass_by(24 * 3600 + 1)
    with pytest.raises(Unavailable):
        await said(desk, job, later=1)
