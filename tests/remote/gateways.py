"""A gateway on a real socket, in a thread of the tests' process."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any, Self

import uvicorn
from tests.server.calls import settings_at

from fluxroom.client import AsyncClient
from fluxroom.server import create_app
from fluxroom.settings import Settings, load

FAST = "flux-2-klein-4b"


class Gate:
    """A running gateway that can be stopped and started again at the same address.

    Args:
        folder: its data folder.
        settings: what differs from a fast sandbox.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = settings_at(folder, **settings)
        self.port = 0
        self.app: Any = None
        self._thread: threading.Thread | None = None
        self._server: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Gate:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(100)
        self.port = listening.getsockname()[1]
        self.app = create_app(self.settings)
        config = uvicorn.Config(
            self.app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1, lifespan="on"
        )
        self._server = uvicorn.Server(config)
        ready = threading.Event()

        def run() -> None:
            async def serve() -> None:
                assert self._server is not None
                task = asyncio.ensure_future(self._server.serve(sockets=[listening]))
                while not self._server.started and not task.done():
                    await asyncio.sleep(0.01)
                ready.set()
                await task

            asyncio.run(serve())

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert ready.wait(30)
        return self

    def stop(self) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self.app.state.gateway.closing.set()
            self._thread.join(20)
            assert not self._thread.is_alive()
        self._server = self._thread = None

    def client(self, **more: Any) -> AsyncClient:
        """A client of this gateway, without the environment of whoever runs the tests."""
        return AsyncClient(settings=client_settings(self.url, **more))


def client_settings(url: str, **more: Any) -> Settings:
    return load(**{"_env_file": None, "url": url, "wait": 30.0, **more})


class Drops:
    """A stretch of wire before a gateway that breaks when it is told to.

    Args:
        port: where the gateway listens.
        watched: how the paths of the POSTs begin whose answers may be swallowed.
    """

    def __init__(self, port: int, watched: str = "/v1/generations") -> None:
        self._target = port
        self._watched = f"POST {watched}".encode()
        self.swallow_answers = 0
        """Answers to a POST that never arrive: the gateway has done it, and nobody hears of it."""
        self.posts: list[bytes] = []
        self.cuts = 0
        self._open: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    def cut(self) -> None:
        """Break every connection that is open."""
        self.cuts += 1
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.append(writer)
        there, out = await asyncio.open_connection("127.0.0.1", self._target)

        async def up() -> None:
            while data := await reader.read(65536):
                if data.startswith(self._watched):
                    self.posts.append(data)
                out.write(data)
                await out.drain()
            out.close()

        async def down() -> None:
            while data := await there.read(65536):
                if self.swallow_answers and self.posts:
                    self.swallow_answers -= 1
                    break
                writer.write(data)
                await writer.drain()
            writer.transport.abort()

        tasks = [asyncio.ensure_future(up()), asyncio.ensure_future(down())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        writer.transport.abort()
        out.transport.abort()
        for task in tasks:
            task.cancel()


def made_key(folder: Path, name: str, **wish: Any) -> str:
    """A key of the gateway on this data folder; returns its secret."""
    from fluxroom.engine.keyring import Keyring, NewKey
    from fluxroom.store import open_store

    async def make(store: Any) -> str:
        return (await Keyring(store).create(NewKey(name=name, **wish)))[1]

    store = open_store(folder)
    try:
        return asyncio.run(make(store))
    finally:
        store.close()
