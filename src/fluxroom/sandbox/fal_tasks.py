"""Turns one submit at fal into a task: the run's end is decided here and told when its time has come."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from fluxroom.sandbox import prices, sizes
from fluxroom.sandbox.complaints import truth
from fluxroom.sandbox.exchange import MOUNTS, Refused, answer, headers_kept, new_id, origin, shorten, world_of
from fluxroom.sandbox.fal_catalog import app_of, apps, bfl_hosted, endpoints
from fluxroom.sandbox.fal_errors import failure, invalid
from fluxroom.sandbox.fal_validation import check_input, silent_limit
from fluxroom.sandbox.media import GALLERY
from fluxroom.sandbox.moderation import tripped
from fluxroom.sandbox.pictures import FAL_LIMITS, InputPicture, Limits
from fluxroom.sandbox.references import load_pictures
from fluxroom.sandbox.tasks import Task
from fluxroom.sandbox.world import key_id_of

if TYPE_CHECKING:
    from aiohttp import web

    from fluxroom.sandbox.switches import Asked

_NO_KEY: Final = "Authentication is required to access this application."
_FILE_FIELDS: Final = (
    "image_url",
    "human_image_url",
    "garment_image_url",
    "reference_image_url",
    "control_lora_image_url",
)
_MASK_FIELDS: Final = ("mask_url", "mask_image_url", "change_map_image_url")
_FLUX_3_EDIT: Final = Limits(FAL_LIMITS.max_bytes, 4 * sizes.MEGAPIXEL, min_side=256)


def authorised(request: web.Request) -> str | None:
    """The key of a request, None when there is none that holds. Any key is good but one with "bad" or "invalid"."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() not in {"key", "bearer"} or not key or "bad" in key or "invalid" in key:
        return None
    return key


def require_key(request: web.Request) -> str:
    """The key of a request; Refused with 401 when it does not hold."""
    key = authorised(request)
    if key is None:
        raise Refused(answer({"detail": _NO_KEY}, 401))
    return key


def require_app(endpoint: str) -> None:
    """Refused with 404 when no app of this name exists. A path inside a known app is judged by the run."""
    if app_of(endpoint) not in apps():
        name = app_of(endpoint).partition("/")[2]
        raise Refused(answer({"detail": f"Application '{name}' not found"}, 404))


def image_inputs(endpoint: str, values: dict[str, Any]) -> list[tuple[list[str | int], str]]:
    """The references of an input in their order, each with where it stands. Those over a silent limit are not read."""
    field = endpoints()[endpoint]["fields"].get("image_urls", {})
    several = values.get("image_urls") or []
    several = several[: silent_limit(field) or len(several)]
    found: list[tuple[list[str | int], str]] = [
        (["body", "image_urls", index], url) for index, url in enumerate(several)
    ]
    found += [(["body", name], values[name]) for name in _FILE_FIELDS if isinstance(values.get(name), str)]
    return found


async def make_task(request: web.Request, endpoint: str, body: Any, asked: Asked) -> Task:
    """Read the input, decide how the run ends, and when."""
    world, task_id = world_of(request), new_id()
    key_id = key_id_of(authorised(request) or "")
    now = world.now()
    mounts = request.app[MOUNTS]
    base = f"{origin(request)}{mounts.cdn}"
    task = Task(task_id, "fal", endpoint, key_id, submitted=now, started=now, ready=now, faults=asked.faults, base=base)
    task.seconds = world.seconds_for("fal", endpoint, asked.duration)
    task.body = shorten(body) if isinstance(body, dict) else {"": shorten(body)}
    task.headers = {name: value for name, value in headers_kept(request).items() if name.lower().startswith("x-")}
    if endpoint not in endpoints():
        tail = endpoint.removeprefix(app_of(endpoint))
        _fail(task, {"status": 404, "body": {"detail": f"Path {tail or '/'} not found"}, "error_type": "not_found"})
        return task
    values, complaints = check_input(endpoint, body)
    if complaints:
        _fail(task, invalid(complaints))
        return task
    await _fill(request, task, values, asked)
    _price(task)
    return task


def _fail(task: Task, reply: dict[str, Any]) -> None:
    task.outcome, task.answer = "invalid" if reply["status"] == 422 else "error", reply


async def _fill(request: web.Request, task: Task, values: dict[str, Any], asked: Asked) -> None:
    """Load the references and decide the outcome."""
    world, gallery = world_of(request), request.app[GALLERY]
    limits = _FLUX_3_EDIT if task.endpoint == "blackforestlabs/flux-3/edit-image" else FAL_LIMITS
    places = image_inputs(task.endpoint, values)
    inputs, broken = await load_pictures(world, gallery, [url for _, url in places], limits)
    masks_at = [name for name in _MASK_FIELDS if isinstance(values.get(name), str)]
    masks, broken_mask = await load_pictures(world, gallery, [values[name] for name in masks_at], FAL_LIMITS)
    task.picture = _picture(task, values, asked, inputs, masks)
    task.input_mp = round(sum(sizes.megapixels((each.width, each.height)) for each in inputs), 2)
    if broken is not None or broken_mask is not None:
        index, error = broken or broken_mask or (0, None)
        at = places[index][0] if broken else ["body", masks_at[index]]
        _fail(
            task, failure(error.kind if error else "image_load_error", at=list(at), ctx=error.limits if error else None)
        )
        return
    _moderate(task, values, asked)


def _picture(
    task: Task, values: dict[str, Any], asked: Asked, inputs: list[InputPicture], masks: list[InputPicture]
) -> dict[str, Any]:
    first = (inputs[0].width, inputs[0].height) if inputs else None
    fields = endpoints()[task.endpoint]["fields"]
    size = sizes.fal_size(task.endpoint, values, first, has_size="image_size" in fields)
    seed = values.get("seed")
    drawn = int.from_bytes(hashlib.sha256(task.id.encode()).digest()[:4], "big")
    return {
        "prompt": asked.text or str(values.get("prompt") or ""),
        "seed": drawn if seed is None else int(seed),
        "width": size[0],
        "height": size[1],
        "format": values.get("output_format") or "png",
        "count": int(values.get("num_images") or 1),
        "references": [picture.thumbnail for picture in inputs],
        "inputs": [picture.to_json() for picture in inputs],
        "mask": masks[0].thumbnail if masks else None,
        "sync_mode": truth(values.get("sync_mode") or False),
    }


def _moderate(task: Task, values: dict[str, Any], asked: Asked) -> None:
    """Faults and moderation: BFL-hosted endpoints refuse, open weights give a black picture and a flag."""
    faults = asked.faults
    if "error" in faults or "poll-422" in faults:
        fault = faults.get("error")
        kind = (fault.value if fault else None) or ("internal_server_error" if fault else "no_media_generated")
        _fail(task, failure(kind))
        return
    flagged = tripped(str(values.get("prompt") or ""))
    if "moderated-input" in faults:
        flagged = "input"
    elif "moderated-output" in faults:
        flagged = "output"
    if flagged is None:
        return
    if bfl_hosted(task.endpoint):
        at: list[str | int] = ["body", "prompt"] if flagged == "input" else ["body"]
        _fail(
            task, failure("content_policy_violation", at=at, given=values.get("prompt") if flagged == "input" else None)
        )
    elif values.get("enable_safety_checker") is None or truth(values["enable_safety_checker"]):
        fault = faults.get("moderated-output")
        some = (fault.value or "") if fault else ""
        task.picture["nsfw"] = int(some) if some.isdigit() else task.picture["count"]
        task.picture["black"] = task.picture["nsfw"] >= task.picture["count"]


def _price(task: Task) -> None:
    row = endpoints()[task.endpoint]
    amount, unit = prices.fal_price(row)
    size = task.picture["width"], task.picture["height"]
    taken = [(each["width"], each["height"]) for each in task.picture["inputs"]]
    count = task.picture["count"]
    task.units = prices.fal_units(unit, size, count, taken, task.seconds)
    task.cost = round(task.units * amount, 6)
    task.output_mp = round(sizes.megapixels(size) * count, 2)


def limit_wait(request: web.Request, task: Task) -> None:
    """A start timeout ends a request that is still queued when it runs out (504, type user)."""
    asked = request.headers.get("X-Fal-Request-Start-Timeout") or request.headers.get("X-Fal-Request-Timeout")
    if asked is None:
        return
    try:
        end = task.submitted + float(asked)
    except ValueError:
        return
    if task.started > end:
        task.started = task.ready = end
        task.outcome, task.answer = "timeout", failure("request_timeout")
        task.answer["headers"] = {"X-Fal-Request-Timeout-Type": "user"}
