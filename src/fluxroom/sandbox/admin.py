"""The sandbox's own routes: read the books, plan faults, set credits, caps and durations."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from fluxroom.sandbox.exchange import answer, read_json, world_of
from fluxroom.sandbox.faults import FAULTS


async def tasks(request: web.Request) -> web.Response:
    """``GET /admin/tasks``."""
    return answer(world_of(request).tasks())


async def requests(request: web.Request) -> web.Response:
    """``GET /admin/requests``."""
    return answer(world_of(request).requests())


async def peaks(request: web.Request) -> web.Response:
    """``GET /admin/peaks``."""
    return answer(world_of(request).peaks())


async def known_faults(_request: web.Request) -> web.Response:
    """``GET /admin/faults``."""
    return answer(FAULTS)


async def plan_fault(request: web.Request) -> web.Response:
    """``POST /admin/faults {"name", "provider"?, "endpoint"?, "key"?, "times"?, "value"?}``."""
    body: dict[str, Any] = await read_json(request)
    try:
        world_of(request).plan_fault(str(body.pop("name", "")), **body)
    except (ValueError, TypeError) as error:
        return answer({"detail": str(error)}, 422)
    return answer({"planned": True})


async def reset(request: web.Request) -> web.Response:
    """``POST /admin/reset``."""
    world_of(request).reset()
    return answer({"reset": True})


async def get_settings(request: web.Request) -> web.Response:
    """``GET /admin/{credits,caps,settings}``."""
    world = world_of(request)
    body = {
        "credits": world.credits(),
        "caps": world.caps(),
        "link_seconds": world.link_seconds(),
        "bill_moderated_output": world.bills_moderated_output(),
        "durations": world.books.setting("durations") or {},
    }
    name = request.match_info.get("name")
    return answer(body if name is None else body["caps"] if name == "caps" else {name: body[name]})


async def put_settings(request: web.Request) -> web.Response:
    """``PUT /admin/{credits,caps,durations,settings}``: any of the names that GET /admin/settings shows."""
    world, body = world_of(request), await read_json(request)
    name = request.match_info.get("name")
    if name in {"caps", "durations"}:
        body = {name: body}
    for key, value in body.items():
        if key == "credits":
            world.set_credits(float(value))
        elif key == "caps":
            world.set_caps({str(where): int(cap) for where, cap in value.items()})
        elif key == "durations":
            for endpoint, seconds in value.items():
                world.set_duration(None if seconds is None else float(seconds), endpoint=endpoint)
        elif key == "link_seconds":
            world.set_link_seconds(float(value))
        elif key == "bill_moderated_output":
            world.set_bills_moderated_output(billed=bool(value))
        else:
            return answer({"detail": f"no setting named {key}"}, 422)
    return answer({"set": list(body)})


_SETTINGS: Final = "{name:credits|caps|durations}"


def routes() -> list[web.RouteDef]:
    """The routes below ``/admin``."""
    return [
        web.get("/admin/tasks", tasks),
        web.get("/admin/requests", requests),
        web.get("/admin/peaks", peaks),
        web.get("/admin/faults", known_faults),
        web.post("/admin/faults", plan_fault),
        web.post("/admin/reset", reset),
        web.get("/admin/settings", get_settings),
        web.put("/admin/settings", put_settings),
        web.get(f"/admin/{_SETTINGS}", get_settings),
        web.put(f"/admin/{_SETTINGS}", put_settings),
    ]
