"""Stands between a database and its clients, and breaks a connection at the worst moment."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal, Self

Moment = Literal["before", "after"]


class Proxy:
    """Forwards to a port on loopback. `cut` breaks the next connections that say COMMIT.

    "before": the server never hears it. "after": the server carries it out, and nobody hears of that.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.cuts: list[Moment] = []
        self.away = False
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.hang_up()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await asyncio.sleep(0)  # for the transports' last words

    def cut(self, moment: Moment, times: int = 1) -> None:
        self.cuts += [moment] * times

    def hang_up(self) -> None:
        """Break all connections."""
        for writer in tuple(self._open):
            writer.transport.abort()

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.away:
            writer.transport.abort()
            return
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {writer, server_writer}
        deaf = asyncio.Event()
        try:
            await asyncio.gather(
                self._to_server(reader, server_writer, deaf), self._to_client(server_reader, writer, deaf)
            )
        finally:
            for one in (writer, server_writer):
                self._open.discard(one)
                one.transport.abort()

    async def _to_server(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, deaf: asyncio.Event) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if b"COMMIT" in data and self.cuts:
                    if self.cuts.pop(0) == "before":
                        break
                    deaf.set()
                server.write(data)
                await server.drain()
        server.transport.abort() if not deaf.is_set() else server.close()

    async def _to_client(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter, deaf: asyncio.Event) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if deaf.is_set():
                    break
                client.write(data)
                await client.drain()
        client.transport.abort()
