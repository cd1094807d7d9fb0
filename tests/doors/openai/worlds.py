"""A gateway over real sockets on a sandbox of its own, and OpenAI's own client that talks to it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from openai import AsyncOpenAI
from PIL import Image as Pillow
from tests.worlds import settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.sandbox import Sandbox
from fluxroom.server import create_app
from fluxroom.server.gateway import Gateway

FAST = "flux-2-klein-4b"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class World:
    """One gateway with its sandbox."""

    box: Sandbox
    client: AsyncClient
    url: str
    app: Any = None
    clients: list[AsyncOpenAI] = field(default_factory=list)

    @property
    def gateway(self) -> Gateway:
        """The gateway's own state."""
        found: Gateway = self.app.state.gateway
        return found

    def openai(self, **options: Any) -> AsyncOpenAI:
        """OpenAI's client with nothing changed but the base URL."""
        usual = {"base_url": f"{self.url}/openai/v1", "api_key": "sk-none", "max_retries": 0}
        self.clients.append(AsyncOpenAI(**{**usual, **options}))
        return self.clients[-1]

    async def left_behind(self, asking: Coroutine[Any, Any, Any]) -> None:
        """Ask, wait until the provider has the job, and hang up; until the gateway has noticed that."""
        before = len(submits(self.box))
        task = asyncio.ensure_future(asking)
        while len(submits(self.box)) == before:
            assert not task.done()
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        while any(claim.waiting for listed in self.app.state.openai_claims._open.values() for claim in listed):
            await asyncio.sleep(0.01)

    async def call(
        self, path: str, body: Any = None, headers: Mapping[str, str] | None = None, *, method: str = "POST"
    ) -> tuple[int, Mapping[str, str], Any]:
        """A plain request: status, headers, and the JSON or text of the answer."""
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, json=body, headers=dict(headers or {})) as response,
        ):
            is_json = response.content_type == "application/json"
            return response.status, response.headers, await (response.json() if is_json else response.text())

    async def bytes_at(self, url: str, method: str = "GET", **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """What anybody gets at an address, without a key."""
        async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as response:
            return response.status, response.headers, await response.read()


@contextlib.asynccontextmanager
async def world(data: Path, *, seconds: float = 0.1, **settings: Any) -> AsyncIterator[World]:
    """A running gateway; its pictures take `seconds`."""
    async with Sandbox() as box:
        box.world.set_duration(seconds)
        async with gateway(box, data, **settings) as running:
            yield running


@contextlib.asynccontextmanager
async def gateway(box: Sandbox, data: Path, **settings: Any) -> AsyncIterator[World]:
    """A running gateway on a sandbox that is already there."""
    chosen = settings_for(box, data, **settings)
    async with AsyncClient(settings=chosen, everyones=True) as client:
        app = create_app(chosen, client=client)
        listening = socket.create_server(("127.0.0.1", 0))
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1))
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            running = World(box, client, f"http://127.0.0.1:{listening.getsockname()[1]}", app)
            yield running
            for one in running.clients:
                await one.close()
        finally:
            app.state.gateway.closing.set()
            server.should_exit = True
            await serving


def photo(colour: str = "teal", size: tuple[int, int] = (320, 256), kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Pillow.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def clear_mask(size: tuple[int, int] = (320, 256)) -> bytes:
    """A mask in OpenAI's sense: its left half is clear, which is the half that may change."""
    image = Pillow.new("RGBA", size, (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def opened(data: bytes | str | None) -> Pillow.Image:
    """The picture behind bytes or base64, decoded whole."""
    assert data is not None
    image = Pillow.open(io.BytesIO(base64.b64decode(data) if isinstance(data, str) else data))
    image.load()
    return image


def uri(data: bytes, mime: str = "image/png") -> str:
    """The bytes as a data URI."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"
