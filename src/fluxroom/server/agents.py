"""`/mcp`: the tools for agents, under the caller's own key, scopes and budgets.

The official SDK is imported and started when the first agent calls: it takes half a second that nobody else should
wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from fluxroom import records
from fluxroom.errors import NotFound, ScopeMissing
from fluxroom.server.access import callers
from fluxroom.server.access.callers import SCOPE_KEY, Caller
from fluxroom.server.doors.links import links
from fluxroom.server.generations.references import client_options
from fluxroom.server.schemas import GenerationBody
from fluxroom.store import images, library
from fluxroom.store.keys import Scope as KeyScope

if TYPE_CHECKING:
    from starlette.requests import Request

    from fluxroom.engine import Snapshot
    from fluxroom.server.gateway import Gateway
    from fluxroom.store.library import Picture
    from fluxroom.types import Event, Plan

PATH = "/mcp"


class Agents:
    """The tools as an application of its own.

    Args:
        gateway: where the work is done.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._ready: asyncio.Future[ASGIApp] | None = None
        self._life: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an agent."""
        if self._ready is None:
            self._ready = asyncio.get_running_loop().create_future()
            self._life = asyncio.create_task(self._live(self._ready))
        app = await asyncio.shield(self._ready)
        await app(scope, receive, send)

    async def _live(self, ready: asyncio.Future[ASGIApp]) -> None:
        """Keep the SDK's sessions open until the gateway stops."""
        try:
            serving = await asyncio.to_thread(import_module, "fluxroom.mcp.serving")
            security = import_module("mcp.server.transport_security")
            server = serving.server(self._desk)
            app = server.streamable_http_app(
                streamable_http_path=PATH,
                stateless_http=True,  # any process of a fleet may answer
                # The doorkeeper has looked at host and origin already, and knows which are ours.
                transport_security=security.TransportSecuritySettings(enable_dns_rebinding_protection=False),
            )
            async with server.session_manager.run():
                ready.set_result(app)
                await self._gateway.closing.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
                self._ready = None  # the next agent tries again
            raise

    def _desk(self, context: Any) -> GatewayDesk:
        request: Request = context.request_context.request
        return GatewayDesk(self._gateway, request)


class GatewayDesk:
    """The desk of one caller (`fluxroom.mcp.desks.Desk`): everything is checked as the native API checks it.

    Args:
        gateway: where the work is done.
        request: the call, with its caller.
    """

    def __init__(self, gateway: Gateway, request: Request) -> None:
        self._gateway = gateway
        self._request = request
        self._caller: Caller = request.scope[SCOPE_KEY]

    async def quote(self, prompt: Any, model: str, options: Mapping[str, Any]) -> Plan:
        """What a request would become and cost."""
        self._may("generate")
        named = await self._options(prompt, model, options)
        return (await self._gateway.client.plan_with(prompt, named.pop("model"), named))[1]

    async def order(self, prompt: Any, model: str, options: Mapping[str, Any]) -> str:
        """Send a request under the caller's budgets and caps."""
        self._may("generate")
        named = await self._options(prompt, model, options)
        return await callers.order(self._gateway, self._caller, prompt, named.pop("model"), named)

    async def events(self, generation: str) -> AsyncGenerator[Event, None]:
        """What happens to a generation of the caller's."""
        self._may("generate")
        await callers.snapshot(self._gateway, self._caller, generation)
        async for event in self._gateway.engine.events(generation):
            if self._gateway.closing.is_set():
                return
            yield event

    async def snapshot(self, part: str) -> Snapshot:
        """A generation of the caller's, by its id or by that of one of its jobs."""
        if "generate" not in self._caller.scopes:
            self._may("read")
        try:
            return await callers.snapshot(self._gateway, self._caller, part)
        except NotFound:
            found = await records.record(self._gateway.engine.store, part, owner=self._caller.only)
            return await callers.snapshot(self._gateway, self._caller, found.generation.id)

    async def search(self, words: str, *, model: str, limit: int, before: str) -> list[Picture]:
        """The caller's pictures whose prompt has these words."""
        from fluxroom import catalog

        self._may("read")
        named, provider, _ = catalog.find(model) if model else (None, None, None)
        wanted = library.Wanted(
            words=words, model=named.id if named else "", provider=provider or "", owner=self._caller.only
        )
        work = partial(library.page, wanted=wanted, limit=limit, before=before)
        return await self._gateway.engine.store.database.read(work)

    async def picture(self, image_id: str) -> Picture:
        """One of the caller's pictures."""
        if "generate" not in self._caller.scopes:
            self._may("read")
        work = partial(library.some, owner=self._caller.only, ids=[image_id])
        found = await self._gateway.engine.store.database.read(work)
        if not found:
            raise NotFound(f"There is no image {image_id[:40]!r}.", advice="Find it with search_images.")
        return found[0]

    async def file(self, picture: Picture) -> bytes:
        """A picture's bytes."""
        return await asyncio.to_thread(self._gateway.engine.store.blobs.get, picture.sha256)

    async def link(self, picture: Picture) -> str:
        """An address that a person can open, without a key."""
        stored = await self._gateway.engine.store.database.read(partial(images.get, image_id=picture.id))
        return (await links(self._gateway, self._request)).of(stored) if stored else ""

    def _may(self, scope: KeyScope) -> None:
        if scope not in self._caller.scopes:
            raise ScopeMissing(f"This key may not do this: it needs {scope}.", scope=scope, owner=self._caller.owner)

    async def _options(self, prompt: Any, model: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options as the native API takes them: every picture is one that the caller may name."""
        body = GenerationBody.model_validate({**options, "prompt": prompt, "model": model})
        return await client_options(self._gateway, self._caller, body)
