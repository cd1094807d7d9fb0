"""Connections that break, gateways that go away: nothing is made twice, nobody waits for nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.remote.gateways import FAST, Drops, Gate, client_settings

from fluxroom.client import AsyncClient
from fluxroom.errors import FluxroomError, GatewayUnreachable, InvalidKey, RequestError, WaitEnded
from fluxroom.remote import line
from fluxroom.types import Done, Running

pytestmark = pytest.mark.anyio


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.asynccontextmanager
async def answering(body: bytes | str = b"", status: int = 200, kind: str = "text/plain") -> AsyncIterator[str]:
    """Something that answers everything alike."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body if isinstance(body, bytes) else body.encode(), status=status, content_type=kind)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_an_answer_that_never_arrives_makes_no_second_generation(gate: Gate) -> None:
    async with Drops(gate.port) as wire, AsyncClient(settings=client_settings(wire.url)) as client:
        await client.jobs()
        wire.swallow_answers = 2
        generation = await client.submit("a fox", model=FAST, seed=1)
        found = await client.wait(generation)
        assert len(wire.posts) >= 2  # it was sent again, because nobody had answered
        keys = {post.lower().split(b"idempotency-key: ")[1].split(b"\r\n")[0] for post in wire.posts}
        assert len(keys) == 1
        assert [job.id for job in await client.jobs()] == [job.id for job in found.jobs]


async def test_two_requests_have_two_keys(gate: Gate) -> None:
    async with gate.client() as client:
        first, second = [await client.submit("a fox", model=FAST, seed=1) for _ in range(2)]
        assert first != second


async def test_a_gateway_that_was_never_there_is_told_at_once() -> None:
    port = free_port()
    async with AsyncClient(settings=client_settings(f"http://127.0.0.1:{port}")) as client:
        with pytest.raises(GatewayUnreachable) as told:
            await client.generate("a fox", model=FAST)
    assert str(port) in told.value.detail
    assert told.value.as_dict()["charge"] == "not_charged"
    assert "FLUXROOM_URL" in told.value.next_step


async def test_a_gateway_that_restarts_is_waited_for(gate: Gate) -> None:
    async with gate.client() as client:
        generation = await client.submit("a fox [[duration:1]]", model=FAST, seed=1)
        waiting = asyncio.ensure_future(client.wait(generation))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(gate.stop)
        assert not waiting.done()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(gate.start)
        found = await waiting
        assert [job.state for job in found.jobs] == ["succeeded"]
        assert [job.attempt for job in found.jobs] == [1]


async def test_a_stream_goes_on_after_a_restart_and_says_why_it_was_silent(gate: Gate) -> None:
    async with gate.client() as client:
        events: list[Any] = []
        heard = asyncio.Event()

        async def follow() -> None:
            async for event in client.stream("a fox [[duration:3]]", model=FAST, seed=1):
                events.append(event)
                heard.set()

        following = asyncio.ensure_future(follow())
        await heard.wait()
        while not any(isinstance(event, Running) for event in events):
            await asyncio.sleep(0.05)
        await asyncio.to_thread(gate.stop)
        while not any(event.why for event in events if not isinstance(event, Done)):
            await asyncio.sleep(0.05)
        await asyncio.to_thread(gate.start)
        await following
    assert "asking again" in next(event.why for event in events if not isinstance(event, Done) and event.why)
    assert [event.state for event in events if isinstance(event, Done)] == ["succeeded"]


async def test_state_events_are_not_told_twice_after_a_broken_stream(gate: Gate) -> None:
    async with Drops(gate.port) as wire, AsyncClient(settings=client_settings(wire.url)) as client:
        generation = await client.submit("a fox [[duration:2]]", model=FAST, seed=1)
        done = 0
        async for event in client.worker.events(generation):
            if isinstance(event, Running) and not done:
                wire.cut()
            done += isinstance(event, Done)
        assert done == 1
        assert wire.cuts >= 1


async def test_a_gateway_that_stays_away_ends_the_wait_with_what_to_do(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.3)
    async with gate.client() as client:
        generation = await client.submit("a fox [[duration:60]]", model=FAST)
        await asyncio.to_thread(gate.stop)
        with pytest.raises(GatewayUnreachable) as told:
            await client.wait(generation, 1.0)
    assert told.value.as_dict()["charge"] == "unknown"
    assert "goes on there" in told.value.next_step


async def test_waiting_for_a_slow_job_ends_in_time(gate: Gate) -> None:
    async with gate.client() as client:
        generation = await client.submit("a fox [[duration:60]]", model=FAST)
        began = time.monotonic()
        with pytest.raises(WaitEnded):
            await client.wait(generation, 0.2)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("body", "status", "error", "words"),
    [
        ("<html>Welcome</html>", 200, GatewayUnreachable, "no Fluxroom gateway"),
        ("<html>Not here</html>", 404, RequestError, "FLUXROOM_URL"),
        ("oh no", 500, GatewayUnreachable, "HTTP 500"),
        ("", 302, RequestError, "HTTP 302"),
    ],
)
async def test_something_else_that_answers(body: str, status: int, error: type[FluxroomError], words: str) -> None:
    async with answering(body, status) as url, AsyncClient(settings=client_settings(url)) as client:
        with pytest.raises(error, match=words):
            await client.jobs()
        with pytest.raises(error):
            await client.generate("a fox", model=FAST)


async def test_a_proxy_without_its_gateway_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "PATIENCE", 1.0)
    async with answering("bad gateway", 502) as url, AsyncClient(settings=client_settings(url)) as client:
        with pytest.raises(GatewayUnreachable, match="HTTP 502"):
            await client.jobs()


async def test_the_key_goes_to_the_gateway_and_nowhere_else() -> None:
    seen: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        if request.path == "/v1/jobs":
            raise web.HTTPFound("/elsewhere")
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with AsyncClient(base_url=url, api_key="flux_secret_123456") as client:
            with pytest.raises(FluxroomError) as raised:
                await client.jobs()
    finally:
        await runner.cleanup()
    assert [one["Authorization"] for one in seen] == ["Bearer flux_secret_123456"]  # a redirect is not followed
    assert "flux_secret" not in str(raised.value.as_dict())
    assert "flux_secret" not in repr(client.settings)


async def test_a_missing_key_says_which_variable_to_set() -> None:
    problem = (
        '{"type":"/problems/invalid_key","title":"x","status":401,"detail":"There is no key.","code":"invalid_key",'
        '"next":"Send it.","charge":"not_charged"}'
    )
    async with (
        answering(problem, 401, "application/problem+json") as url,
        AsyncClient(settings=client_settings(url)) as client,
    ):
        with pytest.raises(InvalidKey, match="There is no key") as raised:
            await client.generate("a fox", model=FAST)
    assert "FLUXROOM_API_KEY" in raised.value.next_step


async def test_a_picture_that_arrives_changed_is_not_given_out(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    async with gate.client() as client:
        generation = await client.submit("a fox", model=FAST, seed=1)
        found = await client.wait(generation)
        real = line.Line.call

        async def changed(self: line.Line, method: str, path: str, **more: Any) -> line.Answer:
            answer = await real(self, method, path, **more)
            if path.endswith("/file"):
                return line.Answer(answer.status, answer.headers, answer.body[:-1] + b"?")
            return answer

        monkeypatch.setattr(line.Line, "call", changed)
        with pytest.raises(GatewayUnreachable, match="did not arrive"):
            await client.images(found)


async def test_the_blocking_client_works_at_a_gateway(gate: Gate, tmp_path: Path) -> None:
    def work() -> tuple[int, str]:
        from fluxroom import Client

        with Client(base_url=gate.url, wait=30) as client:
            image = client.generate("a fox", model=FAST, seed=7)
            image.save(tmp_path / "fox.png")
            assert [job.id for job in client.jobs()] == [image.job]
            assert [type(event) for event in client.stream("b", model=FAST)][-1] is Done
            return image.seed or 0, client.snapshot(client.job(image.job).generation).generation.prompt

    assert await asyncio.to_thread(work) == (7, "a fox")
    assert (tmp_path / "fox.png").stat().st_size > 100


async def test_a_gateway_works_itself_even_where_the_address_of_one_is_set(tmp_path: Path) -> None:
    running = Gate(tmp_path / "own", url=f"http://127.0.0.1:{free_port()}").start()
    try:
        async with running.client() as client:
            assert (await client.generate("a fox", model=FAST, seed=1)).seed == 1
    finally:
        running.stop()


async def test_there_is_no_engine_in_a_client_of_a_gateway(gate: Gate) -> None:
    async with gate.client() as client:
        with pytest.raises(RuntimeError, match=gate.url):
            _ = client.engine


async def test_many_at_once(gate: Gate) -> None:
    async with gate.client() as client:
        images = await asyncio.gather(*(client.generate(f"{n}", model=FAST, seed=n) for n in range(20)))
        assert sorted(image.seed or 0 for image in images) == list(range(20))
        assert len({image.sha256 for image in images}) == 20
    assert threading.active_count() < 100
