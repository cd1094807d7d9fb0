"""One cheapest real picture per provider, compared with what the sandbox answers to the same request."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fluxroom.cli.checkup.recording import Recording
from fluxroom.cli.checkup.shapes import Exchange, differences, walk
from fluxroom.errors import FluxroomError, MissingKey

if TYPE_CHECKING:
    from fluxroom.settings import Settings
    from fluxroom.types import Plan, Provider

PROMPT = "a red fox in fresh snow"
_PARAMS: Mapping[str, Any] = {"image_size": {"width": 512, "height": 512}, "seed": 7}

_BASES = ("bfl_url", "fal_queue_url", "fal_run_url", "fal_rest_url", "fal_api_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a provider and the sandbox answered to the same request."""

    route: str
    live: Sequence[Exchange]
    practice: Sequence[Exchange]
    error: str = ""  # why there is no real picture
    practice_error: str = ""
    job: str = ""

    @property
    def drift(self) -> list[str]:
        """Where they differ."""
        return differences(self.live, self.practice)

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON: answers without keys, signed addresses and long texts."""
        return {
            "route": self.route,
            "error": self.error or None,
            "job": self.job or None,
            "differences": self.drift,
            "walk": {"live": walk(self.live), "sandbox": walk(self.practice)},
            "live": [_redacted(exchange) for exchange in self.live],
            "sandbox": [_redacted(exchange) for exchange in self.practice],
        }


def _redacted(exchange: Exchange) -> dict[str, Any]:
    from fluxroom.logs import clean

    return {
        "call": exchange.role,
        "request": clean(exchange.request),
        "status": exchange.status,
        "content_type": exchange.kind,
        "answer": clean(exchange.body),
    }


def cheapest(settings: Settings) -> list[Plan]:
    """The cheapest picture at each provider that has a key.

    Raises:
        MissingKey: none has one, or the built-in sandbox is in use.
    """
    from fluxroom.engine.accounts import accounts, in_sandbox

    if in_sandbox(settings):
        raise MissingKey(
            "doctor --live asks the real providers, and this is the built-in sandbox",
            advice="Set BFL_API_KEY or FAL_KEY, and leave out --sandbox and FLUXROOM_SANDBOX.",
        )
    return [plan for provider in accounts(settings) if (plan := _cheapest_at(provider)) is not None]


def _cheapest_at(provider: Provider) -> Plan | None:
    from fluxroom import catalog
    from fluxroom.types import Request

    found: list[Plan] = []
    for row in catalog.models().values():
        route = row.routes.get(provider)
        if route is None or row.status != "active" or "generate" not in route.modes:
            continue
        try:
            request = Request(model=route.name, prompt=PROMPT, params=_PARAMS, mode="generate")
            found.append(catalog.check(request, provider=provider))
        except FluxroomError:
            continue  # it needs more than a prompt, or has no such size
    known = [plan for plan in found if plan.quote.high is not None]
    return min(known, key=lambda plan: plan.quote.high or plan.quote.low, default=None)


async def compared(settings: Settings, plan: Plan) -> Comparison:
    """Make one picture at the provider and one in the sandbox, and keep what both said."""
    from fluxroom.sandbox import Sandbox

    live, error, job = await _made(settings, plan)
    with tempfile.TemporaryDirectory(prefix="fluxroom-doctor-") as folder:
        async with Sandbox(speed=settings.sandbox_speed) as box:
            there = settings.model_copy(
                update={
                    "bfl_url": box.bfl_url,
                    "fal_queue_url": box.fal_queue_url,
                    "fal_run_url": box.fal_run_url,
                    "fal_rest_url": box.fal_rest_url,
                    "fal_api_url": box.fal_api_url,
                    "bfl_api_key": None,
                    "fal_key": None,
                    "fal_api_key": None,
                    "fal_key_id": None,
                    "data": Path(folder),
                    "sandbox": False,
                }
            )
            there.__dict__.pop("data_folder", None)  # copied along where it had been asked for
            practice, practice_error, _ = await _made(there, plan)
    return Comparison(
        route=plan.route, live=live, practice=practice, error=error, practice_error=practice_error, job=job
    )


async def _made(settings: Settings, plan: Plan) -> tuple[list[Exchange], str, str]:
    """Make the picture of a plan; what was said, the error that ended it, and the job."""
    from fluxroom.client import AsyncClient
    from fluxroom.engine.egress import inside_hosts
    from fluxroom.engine.transport import AiohttpTransport

    recording = Recording(AiohttpTransport(inside=inside_hosts(settings)), _bases(settings, plan))
    error, job = "", ""
    try:
        async with AsyncClient(settings=settings, transport=recording) as client:
            identity = await client.submit(PROMPT, model=plan.route, mode="generate", **_PARAMS)
            job = (await client.snapshot(identity)).jobs[0].id
            await client.images(await client.wait(identity))
    except FluxroomError as failed:
        error = f"{failed.code}: {failed.detail}"
    return recording.exchanges, error, job


def _bases(settings: Settings, plan: Plan) -> list[str]:
    return [settings.submit_url(plan.provider), *(str(getattr(settings, name)) for name in _BASES)]


def write(folder: Path, found: Comparison) -> Path:
    """Write a comparison into the data folder; the file's name says when and what."""
    from fluxroom.cli.voice import dumps
    from fluxroom.store.blobs import storage_error

    at = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())
    target = folder / "live" / f"{at}-{found.route.replace('/', '-')}.json"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dumps(found.as_dict(), indent=2) + "\n", "utf-8")
    except OSError as error:
        raise storage_error(error) from error
    return target
