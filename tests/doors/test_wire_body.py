"""What a provider's own body says is exactly what is sent to that provider, at every endpoint of the catalog."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.doors.bodies import full_body, least_body

from fluxroom import catalog
from fluxroom.catalog.wire import Endpoint, published
from fluxroom.errors import InvalidParams, UnknownModel
from fluxroom.server.doors.wire_body import endpoint_of, options_of
from fluxroom.types import Plan, Provider, Reference, Request

pytestmark = pytest.mark.anyio

MANY = {"fal-ai/flux-pro/kontext/multi", "fal-ai/flux-pro/kontext/max/multi"}
"""Endpoints for several pictures: with one, the sister for a single picture does the same."""


async def as_it_is(text: str) -> str:
    return text


async def planned(endpoint: Endpoint, body: dict[str, Any]) -> Plan:
    options = await options_of(endpoint, copy.deepcopy(body), as_it_is)
    references = tuple(Reference(url=url) for url in options.pop("references"))
    request = Request(
        model=f"{endpoint.provider}/{endpoint.id}",
        prompt=options.pop("prompt", None),
        references=references,
        on_unsupported=options.pop("on_unsupported", "error"),
        params=options,
    )
    return catalog.check(request, provider=endpoint.provider)


@pytest.mark.parametrize("make", [least_body, full_body])
@pytest.mark.parametrize(("provider", "name"), published())
async def test_what_is_asked_is_what_is_sent(
    provider: Provider, name: str, make: Callable[[Endpoint], dict[str, Any]]
) -> None:
    endpoint = endpoint_of(provider, name)
    body = make(endpoint)
    if name in MANY:
        body["image_urls"] = [f"https://example.com/{number}.png" for number in range(3)]
    plan = await planned(endpoint, body)
    sent = dict(plan.wire[0])
    assert plan.endpoint == name
    assert len(plan.wire) == 1
    assert plan.not_sent == ()
    assert {field: sent.get(field) for field in body} == body
    # Nothing else is sent but the provider's own defaults, spelled out.
    for field in sent.keys() - body.keys():
        assert endpoint.fields[field].schema["default"] == sent[field]


async def test_what_is_left_out_is_the_providers_default_and_not_ours() -> None:
    sent = (await planned(endpoint_of("bfl", "flux-2-pro"), {"prompt": "a fox"})).wire[0]
    assert sent == {"prompt": "a fox", "output_format": "jpeg", "disable_pup": False, "safety_tolerance": 2}
    sent = (await planned(endpoint_of("bfl", "flux-pro-1.1"), {"prompt": "a fox", "width": 1440})).wire[0]
    assert (sent["width"], sent["height"]) == (1440, 768)


async def test_null_counts_as_left_out_where_the_schema_allows_it() -> None:
    endpoint = endpoint_of("bfl", "flux-2-pro")
    given = {"prompt": "a fox", "seed": None, "input_image": None, "webhook_url": None, "width": None}
    assert "seed" not in (await planned(endpoint, given)).wire[0]


@pytest.mark.parametrize(
    ("provider", "endpoint", "given", "sent"),
    [
        ("bfl", "flux-2-pro", {"seed": "7"}, {"seed": 7}),
        ("bfl", "flux-2-pro", {"seed": 7.0}, {"seed": 7}),
        ("bfl", "flux-2-flex", {"guidance": "2.5"}, {"guidance": 2.5}),
        ("bfl", "flux-2-pro", {"disable_pup": "true"}, {"disable_pup": True}),
        ("fal", "fal-ai/flux-2-pro", {"safety_tolerance": 3}, {"safety_tolerance": "3"}),
        ("fal", "fal-ai/flux-1/dev", {"num_images": 2}, {"num_images": 2}),
    ],
)
async def test_values_are_read_as_loosely_as_the_providers_do(
    provider: Provider, endpoint: str, given: dict[str, Any], sent: dict[str, Any]
) -> None:
    plan = await planned(endpoint_of(provider, endpoint), {"prompt": "a fox", **given})
    assert sent.items() <= plan.wire[0].items()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"width": 3}, ("greater_than_equal", ["body", "width"], {"ge": 64})),
        ({"safety_tolerance": 9}, ("less_than_equal", ["body", "safety_tolerance"], {"le": 5})),
        (
            {"output_format": "gif"},
            ("literal_error", ["body", "output_format"], {"expected": "'jpeg', 'png' or 'webp'"}),
        ),
        ({"image_size": "square"}, ("extra_forbidden", ["body", "image_size"], None)),
        ({"seed": "seven"}, ("int_type", ["body", "seed"], None)),
        ({"disable_pup": 3}, ("bool_type", ["body", "disable_pup"], None)),
        ({"prompt": None}, ("missing", ["body", "prompt"], None)),
        ({"prompt": 7}, ("string_type", ["body", "prompt"], None)),
        ({"user": ""}, ("string_too_short", ["body", "user"], {"min_length": 1})),
        ({"disable_pup": None}, ("bool_type", ["body", "disable_pup"], None)),
    ],
)
async def test_what_is_wrong_is_said_as_the_provider_says_it(
    given: dict[str, Any], told: tuple[str, list[str], Any]
) -> None:
    with pytest.raises(InvalidParams) as caught:
        await options_of(endpoint_of("bfl", "flux-2-pro"), {"prompt": "a fox", **given}, as_it_is)
    (found,) = caught.value.context["errors"]
    kind, place, ctx = told
    assert (found["type"], found["loc"], found.get("ctx")) == (kind, place, ctx)
    assert found["msg"]
    assert caught.value.context["field"] == place[1]


async def test_every_mistake_is_told_at_once_and_none_repeats_a_whole_picture() -> None:
    body = {"prompt": "x", "width": 3, "height": 3, "nonsense": "A" * 5000}
    with pytest.raises(InvalidParams) as caught:
        await options_of(endpoint_of("bfl", "flux-2-pro"), body, as_it_is)
    found = caught.value.context["errors"]
    assert [one["loc"][-1] for one in found] == ["width", "height", "nonsense"]
    assert len(str(found)) < 1000


async def test_lists_and_objects_inside_are_checked_too() -> None:
    endpoint = endpoint_of("fal", "fal-ai/flux-2/edit")
    for given, kind in (
        ({"image_urls": []}, "too_short"),
        ({"image_urls": ["https://example.com/a.png"] * 5}, "too_long"),
        ({"image_size": {"width": 100, "height": 600}}, "greater_than_equal"),
        ({"image_size": {"width": 600}}, "missing"),
        ({"image_urls": "https://example.com/a.png"}, "list_type"),
    ):
        body = {"prompt": "x", "image_urls": ["https://example.com/a.png"], **given}
        with pytest.raises(InvalidParams) as caught:
            await options_of(endpoint, body, as_it_is)
        assert caught.value.context["errors"][0]["type"] == kind, given


async def test_pictures_keep_their_numbers() -> None:
    endpoint = endpoint_of("bfl", "flux-2-pro")
    body = {f"input_image_{n}": f"https://example.com/{n}.png" for n in (3, 2)}
    options = await options_of(endpoint, {"prompt": "x", **body, "input_image": "https://example.com/1.png"}, as_it_is)
    assert options["references"] == [f"https://example.com/{n}.png" for n in (1, 2, 3)]


async def test_every_picture_is_opened_wherever_it_stands() -> None:
    seen: list[str] = []

    async def opened(text: str) -> str:
        seen.append(text)
        return f"{text}?opened"

    endpoint = endpoint_of("fal", "fal-ai/flux-general/inpainting")
    body = {
        "prompt": "x",
        "image_url": "https://example.com/a.png",
        "mask_url": "https://example.com/m.png",
        "ip_adapters": [{"path": "p", "image_encoder_path": "e", "scale": 1, "image_url": "https://example.com/i.png"}],
    }
    options = await options_of(endpoint, body, opened)
    assert sorted(seen) == [f"https://example.com/{name}.png" for name in "aim"]
    assert options["ip_adapters"][0]["image_url"].endswith("?opened")
    assert options["mask"].endswith("?opened")


@pytest.mark.parametrize(
    ("provider", "name"),
    [("bfl", "nope"), ("bfl", "flux-2-dev"), ("fal", "flux-2-pro"), ("fal", "fal-ai/../bfl/x"), ("bfl", "")],
)
def test_only_the_providers_own_names_are_endpoints(provider: Provider, name: str) -> None:
    with pytest.raises(UnknownModel):
        endpoint_of(provider, name)


@pytest.mark.parametrize(
    ("provider", "endpoint", "given", "sent", "not_sent"),
    [
        # The AI SDK sends a ratio along with width and height.
        ("bfl", "flux-2-pro", {"width": 1024, "height": 768, "aspect_ratio": "4:3"}, {"width": 1024}, ["aspect_ratio"]),
        ("bfl", "flux-2-pro", {"aspect_ratio": "16:9"}, {"width": 1360, "height": 768}, []),
        ("bfl", "flux-2-pro", {"prompt_upsampling": True}, {"disable_pup": False}, []),
        ("bfl", "flux-2-pro", {"guidance": 3, "raw": True}, {}, ["guidance_scale", "raw"]),
        ("fal", "fal-ai/flux-2-pro", {"guidance_scale": 3}, {}, ["guidance_scale"]),
        ("fal", "fal-ai/flux-2-pro", {"num_images": 1}, {}, []),
    ],
)
async def test_a_field_of_a_sister_is_used_as_far_as_can_be_and_else_reported(
    provider: Provider, endpoint: str, given: dict[str, Any], sent: dict[str, Any], not_sent: list[str]
) -> None:
    plan = await planned(endpoint_of(provider, endpoint), {"prompt": "a fox", **given})
    assert sent.items() <= plan.wire[0].items()
    assert [note.name for note in plan.not_sent] == not_sent
    assert plan.wire[0].keys() <= endpoint_of(provider, endpoint).known


async def test_a_strict_endpoint_takes_nothing_from_its_sisters() -> None:
    with pytest.raises(InvalidParams, match="seed"):
        await options_of(endpoint_of("bfl", "flux-3-image"), {"prompt": "a fox", "seed": 7}, as_it_is)
