"""What a client promises, here and at a gateway: every test runs on both."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage
from tests.remote.gateways import FAST
from tests.server.calls import picture

from fluxroom.client import AsyncClient
from fluxroom.errors import (
    BudgetExceeded,
    FluxroomError,
    IdempotencyConflict,
    InvalidParams,
    InvalidReference,
    ModeratedInput,
    ModeratedOutput,
    NotFound,
    SubmitUnknown,
    UnknownModel,
    WaitEnded,
)
from fluxroom.imaging.metadata import read
from fluxroom.store.ledger import Budget
from fluxroom.types import Done, Queued, Running, Size

pytestmark = pytest.mark.anyio


async def test_a_picture_with_everything_that_is_known_of_it(client: AsyncClient, tmp_path: Path) -> None:
    image = await client.generate("a red fox", model=FAST, seed=7, image_size=Size(512, 384))
    assert (image.size, image.mime, image.seed, image.sandbox) == (Size(512, 384), "image/png", 7, True)
    assert PillowImage.open(io.BytesIO(image.bytes)).size == (512, 384)
    assert (image.model, image.provider, image.route, image.prompt) == (FAST, "bfl", f"bfl/{FAST}", "a red fox")
    assert image.receipt.state == "charged"
    assert isinstance(image.cost, Decimal)
    assert image.cost > 0
    assert len(image.sha256) == 64
    assert len(image.job) == len(image.id) == 22
    assert image.request_id
    assert image.not_sent == []
    file = image.save(tmp_path)
    assert file.name.startswith(FAST)
    facts = read(file.read_bytes())
    assert (facts["prompt"], facts["seed"], facts["job"]) == ("a red fox", 7, image.job)
    plain = image.save(tmp_path / "plain.png", metadata=False)
    assert plain.read_bytes() == image.bytes


async def test_several_pictures(client: AsyncClient) -> None:
    images = await client.generate("a fox", model=FAST, seed=3, num_images=3)
    assert [image.seed for image in images] == [3, 4, 5]
    assert len({image.sha256 for image in images}) == 3


async def test_every_form_of_a_reference(client: AsyncClient, tmp_path: Path) -> None:
    first = picture((10, 200, 30))
    (tmp_path / "a.png").write_bytes(first)
    made = await client.generate("x", model=FAST, seed=1)
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), first, made):
        edited = await client.edit(source, "make it dusk", model=FAST, seed=2)
        job = await client.job(edited.job)
        sha = (await client.snapshot(job.generation)).generation.references[0]["sha256"]
        assert (sha == made.sha256) is (source is made)
        assert (await client.edit(sha, "make it dusk", model=FAST, seed=2)).sha256 == edited.sha256


async def test_a_picture_that_was_made_is_named_by_its_hash(client: AsyncClient) -> None:
    made = await client.generate("x", model=FAST, seed=1)
    edited = await client.edit(made.sha256, "make it dusk", model=FAST, seed=2)
    job = await client.job(edited.job)
    reference = (await client.snapshot(job.generation)).generation.references[0]
    assert (reference["sha256"], reference["width"]) == (made.sha256, made.size.width)


async def test_several_references_keep_their_order(client: AsyncClient) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    pictures = [picture(colour) for colour in colours]
    generation = await client.submit("x", model="fal/flux-2-pro", references=pictures)
    found = await client.wait(generation)
    assert found.generation.mode == "edit"

    assert [one["width"] for one in found.generation.references] == [320] * 3
    assert len({one["sha256"] for one in found.generation.references}) == 3


async def test_a_picture_as_a_parameter(client: AsyncClient, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    mask.write_bytes(picture((255, 255, 255)))
    image = await client.edit(picture(), "a hat", model="bfl/flux-fill", mask=mask, seed=5)
    assert image.size.width > 0


@pytest.mark.parametrize("source", ["missing.png", b"not a picture", "http://example.org/a.png", "0" * 64])
async def test_a_reference_that_cannot_be_used(client: AsyncClient, source: object) -> None:
    with pytest.raises(InvalidReference):
        await client.generate("x", model=FAST, references=[source])  # type: ignore[list-item]


async def test_what_cannot_be_asked_for(client: AsyncClient) -> None:
    with pytest.raises(UnknownModel):
        await client.generate("x", model="flux-9")
    with pytest.raises(InvalidParams) as wrong:
        await client.submit("x", model=FAST, output_format="bmp")  # type: ignore[arg-type]
    assert wrong.value.context["field"] == "output_format"
    with pytest.raises(InvalidParams, match="negative_prompt"):
        await client.quote("x", model=FAST, negative_prompt="rain")
    assert await client.jobs() == []


async def test_values_that_are_left_out_are_told(client: AsyncClient) -> None:
    image = await client.generate("x", model=FAST, seed=1, negative_prompt="rain", on_unsupported="report")
    assert [note["name"] for note in image.not_sent] == ["negative_prompt"]


async def test_a_quote_sends_nothing(client: AsyncClient) -> None:
    request, plan = await client.plan("x", model="flux-2-pro", image_size={"width": 1024, "height": 1024})
    quote = await client.quote("x", model="flux-2-pro", image_size={"width": 1024, "height": 1024})
    assert plan.quote == quote
    assert quote.low == Decimal("0.03")
    assert (plan.route, plan.mode, plan.size, plan.sandbox) == ("bfl/flux-2-pro", "generate", Size(1024, 1024), True)
    assert plan.wire[0]["prompt"] == "x"
    assert request.prompt == "x"
    assert await client.jobs() == []


async def test_send_what_was_planned(client: AsyncClient) -> None:
    options: dict[str, Any] = {"model": FAST, "seed": 4, "run": "summer"}
    request, plan = await client.plan("x", **options)
    generation = await client.send(request, plan, options)
    found = await client.wait(generation)
    assert found.settled
    assert [(job.state, job.seed, job.run) for job in found.jobs] == [("succeeded", 4, "summer")]
    assert [image.seed for image in await client.images(found)] == [4]


async def test_the_stream_ends_with_a_done_for_every_job(client: AsyncClient) -> None:
    events = [event async for event in client.stream("a fox", model=FAST, seed=1, num_images=2)]
    done = [event for event in events if isinstance(event, Done)]
    assert [event.state for event in done] == ["succeeded"] * 2
    assert all(len(event.images) == 1 and event.error is None for event in done)
    assert len({event.job for event in done}) == 2
    assert any(not isinstance(event, Done) for event in events)


async def test_the_stream_of_a_refused_job(client: AsyncClient) -> None:
    events = [event async for event in client.stream("x [[fault:moderated-input]]", model=FAST)]
    last = events[-1]
    assert isinstance(last, Done)
    assert (last.state, last.images) == ("moderated_input", [])
    assert last.error is not None
    assert last.error["code"] == "moderated_input"
    assert isinstance(events[0], Queued | Running)


@pytest.mark.parametrize(
    ("fault", "kind", "charge"),
    [
        ("moderated-input", ModeratedInput, "unknown"),
        ("moderated-output", ModeratedOutput, "unknown"),
        ("submit-drop-after", SubmitUnknown, "unknown"),
    ],
)
async def test_errors_of_jobs(client: AsyncClient, fault: str, kind: type[FluxroomError], charge: str) -> None:
    with pytest.raises(kind) as raised:
        await client.generate(f"x [[fault:{fault}]]", model=FAST)
    told = raised.value.as_dict()
    (job,) = await client.jobs()
    assert told["job"] == job.id
    assert told["route"] == f"bfl/{FAST}"
    assert told["next"]
    assert told["charge"] == charge
    assert job.error is not None
    assert job.error["code"] == kind.code
    assert job.error["message"] == raised.value.detail


async def test_waiting_ends_and_the_job_goes_on(client: AsyncClient) -> None:
    generation = await client.submit("x [[duration:1]]", model=FAST)
    with pytest.raises(WaitEnded) as ended:
        await client.wait(generation, 0.05)
    assert ended.value.context["generation"] == generation
    assert not (await client.snapshot(generation)).settled
    found = await client.wait(generation)
    assert [job.state for job in found.jobs] == ["succeeded"]


async def test_jobs_by_id_and_by_the_end_of_it(client: AsyncClient) -> None:
    first = await client.generate("one", model=FAST, seed=1)
    second = await client.generate("two", model=FAST, seed=2)
    with pytest.raises(ModeratedInput):
        await client.generate("x [[fault:moderated-input]]", model=FAST)
    assert [job.id for job in (await client.jobs())[1:]] == [second.job, first.job]
    assert [job.id for job in await client.jobs(states=["succeeded"], limit=1)] == [second.job]
    assert [job.id for job in await client.jobs(before=second.job)] == [first.job]
    found = await client.job(first.job[-8:])
    assert (found.id, found.state, found.wire["prompt"]) == (first.job, "succeeded", "one")
    assert found.created_at <= found.submitted_at <= found.ready_at <= found.changed_at
    with pytest.raises(NotFound, match="No job ends with 'zzzz'"):
        await client.job("zzzz")
    with pytest.raises(NotFound):
        await client.snapshot("0" * 22)


async def test_search(client: AsyncClient) -> None:
    fox = await client.generate("a red fox in snow", model=FAST, seed=1)
    tram = await client.generate("a tram at night", model=FAST, seed=2)
    assert [one.id for one in await client.search()] == [tram.id, fox.id]
    (found,) = await client.search("fox")
    assert (found.id, found.prompt, found.model, found.seed) == (fox.id, "a red fox in snow", FAST, 1)
    assert (found.sha256, found.charged, found.job) == (fox.sha256, fox.cost, fox.job)
    assert [one.id for one in await client.search(limit=1)] == [tram.id]
    assert [one.id for one in await client.search(before=tram.id)] == [fox.id]
    assert await client.search("fox", model="flux-2-pro") == []
    assert (await client.worker.books.picture(tram.id)).prompt == "a tram at night"
    with pytest.raises(NotFound):
        await client.worker.books.picture("0" * 22)
    with pytest.raises(UnknownModel):
        await client.search(model="flux-404")


async def test_cancel_says_the_truth(client: AsyncClient) -> None:
    generation = await client.submit("x [[duration:1]]", model=FAST)
    await client.worker.books.pause("fal", paused=True)
    waiting = await client.submit("x", model="fal/flux-schnell")
    ((job, said),) = await client.cancel(waiting)
    assert job.route == "fal/flux-schnell"
    assert said == "cancelled before it was sent; not charged"
    assert [one.state for one in (await client.snapshot(waiting)).jobs] == ["cancelled"]
    found = await client.wait(generation)
    ((_, said),) = await client.cancel(generation)
    assert said == "it has already ended: succeeded"
    assert found.settled


async def test_a_job_in_doubt_is_decided(client: AsyncClient) -> None:
    with pytest.raises(SubmitUnknown):
        await client.generate("x [[fault:submit-drop-after]]", model=FAST)
    (job,) = await client.jobs(states=["unknown"])
    decided = await client.resolve(job.id[-8:], "abandon")
    assert (decided.id, decided.state) == (job.id, "abandoned")
    with pytest.raises(NotFound):
        await client.resolve(job.id, "retry")


async def test_the_same_idempotency_key(client: AsyncClient) -> None:
    first = await client.submit("x", model=FAST, idempotency_key="order-1")
    assert await client.submit("x", model=FAST, idempotency_key="order-1") == first
    with pytest.raises(IdempotencyConflict):
        await client.submit("y", model=FAST, idempotency_key="order-1")
    assert len(await client.jobs()) == 1


async def test_the_same_request_again_is_free(client: AsyncClient) -> None:
    first = await client.generate("x", model=FAST, seed=1)
    again = await client.generate("x", model=FAST, seed=1)
    anew = await client.generate("x", model=FAST, seed=1, cache="off")
    assert (first.cached_from, again.cached_from, anew.cached_from) == ("", first.job, "")
    assert again.receipt.source == "cache"


async def test_money(client: AsyncClient) -> None:
    image = await client.generate("x", model=FAST, seed=1)
    usage = await client.usage("model", sandbox=True)
    assert [(line.key, line.jobs, line.charged) for line in usage.lines] == [(FAST, 1, image.cost)]
    assert (await client.usage()).lines == []
    books = client.worker.books
    standing = await books.set_budget(Budget(scope="run:summer/1", period="month", most=Decimal("0.01")), sandbox=True)
    assert (standing.left, standing.budget.scope) == (Decimal("0.01"), "run:summer/1")
    assert [one.budget for one in await client.budgets(sandbox=True)] == [standing.budget]
    with pytest.raises(BudgetExceeded) as refused:
        await client.generate("x", model=FAST, run="summer/1", seed=9)
    assert refused.value.context["scope"] == "run:summer/1"
    await books.drop_budget("run:summer/1", "month")
    assert await client.budgets() == []
    with pytest.raises(NotFound):
        await books.drop_budget("run:summer/1", "month")


async def test_accounts(client: AsyncClient) -> None:
    paused = await client.worker.books.pause("bfl", paused=True)
    assert (paused.provider, paused.paused, paused.why) == ("bfl", True, "paused by a person")
    assert [state.paused for state in await client.worker.books.providers()] == [True, False]
    await client.worker.books.pause("bfl", paused=False)
    with pytest.raises(NotFound):
        await client.worker.books.pause("midjourney", paused=True)


async def test_models(client: AsyncClient) -> None:
    assert FAST in client.models()
    assert await client.check_available(f"bfl/{FAST}") is True
    with pytest.raises(UnknownModel):
        await client.check_available("flux-9")


async def test_a_closed_client_says_how_to_open_it(client: AsyncClient) -> None:
    await client.close()
    with pytest.raises(RuntimeError, match="not open"):
        await client.submit("x", model=FAST)
    await client.close()
