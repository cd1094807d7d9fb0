"""The gateway as a process: its socket, its words on the terminal, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any, Literal

import uvicorn

from fluxroom.client import AsyncClient
from fluxroom.engine.accounts import in_sandbox
from fluxroom.engine.keyring import Keyring
from fluxroom.errors import LocalError
from fluxroom.interpreter import event_loop, tune
from fluxroom.logs import configure
from fluxroom.server.access.perimeter import perimeter
from fluxroom.server.access.tls import Certificate, certificate
from fluxroom.server.app import DRAIN, create_app
from fluxroom.server.doors.fal import AtRoot
from fluxroom.server.duties import on_duty
from fluxroom.server.gateway import running_version
from fluxroom.settings import BadSettings, Settings, is_loopback, listed
from fluxroom.store import open_store
from fluxroom.types import PROVIDERS

_MOST_CONNECTIONS = 4096
"""Connections at once; whoever comes then is told 503."""

_FILES_BESIDE = 1024
"""Open files besides callers' connections: the database, pictures, calls to the providers."""

_LAST_ANSWERS = 2
"""Seconds for answers under way once the gateway is told to stop."""


def serve(settings: Settings) -> None:
    """Run the gateway until SIGINT or SIGTERM; then end within ten seconds. Running jobs stay resumable.

    Raises:
        BadSettings: others can reach the address, and there is no key yet.
        LocalError: the port is taken or may not be used.
        StorageFull, StorageUnwritable: the data folder cannot be used.
    """
    tune()
    allow_files(_MOST_CONNECTIONS + _FILES_BESIDE)
    listening = [listen(settings.host, settings.port)]
    configure(settings)
    try:
        if settings.fal_port is not None:
            listening.append(listen(settings.host, settings.fal_port))
        with asyncio.Runner(loop_factory=event_loop) as runner:
            runner.run(_run(settings, listening))
    finally:
        for one in listening:
            one.close()


def allow_files(wanted: int) -> None:
    """Have room for so many open files, as far as the system lets this process: every connection is one.

    Many systems begin with 1,024; a gateway without a free one accepts nobody and opens no picture.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def listen(host: str, port: int) -> socket.socket:
    """A socket that waits for callers.

    Raises:
        BadSettings: this is no address.
        LocalError: the port is taken or may not be used.
    """
    shown = f"[{host}]" if ":" in host else host
    found, address = _resolved(host, shown, port)
    try:
        if sys.platform != "win32":  # there, this option lets two programs share a port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(2048)
    except OSError as error:
        found.close()
        raise _port_trouble(shown, port, error) from None
    return found


def _resolved(host: str, shown: str, port: int) -> tuple[socket.socket, Any]:
    wrong = f"FLUXROOM_HOST and FLUXROOM_PORT: {shown}:{port} is no address"
    if not 0 <= port <= 65535:  # some systems would take it modulo 65536
        raise BadSettings(f"{wrong} (ports go from 0 to 65535).")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.socket(family, socket.SOCK_STREAM), address
    except OSError as error:
        raise BadSettings(f"{wrong} ({error}).") from None


def _port_trouble(host: str, port: int, error: OSError) -> LocalError:
    if error.errno == errno.EADDRINUSE:
        return LocalError(
            f"Port {port} is taken: another program, perhaps another gateway, listens on {host}:{port}.",
            advice=f"Open http://{host}:{port} to see what it is, or use another port: FLUXROOM_PORT={port + 1}.",
        )
    return LocalError(
        f"The gateway cannot listen on {host}:{port}: {error.strerror or error}.",
        advice="Use another port: FLUXROOM_PORT=7860.",
    )


async def require_key(settings: Settings) -> None:
    """See that nobody but this machine's user can reach a gateway for which no key was made.

    Raises:
        BadSettings: others can, and there is none.
    """
    if not perimeter(settings).keyed:
        return
    store = await asyncio.to_thread(open_store, settings.data_folder, settings.database, settings.blobs)
    try:
        if await Keyring(store).any_usable():
            return
    finally:
        store.close()
    where = settings.host if not is_loopback(f"http://{settings.host}") else settings.public_url or settings.hosts
    raise BadSettings(
        f"Others can reach this gateway ({where}), and it has no key yet: whoever reaches it could spend your money.",
        advice="Make a key first: fluxroom keys create NAME. Or use it on this machine alone: FLUXROOM_HOST=127.0.0.1.",
        field="FLUXROOM_HOST",
    )


async def _run(settings: Settings, listening: list[socket.socket]) -> None:
    await require_key(settings)
    safe = await asyncio.to_thread(certificate, settings)
    client = AsyncClient(settings=settings, everyones=True)
    async with client:
        app = create_app(settings, client=client)
        fal_port = listening[-1].getsockname()[1] if len(listening) > 1 else None
        config = uvicorn.Config(
            AtRoot(app, fal_port) if fal_port else app,
            ssl_certfile=safe.certificate if safe else None,
            ssl_keyfile=safe.key if safe else None,
            log_config=None,
            log_level="error",  # whoever sends junk must not fill the log with it
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing depends on a caller's address, and believing them would let callers lie
            ws="none",
            lifespan="off",  # the client is opened and closed here
            timeout_graceful_shutdown=_LAST_ANSWERS,
            timeout_keep_alive=30,
            limit_concurrency=_MOST_CONNECTIONS,
            http=_protocol(),
        )
        words = greeting(settings, listening[0], safe=safe, fal_port=fal_port)
        server = _Server(config, app.state.gateway.closing, words)
        try:
            async with on_duty(app.state.gateway):
                await server.serve(sockets=listening)
        finally:
            app.state.gateway.closing.set()
            await client.close(DRAIN)
    _say("Fluxroom has stopped. Pictures that were under way are fetched when it starts again.\n")


class _Server(uvicorn.Server):
    """Uvicorn with its last moments our way.

    Its own signal handling raises the signal again once it has stopped, which would end the process before the
    engine has put its jobs down.
    """

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event, words: str) -> None:
        super().__init__(config)
        self._closing = closing
        self._words = words

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {name: signal.signal(name, self._told(loop)) for name in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)

    def _told(self, loop: asyncio.AbstractEventLoop) -> Callable[[int, FrameType | None], None]:
        def stop(_signal: int, _frame: FrameType | None) -> None:
            self.force_exit = self.should_exit  # the second time, do not wait for answers under way
            self.should_exit = True
            loop.call_soon_threadsafe(self._closing.set)

        return stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _say(self._words)


def greeting(
    settings: Settings, listening: socket.socket, *, safe: Certificate | None = None, fal_port: int | None = None
) -> str:
    """What runs, where, with what, and what to do next."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  every address: this machine's is one
    shown = f"[{host}]" if ":" in host else host
    address = f"{'https' if safe else 'http'}://{shown}:{port}"
    curl = f"curl --cacert {safe.certificate}" if safe and safe.own else "curl"
    keyed = perimeter(settings).keyed
    proof = ' \\\n      -H "Authorization: Bearer $FLUXROOM_API_KEY"' if keyed else ""
    if in_sandbox(settings):
        with_what = "the sandbox: pictures are free and made up; set BFL_API_KEY or FAL_KEY in .env for real ones"
    else:
        names = {"bfl": "Black Forest Labs", "fal": "fal.ai"}
        with_what = " and ".join(
            names[provider]
            for provider in PROVIDERS
            if settings.key(provider) or is_loopback(settings.submit_url(provider))
        )
        with_what += ": pictures cost money" if with_what else "no provider: set BFL_API_KEY or FAL_KEY in .env"
    # In a checkout the command line is not on the path: say the name under which it can be called.
    command = "fluxroom" if shutil.which("fluxroom") else ".venv/bin/fluxroom"
    return f"""Fluxroom {running_version()} is running.

  page      {address}
  works on  {with_what}
  data      {settings.data_folder}
  callers   {_callers(settings, keyed=keyed, safe=safe is not None)}
{_for_fal_client(f"{shown}:{fal_port}", safe) if fal_port else ""}
Next:
  open {address} in a browser, or make a picture from another terminal:
    {command} generate "a red fox in fresh snow" -o fox.png
    {curl} {address}/v1/generations -H 'Content-Type: application/json' -H 'Prefer: wait=60'{proof} \\
      -d '{{"prompt": "a red fox in fresh snow", "model": "flux-2-pro"}}'
  or from Python:
    from fluxroom import Client
    with Client() as client:
        client.generate("a red fox in fresh snow", model="flux-2-pro").save("fox.png")

Stop with Ctrl-C; pictures under way are kept.
"""


def _for_fal_client(at: str, safe: Certificate | None) -> str:
    """What fal's Python client needs in its environment, which speaks https only."""
    if not safe:
        return f"  fal       http://{at} (fal's Python client needs https: --tls)\n"
    trust = f" SSL_CERT_FILE={safe.certificate}" if safe.own else ""
    return f"  fal       FAL_RUN_HOST={at} FAL_QUEUE_RUN_HOST={at}/queue{trust}\n"


def _callers(settings: Settings, *, keyed: bool, safe: bool = False) -> str:
    """Who may come, and how safe their way is."""
    if not keyed:
        return "this machine only, without a key"
    names = ", ".join(filter(None, (settings.public_url, *listed(settings.hosts))))
    bare = "; put TLS before it (or use --tls), or keys travel unprotected"
    warning = "" if safe or settings.public_url.startswith("https://") else bare
    return f"everybody with a key{f', under {names}' if names else ''}{warning}"


def _protocol() -> type[asyncio.Protocol] | Literal["auto"]:
    """Our connections where httptools is; else uvicorn's own, which limits heads by itself."""
    try:
        from fluxroom.server.connections import Connection
    except ImportError:
        return "auto"
    return Connection


def _say(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()
