"""Every answer of both providers that is published or was captured, produced by the sandbox.

A golden file says with ``ask`` how to get its answer, in ``exact`` which keys of the body must be equal (``*``: the
whole body); everything else must have the same keys and the same kinds of values.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web

if TYPE_CHECKING:
    from tests.sandbox.conftest import Answer, Caller, Clock

pytestmark = pytest.mark.anyio
FOLDER = Path(__file__).parents[1] / "golden" / "provider_bodies"
FILES = [(path.parent.name, path) for path in sorted(FOLDER.glob("*/*.json"))]
SECONDS = 10.0
KEYS = {"bfl": {"x-key": "k"}, "fal": {"Authorization": "Key a:b"}}


def kind(value: Any) -> str:
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def same_shape(golden: Any, found: Any, at: str = "body") -> None:
    assert kind(golden) == kind(found), at
    if isinstance(golden, dict):
        assert set(golden) == set(found), at
        for name in golden:
            same_shape(golden[name], found[name], f"{at}.{name}")
    elif isinstance(golden, list) and golden:
        assert found, at
        for index, item in enumerate(found):
            same_shape(golden[min(index, len(golden) - 1)], item, f"{at}[{index}]")


def base_of(call: Caller, provider: str, path: str) -> str:
    box = call.box
    for word, url in (("REST", box.fal_rest_url), ("CDN", box.fal_cdn_url), ("API", box.fal_api_url)):
        if path.startswith(word):
            return url + path.removeprefix(word)
    return (box.bfl_url if provider == "bfl" else box.fal_queue_url) + path


async def plain(call: Caller, provider: str, ask: dict[str, Any]) -> Answer:
    (method,) = {"get", "post", "put"} & set(ask)
    url = base_of(call, provider, ask[method])
    return await call.request(method.upper(), url, json=ask.get("body"), headers=KEYS[provider])


async def submit(call: Caller, provider: str, ask: dict[str, Any]) -> Answer:
    headers = {**KEYS[provider], "Content-Type": "application/json", **ask.get("headers", {})}
    base = f"{call.box.bfl_url}/v1" if provider == "bfl" else call.box.fal_queue_url
    if ask["then"] == "run":
        base = call.box.fal_run_url
    raw = ask["raw"].encode() if "raw" in ask else orjson.dumps(ask["body"])
    return await call.request("POST", f"{base}/{ask['submit']}{ask.get('query', '')}", data=raw, headers=headers)


async def later(call: Caller, provider: str, ask: dict[str, Any], submitted: dict[str, Any]) -> Answer:
    if provider == "bfl":
        return await call.bfl_poll(submitted["id"])
    words, answer = ask["then"], None
    if words.startswith("cancel"):
        answer = await call.request("PUT", submitted["cancel_url"], headers=KEYS["fal"])
    if words == "cancel":
        assert answer is not None
        return answer
    if words.startswith("status"):
        return await call.fal_get(submitted["status_url"] + words.removeprefix("status"))
    return await call.fal_get(submitted["response_url"])


async def asked(call: Caller, clock: Clock, provider: str, ask: dict[str, Any]) -> Answer:
    if "submit" not in ask:
        return await plain(call, provider, ask)
    world = call.box.world
    world.set_duration(SECONDS)
    if "credits" in ask:
        world.set_credits(ask["credits"])
    world.set_caps(ask.get("caps", {}))
    for number in range(ask.get("before", 0)):
        await call.fal("fal-ai/flux-2", {"prompt": str(number)})
    answer = await submit(call, provider, ask)
    if ask["then"] in {"submit", "run"}:
        return answer
    assert answer.status == 200, answer.raw
    clock.forward(SECONDS * ask["at"])
    return await later(call, provider, ask, answer.json())


async def delivered(call: Caller, provider: str, ask: dict[str, Any]) -> dict[str, Any]:
    """The webhook that follows a submit."""
    got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def take(request: web.Request) -> web.Response:
        got.set_result(await request.read())
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/hook", take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    if provider == "bfl":
        ask = {**ask, "body": {**ask["body"], "webhook_url": hook}}
    await submit(call, provider, {**ask, "query": f"?fal_webhook={hook}"})
    body: dict[str, Any] = orjson.loads(await got)
    await runner.cleanup()
    return body


def read(path: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = orjson.loads(path.read_bytes())
    return parsed


def check(golden: dict[str, Any], body: Any) -> None:
    if golden["exact"] == ["*"]:
        assert body == golden["body"]
        return
    for name in golden["exact"]:
        assert body[name] == golden["body"][name], name
    same_shape(golden["body"], body)


@pytest.mark.parametrize(("provider", "path"), FILES, ids=[f"{name}-{path.stem}" for name, path in FILES])
async def test_the_sandbox_gives_this_answer(call: Caller, provider: str, path: Path) -> None:
    golden = read(path)
    ask = golden["ask"]
    if ask.get("then") == "webhook":
        check(golden, await delivered(call, provider, ask))
        return
    answer = await asked(call, call.stop_clock(), provider, ask)
    assert answer.status == golden["status"], answer.raw
    for name, value in golden.get("headers", {}).items():
        assert answer.headers[name] == value
    check(golden, answer.json())


def test_every_golden_file_names_its_source() -> None:
    assert len(FILES) > 90
    for _, path in FILES:
        assert read(path)["source"]
