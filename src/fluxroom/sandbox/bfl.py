"""BFL's submit: key, body, credits and cap are checked in the order in which its server does, then a task is taken."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from fluxroom.sandbox import prices, sizes
from fluxroom.sandbox.bfl_results import media_base
from fluxroom.sandbox.bfl_specs import default_of, endpoints, takes_webhook
from fluxroom.sandbox.bfl_validation import check_body
from fluxroom.sandbox.exchange import MOUNTS, NOTES, Refused, answer, new_id, origin, shorten, world_of
from fluxroom.sandbox.finetunes import finetunes_left
from fluxroom.sandbox.media import GALLERY, other_origin
from fluxroom.sandbox.moderation import INPUT_REASONS, tripped
from fluxroom.sandbox.pictures import BFL_LIMITS, InputPicture
from fluxroom.sandbox.references import load_pictures
from fluxroom.sandbox.switches import disturbed, open_submit
from fluxroom.sandbox.tasks import Outcome, Task
from fluxroom.sandbox.webhooks import WEBHOOKS
from fluxroom.sandbox.world import key_id_of

if TYPE_CHECKING:
    from aiohttp import web

    from fluxroom.sandbox.switches import Asked
    from fluxroom.sandbox.world import World

FOREIGN_POLLING: Final = "polling.example.com"
_NO_CREDITS: Final = "Insufficient credits"
_TOO_MANY: Final = "Too many active tasks"
_REFUSALS: Final = {_NO_CREDITS: 402, _TOO_MANY: 429}
_SINGLE: Final = ("image", "image_prompt", "person", "garment")


def require_key(request: web.Request) -> str:
    """The key of a request; Refused when it does not hold.

    Any key is good but one that begins with "bad" or "invalid" (403) and one with a space in it (422, malformed).
    """
    key = request.headers.get("x-key", "").strip()
    if " " in key:
        raise Refused(answer({"detail": "Invalid API key format"}, 422))
    if not key or key.lower().startswith(("bad", "invalid")):
        raise Refused(answer({"detail": "Not authenticated"}, 403))
    return key


def image_texts(body: dict[str, Any]) -> list[str]:
    """The image fields of a body, in their order."""
    found = [body.get("input_image"), *(body.get(f"input_image_{number}") for number in range(2, 9))]
    several = body.get("images")
    found += several if isinstance(several, list) else [several]
    found += [body.get(name) for name in _SINGLE]
    return [text for text in found if isinstance(text, str) and text]


async def submit(request: web.Request) -> web.StreamResponse:
    """``POST /v1/<endpoint>``."""
    endpoint = request.match_info["endpoint"]
    if endpoint not in endpoints():
        return answer({"detail": "Not Found"}, 404)
    key_id = key_id_of(require_key(request))
    body, asked = await open_submit(request, "bfl", endpoint, key_id)
    complaints = check_body(endpoint, body)
    if complaints:
        return answer({"detail": complaints}, 422)
    finetune = body.get("finetune_id")
    if finetune is not None and finetune not in finetunes_left(world_of(request)):
        return answer({"detail": "Finetune not found or not ready"}, 400)
    return await _take(request, endpoint, body, asked)


async def _take(request: web.Request, endpoint: str, body: dict[str, Any], asked: Asked) -> web.StreamResponse:
    world = world_of(request)
    task = await _prepare(request, endpoint, body, asked)
    reason = world.take(task, refuses=lambda new: _reason_against(world, new))
    if reason is not None:
        return answer({"detail": reason}, _REFUSALS[reason])
    request[NOTES].task = task.id
    webhooks = request.app[WEBHOOKS]
    if task.webhook is not None and "webhook-early" in task.faults:
        await webhooks.deliver(task)
    elif task.webhook is not None:
        webhooks.plan(task)
    return await disturbed(request, asked, _accepted(request, task))


def _reason_against(world: World, task: Task) -> str | None:
    """Why a good request is not taken. Which of the two BFL checks first is not known."""
    if task.cost > world.credits():
        return _NO_CREDITS
    return _TOO_MANY if world.over_cap(task.endpoint) else None


async def _prepare(request: web.Request, endpoint: str, body: dict[str, Any], asked: Asked) -> Task:
    world, gallery = world_of(request), request.app[GALLERY]
    inputs, broken = await load_pictures(world, gallery, image_texts(body), BFL_LIMITS)
    masks, broken_mask = await load_pictures(world, gallery, [body["mask"]] if body.get("mask") else [], BFL_LIMITS)
    task_id = new_id()
    outcome, reply = _outcome(asked, body, str((broken or broken_mask or (0, ""))[1]))
    if outcome == "ready":
        outcome, reply = _misfit(endpoint, body, inputs, masks)
    first = (inputs[0].width, inputs[0].height) if inputs else None
    size = sizes.bfl_size(endpoint, body, first)
    priced = sizes.bfl_priced_size(endpoint, body, first)
    taken = [(picture.width, picture.height) for picture in inputs]
    now = world.now()
    seed = body.get("seed")
    wanted = body.get("webhook_url") if takes_webhook(endpoint) else None
    return Task(
        id=task_id,
        provider="bfl",
        endpoint=endpoint,
        key_id=key_id_of(request.headers["x-key"]),
        submitted=now,
        started=now,
        ready=now,
        seconds=world.seconds_for("bfl", endpoint, asked.duration),
        outcome=outcome,
        cost=prices.bfl_credits(endpoint, body, priced, taken),
        units=sizes.megapixels(priced),
        input_mp=round(sum(sizes.megapixels(each) for each in taken), 2),
        output_mp=sizes.megapixels(priced),
        body=shorten(body),
        picture={
            "prompt": asked.text,
            "seed": _seed_of(task_id) if seed is None else int(seed),
            "width": size[0],
            "height": size[1],
            "format": body.get("output_format") or default_of(endpoint, "output_format") or "jpeg",
            "count": 1,
            "references": [picture.thumbnail for picture in inputs],
            "inputs": [picture.to_json() for picture in inputs],
            "mask": masks[0].thumbnail if masks else None,
        },
        answer=reply,
        faults=asked.faults,
        webhook={"url": str(wanted), "secret": body.get("webhook_secret")} if wanted else None,
        base=media_base(request),
    )


def _seed_of(task_id: str) -> int:
    return int.from_bytes(hashlib.sha256(task_id.encode()).digest()[:4], "big")


def _outcome(asked: Asked, body: dict[str, Any], broken: str) -> tuple[Outcome, dict[str, Any]]:
    """How the task will end, by its faults, the moderation's words and its pictures."""
    faults = asked.faults
    flagged = tripped(str(body.get("prompt") or ""))
    if "poll-422" in faults:
        return "error", {"status": 422, "error": "Invalid or corrupted image input"}
    if "error" in faults:
        fault = faults.get("error")
        return "error", {"status": 200, "error": (fault.value if fault else None) or "Internal error"}
    if broken:
        return "error", {"status": 422, "error": "Invalid or corrupted image input", "reason": broken}
    if "moderated-input" in faults or flagged == "input":
        return "request-moderated", {"reasons": INPUT_REASONS}
    if "moderated-output" in faults or flagged == "output":
        return "content-moderated", {"reasons": INPUT_REASONS[:1]}
    return "ready", {}


def _misfit(
    endpoint: str, body: dict[str, Any], inputs: list[InputPicture], masks: list[InputPicture]
) -> tuple[Outcome, dict[str, Any]]:
    """Rules about pictures that BFL states in its schema's prose: equal masks, nothing beyond the canvas."""
    if masks and inputs and (masks[0].width, masks[0].height) != (inputs[0].width, inputs[0].height):
        return "error", {"status": 422, "error": "Image and mask dimensions do not match"}
    if endpoint == "flux-tools/outpainting-v1" and inputs and not body.get("auto_crop"):
        left, top = body.get("reference_offset_x"), body.get("reference_offset_y")
        width, height = int(body["width"]), int(body["height"])
        over = _beyond(left, inputs[0].width, width) or _beyond(top, inputs[0].height, height)
        if over:
            return "error", {"status": 422, "error": "Input image extends beyond the canvas; set auto_crop to crop it"}
    return "ready", {}


def _beyond(offset: Any, length: int, room: int) -> bool:
    start = (room - length) // 2 if offset is None else int(offset)
    return start < 0 or start + length > room


def _accepted(request: web.Request, task: Task) -> web.Response:
    """The submit's answer. FLUX.1 says null where the others give numbers; a webhook takes the polling address."""
    told = prices.quotes_at_submit(task.endpoint)
    costs: dict[str, Any] = {
        "cost": task.cost if told else None,
        "input_mp": task.input_mp if told else None,
        "output_mp": task.output_mp if told else None,
    }
    if task.webhook is not None:
        return answer({"id": task.id, "status": "Pending", "webhook_url": task.webhook["url"], **costs})
    return answer({"id": task.id, "polling_url": _polling_url(request, task), **costs})


def _polling_url(request: web.Request, task: Task) -> str:
    mounts = request.app[MOUNTS]
    base = mounts.polling or f"{origin(request)}{mounts.bfl}"
    tail = f"/v1/get_result?id={task.id}"
    if "polling-url-foreign" in task.faults:
        fault = task.faults.get("polling-url-foreign")
        host = (fault.value if fault else None) or FOREIGN_POLLING
        return f"{host if '://' in host else f'https://{host}'}{tail}"
    if "polling-url-http" in task.faults:
        return f"http://api.eu2.bfl.ai{tail}"
    if "polling-url-redirect" in task.faults:
        return f"{base}/v1/moved?id={task.id}&to={other_origin(request)}/elsewhere/{task.id}"
    return base + tail
