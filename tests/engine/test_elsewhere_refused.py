"""When another provider is not asked: the first one may have been paid, or the caller agreed to something else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.worlds import billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine.elsewhere import Elsewhere, _alone
from fluxroom.errors import (
    FluxroomError,
    Forbidden,
    InsufficientCredits,
    InvalidParams,
    ModeratedInput,
    RateLimited,
    SubmitUnknown,
    Unauthorized,
    Unavailable,
)
from fluxroom.sandbox import Sandbox
from fluxroom.settings import Settings, load
from fluxroom.store.jobs import Job
from fluxroom.types import Request

pytestmark = pytest.mark.anyio

MODEL = "flux-2-pro"
BASES = ["sqlite", "postgresql"]


@pytest.fixture(params=BASES)
def base(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("postgres").fresh()}


def at_fal(box: Sandbox) -> list[dict[str, Any]]:
    return [one for one in submits(box) if "fal" in str(one["path"])]


async def resent(client: AsyncClient, box: Sandbox, refusal: str, **more: Any) -> list[Job]:
    """A job in doubt, which a person sends again, and which is refused then."""
    box.world.plan_fault("submit-504-taken", provider="bfl", times=1)
    found = await settled(client, "a fox", model=MODEL, seed=3, **more)
    assert [(job.provider, job.state) for job in found.jobs] == [("bfl", "unknown")]
    box.world.plan_fault(refusal, provider="bfl", times=None)
    await client.resolve(found.jobs[0].id, "retry")
    return list((await client.engine.wait(found.generation.id, 20)).jobs)


@pytest.mark.parametrize("refusal", ["submit-402", "submit-403"])
async def test_what_may_have_been_paid_before_is_not_made_elsewhere(
    tmp_path: Path, base: dict[str, Any], refusal: str
) -> None:
    """The refusal is about the second attempt; the first one is perhaps a picture that is paid."""
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path, **base)) as client:
        (job,) = await resent(client, box, refusal)
        assert (job.provider, job.state, job.charge_state) == ("bfl", "failed", "unknown")
        assert job.doubted > 0, "what the first attempt may have cost stays told"
        assert "elsewhere" not in (job.error or {})
        assert (len(submits(box)), len(box.world.tasks()), at_fal(box)) == (2, 1, [])


async def test_what_may_have_been_paid_before_is_not_made_elsewhere_after_long_trying_either(tmp_path: Path) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path, wait=0.2)) as client:
        (job,) = await resent(client, box, "submit-503")
        assert (job.provider, job.state, job.charge_state) == ("bfl", "failed", "unknown")
        assert (len(box.world.tasks()), at_fal(box)) == (1, [])


async def test_a_job_in_doubt_is_not_made_elsewhere_however_often_one_looks(tmp_path: Path) -> None:
    """Neither a restart nor a look at it sends anything: only the first one's own answer or a person ends it."""
    async with sandbox() as box:
        box.world.plan_fault("submit-504-taken", provider="bfl", times=1)
        async with AsyncClient(settings=settings_for(box, tmp_path)) as client:
            found = await settled(client, "a fox", model=MODEL)
        for _ in range(2):
            async with AsyncClient(settings=settings_for(box, tmp_path), everyones=True) as client:
                await client.engine.take_up(found.generation.id)
                now = await client.snapshot(found.generation.id)
                assert [(job.provider, job.state) for job in now.jobs] == [("bfl", "unknown")]
        assert (len(submits(box)), at_fal(box)) == (1, [])


async def test_only_the_picture_that_was_refused_goes_elsewhere(tmp_path: Path, base: dict[str, Any]) -> None:
    """Three pictures, one refusal: the other two stay where they are, and each seed is made once."""
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path, **base)) as client:
        box.world.plan_fault("submit-402", provider="bfl", times=1)
        found = await settled(client, "a fox", model=MODEL, seed=5, num_images=3)
        made = [job for job in found.jobs if job.state == "succeeded"]
        assert sorted(job.provider for job in made) == ["bfl", "bfl", "fal"]
        assert sorted(int(job.seed or 0) for job in made) == [5, 6, 7]
        assert len({job.number for job in found.jobs}) == len(found.jobs) == 4
        assert len(billed(box)) == len(found.images) == 3
        (refused,) = [job for job in found.jobs if job.went_elsewhere]
        (instead,) = [job for job in made if job.provider == "fal"]
        assert refused.seed == instead.seed
        assert (refused.charge_state, refused.charged) == ("not_charged", Decimal(0))


def bfl_alone(box: Sandbox, data: Path) -> Settings:
    return load(bfl_url=box.bfl_url, bfl_api_key="k", data=data, poll_first=0.05, poll_max=0.15)


async def test_where_nobody_else_is_set_up_it_ends_with_the_reason(tmp_path: Path) -> None:
    async with sandbox() as box, AsyncClient(settings=bfl_alone(box, tmp_path)) as client:
        assert list(client.engine.accounts) == ["bfl"]
        box.world.plan_fault("submit-402", provider="bfl", times=None)
        with pytest.raises(InsufficientCredits):
            await client.generate("a fox", model=MODEL)
        assert at_fal(box) == []


@pytest.mark.parametrize("model", ["flux-2-klein-9b", "flux-pro-1.1-ultra"])
async def test_a_model_or_a_wish_that_the_other_one_lacks_stays(tmp_path: Path, model: str) -> None:
    wishes: dict[str, Any] = {"flux-pro-1.1-ultra": {"image_prompt_strength": 0.3}}.get(model, {})
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path, route_order="bfl,fal")) as client:
        _, plan = await client.plan("a fox", model=model, **wishes)
        box.world.plan_fault("submit-402", provider=plan.provider, times=None)
        found = await settled(client, "a fox", model=model, **wishes)
        others = [job for job in found.jobs if job.provider != plan.provider]
        for job in others:  # where it went, everything that was asked for went along
            assert job.state == "succeeded"
            assert not found.generation.not_sent
        assert len(billed(box)) == len(others) <= 1


async def ready(client: AsyncClient, box: Sandbox) -> tuple[Elsewhere, Job]:
    """A refused job as it was before it went elsewhere, and who finds the way."""
    box.world.plan_fault("submit-402", times=None)
    found = await settled(client, "a fox", model=MODEL)
    first = next(job for job in found.jobs if job.provider == "bfl")
    engine = client.engine
    return Elsewhere(engine._ledger, engine.accounts, client.settings), replace(first, error=None, state="submitting")


@pytest.mark.parametrize(
    ("error", "goes"),
    [
        (InsufficientCredits(), True),
        (Unauthorized(), True),
        (Forbidden(), True),
        (Unavailable(), True),
        (RateLimited(), True),
        (ModeratedInput(), False),
        (InvalidParams("x"), False),
        (SubmitUnknown(), False),
        (FluxroomError("x"), False),
    ],
    ids=lambda one: one.code if isinstance(one, FluxroomError) else str(one),
)
async def test_only_what_is_about_the_provider_is_a_reason(tmp_path: Path, error: FluxroomError, goes: bool) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        way, job = await ready(client, box)
        found = await way.of(job, error)
        assert (found is not None) is goes
        assert found is None or found.to == "fal"
        assert await way.of(replace(job, doubted=Decimal("0.01")), error) is None, "a doubt is stronger than a reason"
        assert await way.of(replace(job, provider="fal"), error) is None, "it has been elsewhere"
        assert await way.of(replace(job, generation="0" * 22), error) is None
        assert await way.of(replace(job, estimated=Decimal("0.0001")), error) is None, (
            "it would cost more than was said"
        )
        assert await way.of(replace(job, sandbox=not job.sandbox), error) is None, "real money is not the sandbox's"


@given(
    st.dictionaries(
        st.sampled_from(["seed", "fluxSeed", "flux_seed", "num_images", "n", "guidance_scale", "image_size"]),
        st.integers(0, 9),
    ),
    st.none() | st.integers(0, 9),
)
def test_the_one_picture_has_the_jobs_own_seed_and_everything_else_as_it_was(
    params: dict[str, Any], seed: int | None
) -> None:
    job: Any = type("Row", (), {"seed": seed})()
    found = _alone(Request(model=MODEL, prompt="x", params=params), job).params
    assert found["num_images"] == 1
    assert found.get("seed") == seed
    assert not {"fluxSeed", "flux_seed"} & found.keys(), "an old name would be a second seed"
    assert {name: found.get(name) for name in ("guidance_scale", "image_size")} == {
        name: params.get(name) for name in ("guidance_scale", "image_size")
    }
