"""Ways to the door: below /fal, through the proxy, and at the root of a port; and that nothing is forwarded."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from tests.doors.fal.queues import FAST, KEY
from tests.doors.openai.worlds import World

from fluxroom.server.doors.fal.addresses import ROOT, AtRoot, mapped

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("https://queue.fal.run/fal-ai/flux-2", "/fal/queue/fal-ai/flux-2"),
        ("https://fal.run/fal-ai/flux-2", "/fal/fal-ai/flux-2"),
        ("https://rest.fal.ai/storage/upload/initiate", "/fal/storage/upload/initiate"),
        ("https://rest.alpha.fal.ai/storage/upload/initiate", "/fal/storage/upload/initiate"),
    ],
)
def test_fals_hosts_have_their_place(target: str, path: str) -> None:
    assert mapped(target) == (path, "")


@pytest.mark.parametrize(
    "target",
    [
        "",
        "no address",
        "https://example.com/fal-ai/flux-2",
        "http://fal.run/fal-ai/flux-2",
        "https://fal.run.example.com/fal-ai/flux-2",
        "https://fal.run@example.com/fal-ai/flux-2",
        "https://fal.run:8443/fal-ai/flux-2",
        "https://fal.run/../v1/keys",
        "https://fal.run/%2e%2e/v1/keys",
        "https://fal.run/proxy",
        "https://fal.run:x/",
        "https://fal.run",
        "https://[::1/x",
    ],
)
async def test_nothing_else_is_reached_through_the_proxy(door: World, target: str) -> None:
    assert mapped(target) is None
    status, _, _ = await door.call("/fal/proxy", {"prompt": "x"}, {"x-fal-target-url": target})
    assert status == 412
    assert door.box.world.requests() == []


async def test_a_whole_request_through_the_proxy(door: World) -> None:
    def to(url: str) -> dict[str, str]:
        return {**KEY, "x-fal-target-url": url}

    status, headers, told = await door.call("/fal/proxy", {"prompt": "a fox"}, to(f"https://queue.fal.run/{FAST}"))
    assert (status, headers["x-fal-request-id"]) == (200, told["request_id"])
    await door.client.engine.wait(told["request_id"], 20)
    at = f"https://queue.fal.run/fal-ai/flux-2/requests/{told['request_id']}"
    status, _, now = await door.call("/fal/proxy", None, to(f"{at}/status?logs=1"), method="GET")
    assert (status, now["status"]) == (200, "COMPLETED")
    assert now["logs"]
    status, _, made = await door.call("/fal/proxy", None, to(at), method="GET")
    assert (status, len(made["images"])) == (200, 1)


async def test_an_error_keeps_its_shape_through_the_proxy(door: World) -> None:
    headers = {**KEY, "x-fal-target-url": f"https://fal.run/{FAST}"}
    status, _, told = await door.call("/fal/proxy", {}, headers)
    assert (status, told["detail"][0]["type"]) == (422, "missing")


async def test_the_guards_look_at_where_a_request_really_goes(door: World) -> None:
    headers = {**KEY, "x-fal-target-url": f"https://fal.run/{FAST}", "origin": "https://attacker.example"}
    status, _, told = await door.call("/fal/proxy", {"prompt": "x"}, headers)
    assert status == 403
    assert "attacker.example" in told["detail"]
    assert door.box.world.tasks() == []


async def seen_by(path: str, *, port: int = 7862, host: str = "127.0.0.1:7862") -> dict[str, Any]:
    """The scope that the application gets to see behind the port."""
    seen: dict[str, Any] = {}

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.update(scope)

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    scope = {
        "type": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"logs=1",
        "headers": [(b"host", host.encode())],
        "server": ("127.0.0.1", port),
    }
    await AtRoot(app, 7862)(scope, nothing, nothing)
    return seen


@pytest.mark.parametrize(
    ("path", "host", "found"),
    [
        ("/fal-ai/flux-2", "127.0.0.1:7862", "/fal/fal-ai/flux-2"),
        ("/queue/fal-ai/flux-2", "127.0.0.1:7862", "/fal/queue/fal-ai/flux-2"),
        ("/fal-ai/flux-2", "queue.localhost:7862", "/fal/queue/fal-ai/flux-2"),
        ("/queue/fal-ai/flux-2", "queue.localhost:7862", "/fal/queue/fal-ai/flux-2"),
        ("/v1/keys", "127.0.0.1:7862", "/fal/v1/keys"),
        ("/files/a/b/c.png", "127.0.0.1:7862", "/files/a/b/c.png"),
    ],
)
async def test_fals_paths_are_at_the_root_of_the_port(path: str, host: str, found: str) -> None:
    scope = await seen_by(path, host=host)
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == (found, found.encode(), b"logs=1")
    assert scope.get(ROOT) == (None if path.startswith("/files") else "")


async def test_on_every_other_port_nothing_changes() -> None:
    scope = await seen_by("/v1/models", port=7860)
    assert scope["path"] == "/v1/models"
    assert ROOT not in scope
