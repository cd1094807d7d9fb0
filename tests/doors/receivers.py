"""Somebody who wants to be called back: a server that notes what it is sent and answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(slots=True)
class Receiver:
    """What came, and what to answer to the next calls (200 when nothing is left)."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def calls(self, number: int) -> list[tuple[dict[str, str], bytes]]:
        """The calls, once so many have come."""
        while len(self.came) < number:
            await asyncio.sleep(0.02)
        return self.came


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on this machine."""
    found = Receiver()

    async def note(request: web.Request) -> web.Response:
        found.came.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        status = found.answers.pop(0) if found.answers else 200
        return web.Response(status=status, headers={"location": "http://127.0.0.1:9/"} if status == 302 else {})

    app = web.Application()
    app.router.add_post("/hook", note)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield found
    finally:
        await runner.cleanup()
