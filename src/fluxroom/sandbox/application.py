"""Puts the surfaces together into applications: all of them under prefixes, or one of fal's hosts at the root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from fluxroom.sandbox import admin, bfl_account, fal_api, fal_storage
from fluxroom.sandbox.bfl import submit
from fluxroom.sandbox.bfl_results import deliver, get_result, moved
from fluxroom.sandbox.exchange import MOUNTS, NOTES, WORLD, Mounts, keep_requests, new_id
from fluxroom.sandbox.fal_proxy import proxy
from fluxroom.sandbox.fal_queue import dispatch
from fluxroom.sandbox.fal_run import run
from fluxroom.sandbox.gallery import Gallery
from fluxroom.sandbox.media import GALLERY, elsewhere
from fluxroom.sandbox.webhooks import WEBHOOKS, Webhooks

if TYPE_CHECKING:
    from fluxroom.sandbox.world import World

_LARGEST_BODY = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shared:
    """What the applications of one sandbox have in common."""

    world: World
    gallery: Gallery
    webhooks: Webhooks


def build(shared: Shared, mounts: Mounts) -> web.Application:
    """An application that serves every surface where ``mounts`` says."""
    app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[keep_requests])
    app[WORLD], app[GALLERY], app[WEBHOOKS], app[MOUNTS] = shared.world, shared.gallery, shared.webhooks, mounts
    app.on_response_prepare.append(_name_request)
    app.add_routes(admin.routes())
    app.add_routes([web.route("*", "/elsewhere/{name:.*}", elsewhere)])
    app.add_routes(_bfl(mounts.bfl))
    app.add_routes(fal_storage.routes(mounts.rest, mounts.cdn))
    app.add_routes(fal_api.routes("/fal/api"))
    app.add_routes([web.route("*", "/fal/proxy", proxy)])
    # The hosts of the queue and of run take any path, so they come last.
    if mounts.run:
        app.add_routes([web.post(f"{mounts.run}/{{tail:.+}}", run)])
    if mounts.queue or not mounts.run:
        app.add_routes([web.route("*", f"{mounts.queue}/{{tail:.+}}", dispatch)])
    return app


def build_run(shared: Shared, mounts: Mounts) -> web.Application:
    """An application that serves fal's run host at its root."""
    app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[keep_requests])
    app[WORLD], app[GALLERY], app[WEBHOOKS], app[MOUNTS] = shared.world, shared.gallery, shared.webhooks, mounts
    app.on_response_prepare.append(_name_request)
    app.add_routes(fal_storage.routes(mounts.rest, mounts.cdn))
    app.add_routes([web.post("/{tail:.+}", run)])
    return app


def _bfl(prefix: str) -> list[web.RouteDef]:
    return [
        *bfl_account.routes(prefix),
        web.get(f"{prefix}/v1/get_result", get_result),
        web.get(f"{prefix}/v1/moved", moved),
        web.get(f"{prefix}/delivery/{{name}}", deliver),
        web.post(f"{prefix}/v1/{{endpoint:.+}}", submit),
    ]


async def _name_request(request: web.Request, response: web.StreamResponse) -> None:
    """Name each request. fal's clients take an answer without this header for a proxy's and repeat the request."""
    if not request.path.startswith(("/bfl", "/admin", "/elsewhere")) and not request[NOTES].bare:
        response.headers.setdefault("x-fal-request-id", request[NOTES].task or new_id())
