"""Everything that can go wrong at the OpenAI door arrives as OpenAI's own error, in OpenAI's own client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest
from tests.doors.openai.worlds import FAST, World, photo, world
from tests.worlds import billed, submits

from fluxroom.engine.accounting import Accounting, checked_budget
from fluxroom.errors import tree
from fluxroom.server import problems
from fluxroom.server.doors.openai import errors

pytestmark = pytest.mark.anyio


async def test_moderation_is_what_it_is_at_openai(door: World) -> None:
    for prompt in ("moderate-me", "moderate-me-output"):
        with pytest.raises(openai.BadRequestError) as refused:
            await door.openai(max_retries=2).images.generate(model=FAST, prompt=prompt)
        assert refused.value.code == "moderation_blocked"
        assert refused.value.type == "image_generation_user_error"
    assert len(submits(door.box)) == 2


@pytest.mark.parametrize(("provider", "status", "charge"), [("bfl", 424, "unknown"), ("fal", 502, "not_charged")])
async def test_a_failed_job_is_tried_again_only_where_it_cost_nothing(
    door: World, provider: str, status: int, charge: str
) -> None:
    with pytest.raises(openai.APIStatusError) as failed:
        await door.openai(max_retries=1).images.generate(model=f"{provider}/{FAST}", prompt="a fox [[fault:error]]")
    told: Any = failed.value.body
    assert (failed.value.status_code, told["fluxroom"]["charge"]) == (status, charge)
    assert told["fluxroom"]["job"]
    assert told["message"]
    assert len(submits(door.box)) == (1 if charge == "unknown" else 2)
    with pytest.raises(openai.APIStatusError):  # a person who asks again gets another try
        await door.openai().images.generate(model=f"{provider}/{FAST}", prompt="a fox [[fault:error]]")
    assert len(submits(door.box)) == (2 if charge == "unknown" else 3)


async def test_a_streamed_failure_is_an_error_in_the_stream(door: World) -> None:
    stream = await door.openai().images.generate(model=FAST, prompt="moderate-me", stream=True)
    with pytest.raises(openai.APIError) as failed:
        _ = [event async for event in stream]
    assert failed.value.code == "moderation_blocked"


async def test_a_budget_is_a_quota_and_is_not_tried_again(door: World) -> None:
    engine = door.client.engine
    await Accounting(engine.store, engine.accounts).set_budget(checked_budget("owner:local", "day", "0.000001"))
    with pytest.raises(openai.RateLimitError) as refused:
        await door.openai(max_retries=2).images.generate(model="flux-2-pro", prompt="a fox")
    assert refused.value.code == "insufficient_quota"
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert submits(door.box) == []


@pytest.mark.parametrize(
    ("given", "param", "code"),
    [
        ({"quality": "high"}, "quality", "invalid_params"),
        ({"style": "vivid"}, "style", "invalid_params"),
        ({"background": "transparent"}, "background", "invalid_params"),
        ({"moderation": "low"}, "moderation", "invalid_params"),
        ({"output_compression": 60}, "output_compression", "invalid_params"),
        ({"n": 11}, "n", "invalid_params"),
        ({"size": "20000x20000"}, "size", "invalid_params"),
        ({"size": "huge"}, "size", "invalid_params"),
        ({"output_format": "gif"}, "output_format", "invalid_params"),
        ({"response_format": "tiff"}, "response_format", "invalid_params"),
        ({"stream": "yes"}, "stream", "invalid_params"),
        ({"partial_images": 4}, "partial_images", "invalid_params"),
        ({"guidence_scale": 3}, "guidence_scale", "invalid_params"),
        ({"seed": "seven"}, "seed", "invalid_params"),
        ({"region": "moon"}, "region", "invalid_params"),
        ({"model": "dall-e-3"}, "model", "model_not_found"),
        ({"model": "flux-2-prp"}, None, "model_not_found"),
        ({"references": ["file:///etc/passwd"]}, None, "invalid_reference"),
        ({"references": ["https://127.0.0.1/x.png"]}, None, "invalid_reference"),
    ],
)
async def test_what_flux_cannot_do_is_refused_by_name(
    door: World, given: dict[str, Any], param: str | None, code: str
) -> None:
    body = {"model": FAST, "prompt": "a fox", **given}
    status, headers, told = await door.call("/openai/v1/images/generations", body)
    assert status == (404 if code == "model_not_found" else 400), told
    assert headers["content-type"] == "application/json"
    assert set(told) == {"error"}
    assert told["error"]["type"] == "invalid_request_error"
    assert told["error"]["code"] == code
    assert param is None or told["error"]["param"] == param
    assert submits(door.box) == []


async def test_a_model_of_openai_is_answered_with_the_names_of_ours(door: World) -> None:
    with pytest.raises(openai.NotFoundError, match="flux-2-pro") as refused:
        await door.openai().images.generate(model="gpt-image-2", prompt="a fox")
    assert refused.value.code == "model_not_found"
    assert "FLUXROOM_OPENAI_ALIASES" in refused.value.message


async def test_notes_instead_of_refusals_where_they_are_wanted(tmp_path: Path) -> None:
    async with world(tmp_path / "data", openai_unsupported="report") as door:
        made = await door.openai().images.generate(
            model=FAST, prompt="a fox", quality="hd", style="vivid", extra_body={"negative_prompt": "snow"}
        )
        assert made.model_extra is not None
        left_out = {note["name"]: note["why"] for note in made.model_extra["fluxroom"]["not_sent"]}
        assert set(left_out) == {"quality", "style", "negative_prompt"}
        assert all(left_out.values())


async def test_values_that_flux_fulfils_anyway_are_taken(door: World) -> None:
    made = await door.openai().images.generate(
        model=FAST, prompt="a fox", quality="auto", background="opaque", moderation="auto", size="auto", user="u-1"
    )
    assert made.model_extra is not None
    assert made.model_extra["fluxroom"]["not_sent"] == []
    assert made.safety_identifier == "u-1"


async def test_an_edit_needs_a_picture_and_a_mask_a_model_that_takes_one(door: World) -> None:
    status, _, told = await door.call("/openai/v1/images/edits", {"model": FAST, "prompt": "night"})
    assert (status, told["error"]["param"]) == (400, "image")
    with pytest.raises(openai.BadRequestError, match="takes no mask") as refused:
        await door.openai().images.edit(model="flux-2-pro", image=photo(), mask=photo(), prompt="night")
    assert refused.value.param == "mask"
    with pytest.raises(openai.BadRequestError) as broken:
        await door.openai().images.edit(model="flux-2-pro", image=b"not a picture", prompt="night")
    assert broken.value.code == "invalid_reference"
    assert submits(door.box) == []


async def test_bodies_that_are_none(door: World) -> None:
    for path in ("generations", "edits"):
        status, _, told = await door.call(f"/openai/v1/images/{path}", ["a", "list"])
        assert (status, told["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "responses"), ("GET", "files"), ("POST", "embeddings"), ("GET", "nothing/at/all")]
)
async def test_the_rest_of_openais_api_is_not_here_and_says_what_is(door: World, method: str, path: str) -> None:
    status, _, told = await door.call(f"/openai/v1/{path}", method=method)
    assert (status, told["error"]["code"]) == (404, "unknown_url")
    assert path in told["error"]["message"]


async def test_a_missing_key_at_the_provider_is_not_the_callers(tmp_path: Path) -> None:
    async with world(tmp_path / "data", bfl_api_key="", bfl_url="https://api.bfl.ai") as door:
        with pytest.raises(openai.InternalServerError) as refused:
            await door.openai(max_retries=2).images.generate(model="bfl/flux-2-pro", prompt="a fox")
        assert (refused.value.status_code, refused.value.code) == (503, "missing_key")


async def test_the_providers_own_refusals_keep_their_meaning(door: World) -> None:
    route = f"bfl/{FAST}"  # a bare model would be asked for elsewhere then
    with pytest.raises(openai.RateLimitError) as broke:
        await door.openai(max_retries=2).images.generate(model=route, prompt="a fox [[fault:submit-402]]")
    assert broke.value.code == "insufficient_quota"
    with pytest.raises(openai.InternalServerError) as locked:
        await door.openai(max_retries=2).images.generate(model=route, prompt="a fox [[fault:submit-403]]")
    assert locked.value.code == "provider_refused_key"
    assert len(submits(door.box)) == 2
    assert billed(door.box) == []


async def test_refusals_at_the_gateways_own_door_are_openais_too(door: World) -> None:
    status, _, told = await door.call("/openai/v1/models", headers={"host": "attacker.example"}, method="GET")
    assert status == 421
    assert told["error"]["code"] == "wrong_host"
    status, _, told = await door.call("/openai/v1/models", headers={"authorization": "Bearer flux_wrong"}, method="GET")
    assert (status, told["error"]["code"]) == (401, "invalid_api_key")


def test_every_error_of_ours_has_openais_shape_and_a_sensible_status() -> None:
    for kind in tree():
        status, body, headers = errors.shape(problems.of(kind("It broke")))
        assert set(body) == {"error"}
        assert {"message", "type", "param", "code"} <= set(body["error"])
        assert 400 <= status < 600
        assert body["error"]["message"].startswith("It broke. ")
        again = status in {408, 409, 429} or status >= 500  # after these, clients try again by themselves
        harmless = kind.charge == "not_charged" or kind.code in errors.OWED
        assert harmless or not again, kind.code
        assert again or headers.get("x-should-retry") != "true", kind.code
