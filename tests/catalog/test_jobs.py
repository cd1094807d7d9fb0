from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog.asking import check, pictures

from fluxroom.errors import InvalidParams


def test_one_job_per_picture_where_the_endpoint_makes_one() -> None:
    plan = check("flux-2-pro", num_images=3, seed=7)
    assert [body["seed"] for body in plan.wire] == [7, 8, 9]
    assert all("num_images" not in body for body in plan.wire)
    assert plan.images_per_job == 1
    assert (plan.quote.jobs, plan.quote.images) == (3, 3)
    assert plan.params["num_images"] == 3
    assert plan.params["seed"] == 7


def test_jobs_without_a_seed_stay_random() -> None:
    plan = check("flux-2-pro", num_images=2)
    assert len(plan.wire) == 2
    assert all("seed" not in body for body in plan.wire)


def test_one_job_where_the_endpoint_makes_several() -> None:
    plan = check("flux-2-dev", "fal", num_images=4, seed=7)
    assert len(plan.wire) == 1
    assert plan.wire[0]["num_images"] == 4
    assert plan.images_per_job == 4


def test_more_than_the_endpoint_makes_is_split_evenly() -> None:
    plan = check("flux-2-dev", "fal", num_images=6, seed=7)
    assert [(body["num_images"], body["seed"]) for body in plan.wire] == [(3, 7), (3, 10)]
    plan = check("flux-2-dev", "fal", num_images=9)
    assert [body["num_images"] for body in plan.wire] == [3, 3, 3]
    plan = check("flux-2-dev", "fal", num_images=7)
    assert [body["num_images"] for body in plan.wire] == [4, 3]
    assert plan.images_per_job == 4
    plan = check("flux-general", "fal", num_images=10)
    assert [body["num_images"] for body in plan.wire] == [10]


def test_an_endpoint_without_a_published_maximum_is_asked_for_four_at_most() -> None:
    plan = check("juggernaut-flux-pro", "fal", num_images=8)
    assert [body["num_images"] for body in plan.wire] == [4, 4]


def test_one_image_needs_no_field() -> None:
    assert "num_images" not in check("flux-2-dev", "fal").wire[0]
    assert check("flux-2-dev", "fal", num_images=1).wire[0]["num_images"] == 1
    assert len(check("flux-2-pro", num_images=1).wire) == 1


def test_models_without_a_seed_repeat_the_order() -> None:
    plan = check("flux-3-image", num_images=3)
    assert len(plan.wire) == 3
    assert plan.wire[0] == plan.wire[2]
    with pytest.raises(InvalidParams, match="no seed"):
        check("flux-3-image", num_images=2, seed=1)


def test_bodies_do_not_share_their_fields() -> None:
    plan = check("flux-2-pro", num_images=2, references=pictures(2), extra={"bfl": {"new": 1}})
    assert plan.wire[0] is not plan.wire[1]
    assert all(body["new"] == 1 for body in plan.wire)
    assert all(body["input_image_2"] for body in plan.wire)


@given(st.integers(1, 100), st.sampled_from([("flux-2-pro", "bfl"), ("flux-2-dev", "fal"), ("flux-general", "fal")]))
def test_pictures_add_up_and_seeds_never_repeat(count: int, route: tuple[str, str]) -> None:
    model, provider = route
    plan = check(model, provider, num_images=count, seed=100)  # type: ignore[arg-type]  # both are providers
    made = [body.get("num_images", 1) for body in plan.wire]
    assert sum(made) == count == plan.quote.images
    assert max(made) == plan.images_per_job
    assert max(made) - min(made) <= 1
    used = [
        seed for body, share in zip(plan.wire, made, strict=True) for seed in range(body["seed"], body["seed"] + share)
    ]
    assert used == list(range(100, 100 + count))
