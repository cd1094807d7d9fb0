"""The whole catalog, end to end: what a user sets arrives at the provider under the published name, type and value.

The expected names, types, bounds and members come from the raw published files (`catalog/published.py`), not from our
own schemas; what arrived comes from the sandbox's books.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from tests.catalog import published
from tests.catalog.published import Raw
from tests.worlds import sandbox, settings_for, submits

from fluxroom import catalog
from fluxroom.catalog import Endpoint, Model, Route
from fluxroom.client import AsyncClient
from fluxroom.errors import InvalidParams
from fluxroom.types import Mode, Provider

pytestmark = pytest.mark.anyio

FREE_TEXT = {"aspect_ratio": ["16:9", "1:1", "9:21"], "finetune_id": ["sandbox-org/fox-style"]}
"""Text fields without published members that still mean something."""

PICTURE = "a picture"
"""Stands for a picture in what is expected: the books keep only a hash of its bytes."""


@dataclass
class Case:
    """One request: what the user sets, and what must arrive."""

    route: str
    mode: Mode
    endpoint: str
    options: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)


def photo(number: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (300, 300), (number * 7 % 256, 80, 120)).save(file, "PNG")
    return file.getvalue()


def values(raw: Raw, schema: Mapping[str, Any]) -> list[Any]:
    """Values worth sending, in the provider's own terms."""
    match raw.kind:
        case "boolean":
            return [True, False]
        case "integer" | "number":
            return numbers(raw)
        case "size":
            return [*raw.enum, {"width": 640, "height": 768}]
        case "array" | "object":
            return [sample(schema)]
        case _:
            return list(raw.enum) or FREE_TEXT.get(raw.name, [f"walk {raw.name}"])


def numbers(raw: Raw) -> list[Any]:
    found = [bound for bound in (raw.low, raw.high) if bound is not None]
    if len(found) == 2:
        found.append((found[0] + found[1]) / 2)
    elif not found:
        # Where no maximum of pictures is published, several are several jobs, and nothing is sent.
        return [1] if raw.name == "num_images" else [12345, 7]
    else:
        found.append(found[0] + 1)
    return [int(value) if raw.kind == "integer" else value for value in found if value != raw.default]


def sample(schema: Mapping[str, Any]) -> Any:
    """Something that a nested schema takes, every field of it set."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "array":
            return [sample(schema["items"])]
        case "object":
            return {name: sample(inner) for name, inner in schema["properties"].items()}
        case "integer" | "number":
            return schema.get("minimum", schema.get("default", 1)) or 1
        case "boolean":
            return True
        case _:
            return photo(99) if schema.get("format") == "image" else "walk"


def as_expected(value: Any) -> Any:
    if isinstance(value, bytes):
        return PICTURE
    if isinstance(value, Mapping):
        return {name: as_expected(inner) for name, inner in value.items()}
    return [as_expected(inner) for inner in value] if isinstance(value, list) else value


def routes() -> Iterator[tuple[Model, Provider, Route, Mode]]:
    for model in catalog.models().values():
        for provider, route in model.routes.items():
            for mode in route.modes:
                yield model, provider, route, mode


def cases_of(provider: Provider, route: Route, mode: Mode) -> list[Case]:
    """Requests that together send every value of every field."""
    return [
        case for count in ((1, 2) if mode in route.many else (1,)) for case in cases_at(provider, route, mode, count)
    ]


def cases_at(provider: Provider, route: Route, mode: Mode, least: int) -> list[Case]:
    """The same for the endpoint that takes at least so many references."""
    endpoint = route.endpoint(mode, least)
    raws = {name: raw for name, raw in published.fields()[provider, endpoint.id].items() if not raw.webhook}
    listed = {raw.name: values(raw, endpoint.fields[raw.name].schema) for raw in raws.values()}
    pictures = [name for name, raw in raws.items() if raw.kind in {"picture", "pictures"}]
    rounds = max([len(some) for some in listed.values()] + [1])
    made = []
    for turn in range(rounds):
        case = Case(route.name, mode, endpoint.id)
        for name, some in listed.items():
            if name not in pictures:
                set_value(case, endpoint, name, some[turn % len(some)])
        for name in pictures:
            set_picture(case, endpoint, raws[name], least + turn)
        made.append(case)
    return made


def set_value(case: Case, endpoint: Endpoint, name: str, value: Any) -> None:
    known = endpoint.fields[name]
    case.expected[name] = as_expected(value)
    if known.part:
        size = case.options.setdefault(known.canonical, {})
        size[known.part] = 1024 if value in {"", 0} else max(int(value), 256) // 64 * 64 if value != 64 else 64
        case.expected[name] = size[known.part]
    else:
        case.options[known.canonical] = not value if known.inverted else value


def set_picture(case: Case, endpoint: Endpoint, raw: Raw, count: int) -> None:
    known = endpoint.fields[raw.name]
    if known.canonical != "references":
        case.options[known.canonical] = photo(50)
        case.expected[raw.name] = PICTURE
    elif raw.kind == "pictures":
        count = min(count, raw.most or 2)
        case.options["references"] = [photo(number) for number in range(count)]
        case.expected[raw.name] = [PICTURE] * count
    else:
        case.options.setdefault("references", []).append(photo(known.place))
        case.expected[raw.name] = PICTURE


def arrived(value: Any, expected: Any) -> bool:
    """Equal in value and in JSON type; a picture is any text that is not the plain word."""
    if expected == PICTURE:
        return isinstance(value, str | dict) and bool(value)
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(arrived(value.get(name), inner) for name, inner in expected.items())
    if isinstance(expected, list):
        return isinstance(value, list) and len(value) == len(expected) and all(map(arrived, value, expected))
    if isinstance(expected, bool) or isinstance(value, bool):
        return value is expected
    if isinstance(expected, str):
        return isinstance(value, str) and value == expected
    return isinstance(value, int | float) and float(value) == float(expected)


async def test_every_value_of_every_field_arrives(tmp_path: Path) -> None:
    cases = [case for _, provider, route, mode in routes() for case in cases_of(provider, route, mode)]
    async with sandbox(seconds=0.01) as box:
        box.world.set_caps({"bfl": 10_000, "flux-kontext-max": 10_000})
        box.world.plan_fault("error", times=None)  # the answer does not matter here, and costs no painting
        settings = settings_for(box, tmp_path, bfl_cap=400, fal_cap=400, submit_gate=32, poll_max=0.3)
        async with AsyncClient(settings=settings) as client:
            gate = asyncio.Semaphore(64)

            async def sent(case: Case) -> str:
                async with gate:
                    options = dict(case.options)
                    prompt = options.pop("prompt", None)
                    generation = await client.submit(prompt, model=case.route, mode=case.mode, **options)
                    [job] = (await client.engine.wait(generation, 60)).jobs
                    assert job.request_id, f"{case.route} {case.mode}: {job.error}"
                    return job.request_id

            identities = await asyncio.gather(*map(sent, cases))
        inputs = {task["id"]: (task["endpoint"], task["input"]) for task in box.world.tasks()}
    wrong = []
    for case, identity in zip(cases, identities, strict=True):
        endpoint, body = inputs[identity]
        assert endpoint == case.endpoint
        wrong += [
            f"{case.route} {case.mode} at {endpoint}: {name} should be {expected!r}, is {body.get(name)!r}"
            for name, expected in case.expected.items()
            if not arrived(body.get(name), expected)
        ]
    assert wrong[:20] == []
    tell_what_was_walked(cases)


def tell_what_was_walked(cases: list[Case]) -> None:
    """Print routes x fields; every field of every published endpoint must have been sent."""
    walked: dict[tuple[str, str], set[str]] = {}
    for case in cases:
        walked.setdefault((case.route.split("/")[0], case.endpoint), set()).update(case.expected)
    fields = sum(map(len, walked.values()))
    print(
        f"{len({case.route for case in cases})} routes, {len(walked)} endpoints, {fields} fields, {len(cases)} requests"
    )
    missing = [
        f"{provider} {endpoint} {raw.name}"
        for (provider, endpoint), raws in published.fields().items()
        for raw in raws.values()
        if not raw.webhook and raw.name not in walked.get((provider, published.twin(endpoint)), set())
    ]
    assert missing == []


async def test_what_is_out_of_range_is_refused_before_any_call(tmp_path: Path) -> None:
    refused = 0
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        for _, provider, route, mode in routes():
            endpoint = route.endpoint(mode)
            [first, *_] = cases_of(provider, route, mode)
            for name, raw in published.fields()[provider, endpoint.id].items():
                if raw.webhook or raw.kind not in {"integer", "number"}:
                    continue
                known = endpoint.fields[name]
                if known.part or known.canonical == "num_images":
                    continue
                for bound, beyond in ((raw.low, -1), (raw.high, 1)):
                    if bound is None:
                        continue
                    options = {**first.options, known.canonical: bound + beyond}
                    prompt = options.pop("prompt", None)
                    with pytest.raises(InvalidParams) as caught:
                        await client.submit(prompt, model=route.name, mode=mode, **options)
                    assert f"{bound:g}" in caught.value.detail
                    refused += 1
        assert submits(box) == []
    print(f"{refused} values out of range were refused")
    assert refused > 400
