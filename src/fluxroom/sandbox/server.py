"""The sandbox as something that starts and stops: its ports, its addresses and its command."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl

    from aiohttp import web

    from fluxroom.sandbox.application import Shared
    from fluxroom.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Stub:
    """Answer every task with fixed bytes of this size after this time: for benchmarks."""

    size: int = 100_000
    seconds: float = 0.0


class Sandbox:
    """Both providers over HTTP on loopback, in the caller's event loop.

    ``books`` is an SQLite file that keeps the world between processes (None: in memory), ``regional`` puts BFL's
    polling and delivery on ports of their own, ``tls`` adds fal's hosts over https (certificate in ``tls_folder``),
    ``speed`` 10 makes every model ten times faster.
    """

    def __init__(
        self,
        books: Path | None = None,
        host: str = "127.0.0.1",
        *,
        port: int = 0,
        regional: bool = False,
        tls: bool | Path = False,
        stub: Stub | None = None,
        speed: float = 1.0,
    ) -> None:
        self._books = books
        self._host = host
        self._port = port
        self._regional = regional
        self._tls = tls
        self._stub = stub
        self._speed = speed
        self._world: World | None = None
        self._shared: Shared | None = None
        self._runners: list[web.BaseRunner] = []
        self._ports: dict[str, int] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tls_context: ssl.SSLContext | None = None
        self.certificate: Path | None = None

    @property
    def world(self) -> World:
        """The state of both providers, to read the books and to plan faults."""
        if self._world is None:
            raise RuntimeError("the sandbox has no world before start() and in stub mode")
        return self._world

    def _at(self, name: str, scheme: str = "http") -> str:
        return f"{scheme}://{self._host}:{self._ports[name]}"

    @property
    def url(self) -> str:
        """The sandbox's own address."""
        return self._at("main")

    @property
    def bfl_url(self) -> str:
        """BFL's address, without ``/v1``."""
        return f"{self.url}/bfl"

    @property
    def fal_queue_url(self) -> str:
        """The queue's address: ``POST {fal_queue_url}/fal-ai/flux-2``."""
        return f"{self.url}/fal/queue"

    @property
    def fal_run_url(self) -> str:
        """The synchronous host's address."""
        return f"{self.url}/fal/run"

    @property
    def fal_rest_url(self) -> str:
        """The storage's and the webhook keys' address."""
        return f"{self.url}/fal/rest"

    @property
    def fal_cdn_url(self) -> str:
        """Where files are uploaded to and served from."""
        return f"{self.url}/fal/cdn"

    @property
    def fal_api_url(self) -> str:
        """The catalogue's address (``/v1/models``)."""
        return f"{self.url}/fal/api"

    @property
    def tls_url(self) -> str:
        """The sandbox's own address over https."""
        return self._at("tls", "https")

    @property
    def fal_client_environment(self) -> dict[str, str]:
        """What fal's Python client needs in its environment to talk to this sandbox; only with ``tls``."""
        return {
            "FAL_KEY": "sandbox:key",
            "FAL_RUN_HOST": f"{self._host}:{self._ports['run']}",
            "FAL_QUEUE_RUN_HOST": f"{self._host}:{self._ports['queue']}",
            "SSL_CERT_FILE": str(self.certificate),
        }

    @property
    def fluxroom_environment(self) -> dict[str, str]:
        """What Fluxroom needs in its environment to talk to this sandbox."""
        return {
            "FLUXROOM_BFL_URL": self.bfl_url,
            "FLUXROOM_FAL_QUEUE_URL": self.fal_queue_url,
            "FLUXROOM_FAL_RUN_URL": self.fal_run_url,
            "FLUXROOM_FAL_REST_URL": self.fal_rest_url,
            "FLUXROOM_FAL_API_URL": self.fal_api_url,
            "BFL_API_KEY": "sandbox",
            "FAL_KEY": "sandbox:key",
        }

    async def start(self) -> None:
        """Listen."""
        if self._stub is not None:
            from fluxroom.sandbox.stub import stub_runner

            await self._listen("main", stub_runner(self._stub.size, self._stub.seconds), self._port)
            return
        from fluxroom.sandbox.application import Shared
        from fluxroom.sandbox.gallery import Gallery
        from fluxroom.sandbox.webhooks import Webhooks
        from fluxroom.sandbox.world import World

        self._world = World(self._books, speed=self._speed)
        gallery = Gallery(self._world.books)
        self._shared = Shared(self._world, gallery, Webhooks(self._world, gallery))
        await self._listen_all(self._shared)
        self._shared.webhooks.start({"bfl": self.bfl_url, "fal": self.fal_cdn_url})

    async def _listen_all(self, shared: Shared) -> None:
        from fluxroom.sandbox.application import build, build_run
        from fluxroom.sandbox.exchange import Mounts

        mounts = Mounts()
        if self._regional:
            await self._listen("delivery", build(shared, Mounts()))
            delivery = f"{self._at('delivery')}/bfl"
            await self._listen("polling", build(shared, Mounts(delivery=delivery)))
            mounts = Mounts(polls=False, polling=f"{self._at('polling')}/bfl", delivery=delivery)
        if self._tls:
            context = self._context()
            await self._listen("tls", build(shared, mounts), context=context)
            await self._listen("run", build_run(shared, Mounts(run="")), context=context)
            await self._listen("queue", build(shared, Mounts(queue="", run="")), context=context)
        await self._listen("main", build(shared, mounts), self._port)

    def _context(self) -> ssl.SSLContext:
        from fluxroom.sandbox.tls import server_context

        folder = self._tls
        if not isinstance(folder, Path):
            self._folder = tempfile.TemporaryDirectory(prefix="fluxroom-sandbox-")
            folder = Path(self._folder.name)
        self.certificate, self._tls_context = server_context(folder, self._host)
        return self._tls_context

    async def _listen(self, name: str, app: Any, port: int = 0, *, context: ssl.SSLContext | None = None) -> None:
        from aiohttp import web

        runner: web.BaseRunner = (
            app if isinstance(app, web.BaseRunner) else web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        )
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, self._host, port, ssl_context=context, reuse_address=True).start()
        self._ports[name] = int(runner.addresses[-1][1])

    async def refuse_connections(self) -> None:
        """Stop listening on every port, so that connections are refused, and close those that are open."""
        for runner in self._runners:
            for site in list(runner.sites):
                await site.stop()
            if runner.server is not None:
                for connection in runner.server.connections:
                    connection.force_close()

    async def accept_connections(self) -> None:
        """Listen again on the same ports."""
        from aiohttp import web

        for runner, (name, port) in zip(self._runners, self._ports.items(), strict=True):
            context = self._tls_context if name in {"tls", "run", "queue"} else None
            await web.TCPSite(runner, self._host, port, ssl_context=context, reuse_address=True).start()

    async def stop(self) -> None:
        """Close all ports; the books file stays."""
        if self._shared is not None:
            await self._shared.webhooks.stop()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
        if self._world is not None:
            await self._world.finish()
            self._world.books.close()
        if self._folder is not None:
            self._folder.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    regional: bool = False,
    tls: bool | Path = False,
    stub: Stub | None = None,
    books: Path | None = None,
    speed: float = 1.0,
) -> None:
    """Run until cancelled and print where, with the environment that points clients here."""
    async with Sandbox(books, host, port=port, regional=regional, tls=tls, stub=stub, speed=speed) as box:
        print(_greeting(box, with_tls=bool(tls) and stub is None), flush=True)  # noqa: T201  this is a command's output
        await asyncio.Event().wait()


def _greeting(box: Sandbox, *, with_tls: bool) -> str:
    lines = [f"Sandbox of BFL and fal on {box.url} (nothing here costs money)", ""]
    lines += [f"{name}={value}" for name, value in box.fluxroom_environment.items()]
    if with_tls:
        lines += ["", "# fal's own Python client:"]
        lines += [f"{name}={value}" for name, value in box.fal_client_environment.items()]
    return "\n".join(lines)
