"""A real gateway on loopback, with a public address, that writes down how it is called and what it answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send
from tests.worlds import settings_for

from fluxroom.client import AsyncClient
from fluxroom.engine import Snapshot
from fluxroom.engine.transport import AiohttpTransport, InterruptedCallError
from fluxroom.providers import Call
from fluxroom.sandbox import Sandbox
from fluxroom.server import create_app


@dataclass(slots=True)
class Delivery:
    """One call to a callback address, as it came, and what was answered."""

    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    status: int = 0
    answer: bytes = b""

    @property
    def said(self) -> Any:
        """What we made of it: `used`, `known`, or the code of a problem."""
        told = json.loads(self.answer)
        return told.get("heard") or told["code"]


@dataclass(slots=True)
class Gate:
    """The running gateway."""

    app: FastAPI
    client: AsyncClient
    url: str
    deliveries: list[Delivery] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/hooks/"):
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        delivery = Delivery(scope["path"], headers)

        async def received() -> Message:
            message = await receive()
            delivery.body += message.get("body", b"")
            return message

        async def sent(message: Message) -> None:
            delivery.status = message.get("status", delivery.status)
            delivery.answer += message.get("body", b"")
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.deliveries.append(delivery)
            await send(message)

        await self.app(scope, received, sent)

    async def call(
        self, path: str, body: Any = b"{}", headers: Mapping[str, str] | None = None, *, method: str = "POST"
    ) -> Delivery:
        """Call the gateway from outside."""
        said = {"content-type": "application/json", **(headers or {})}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, data=body, headers=said) as response,
        ):
            return Delivery(path, said, status=response.status, answer=await response.read())

    async def again(self, delivery: Delivery, *, path: str = "", **changed: str) -> Delivery:
        """The same call once more, byte for byte."""
        headers = {n: v for n, v in delivery.headers.items() if n not in {"host", "content-length", "connection"}}
        return await self.call(path or delivery.path, delivery.body, {**headers, **changed})

    async def heard(self, number: int, *, seconds: float = 60.0) -> list[Delivery]:
        """Wait until so many calls came, and say what they were."""
        await until(lambda: len(self.deliveries) >= number, seconds=seconds)
        return self.deliveries[:number]

    async def ended(self, generation: str, *, seconds: float = 60.0) -> Snapshot:
        """Wait until the jobs are over; in doubt is not over, since a callback can still come."""

        async def over() -> Snapshot:
            while True:
                found = await self.client.snapshot(generation)
                if all(job.state in _OVER for job in found.jobs):
                    return found
                await asyncio.sleep(0.02)

        return await asyncio.wait_for(over(), seconds)

    async def in_state(self, generation: str, *states: str, seconds: float = 60.0) -> Snapshot:
        """Wait until the first job is in one of these states."""

        async def there() -> Snapshot:
            while True:
                found = await self.client.snapshot(generation)
                if found.jobs[0].state in states:
                    return found
                await asyncio.sleep(0.01)

        return await asyncio.wait_for(there(), seconds)


_OVER = {"succeeded", "failed", "moderated_input", "moderated_output", "cancelled", "lost", "abandoned"}


class Deaf(AiohttpTransport):
    """The real transport, to which no status is streamed."""

    async def stream(self, call: Call, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        raise InterruptedCallError(call.method)
        yield b""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def gateway(
    box: Sandbox, data: Path, *, port: int = 0, patient: bool = False, **more: Any
) -> AsyncIterator[Gate]:
    """A gateway that works against this sandbox and is called back by it.

    Args:
        box: the sandbox.
        data: its folder.
        port: where it listens; 0 for any.
        patient: it polls so rarely, and hears no streams, that only a callback can have made it ask.
        more: settings.
    """
    rarely: dict[str, Any] = {"poll_first": 25.0, "poll_max": 25.0} if patient else {}
    async with contextlib.AsyncExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = settings_for(box, data, **{"public_url": url, "bfl_webhook": True, **rarely, **more})
        client = AsyncClient(settings=settings, transport=Deaf() if patient else None, everyones=True)
        await stack.enter_async_context(client)
        gate = Gate(create_app(settings, client=client), client, url)
        config = uvicorn.Config(gate, log_config=None, access_log=False, server_header=False, ws="none")
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await until(lambda: server.started or task.done())
            yield gate
        finally:
            server.should_exit = True
            await task


async def until(seen: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Wait until something is so."""

    async def look() -> None:
        while not seen():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), seconds)
