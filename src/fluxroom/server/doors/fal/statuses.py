"""A generation as one of fal's requests: its addresses, its status and its log.

fal has three states. A request that failed is COMPLETED, and says so under `error`; its result says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fluxroom.engine import Snapshot
from fluxroom.server.doors.fal.refusals import failure
from fluxroom.server.doors.fal.results import seconds
from fluxroom.server.gateway import Gateway
from fluxroom.store import jobs
from fluxroom.types import Queued, Running

Status = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request is found: the queue's address as the caller reaches it."""

    queue: str

    def of(self, found: Snapshot) -> dict[str, str]:
        """The addresses of a request. fal leaves out everything behind the application's name."""
        owner, app = found.jobs[0].endpoint.split("/", 2)[:2] if "/" in found.jobs[0].endpoint else ("bfl", "flux")
        at = f"{self.queue}/{owner}/{app}/requests/{found.generation.id}"
        return {"response_url": at, "status_url": f"{at}/status", "cancel_url": f"{at}/cancel"}


def accepted(found: Snapshot, place: Place) -> Status:
    """What a submit answers."""
    name = found.generation.id
    told = {"status": "IN_QUEUE", "request_id": name, "gateway_request_id": name, "queue_position": 0}
    return {**told, **place.of(found)}


async def status(gateway: Gateway, found: Snapshot, place: Place, *, logs: bool) -> Status:
    """The request as it is now."""
    name = found.generation.id
    told: Status = {"request_id": name, "gateway_request_id": name, **place.of(found)}
    told["logs"] = await _logs(gateway, name) if logs else None
    if found.settled:
        return {**told, **_completed(found)}
    return {**told, **_moment(gateway.engine.progress(found.jobs[0]))}


def _completed(found: Snapshot) -> Status:
    job = found.jobs[0]
    told: Status = {"status": "COMPLETED", "metrics": {"inference_time": seconds(job)}}
    if found.images:
        return told
    code, body, _ = failure(job)
    listed = body["detail"] if isinstance(body["detail"], list) else [{"type": "", "msg": body["detail"]}]
    kind = body.get("error_type") or listed[0]["type"]
    return {**told, "error": f"Invalid status code: {code}: {listed[0]['msg']}", "error_type": kind}


def _moment(now: Queued | Running) -> Status:
    if isinstance(now, Queued):
        return {"status": "IN_QUEUE", "queue_position": now.position or 0}
    return {"status": "IN_PROGRESS"}


async def _logs(gateway: Gateway, name: str) -> list[dict[str, str]]:
    return told_by(await gateway.engine.store.database.read(lambda connection: jobs.events(connection, name, after=0)))


def told_by(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What the ledger wrote down about a request, as fal's log lines."""
    return [
        {
            "message": f"{row['to_state']}: {row['why']}" if row["why"] else str(row["to_state"]),
            "timestamp": datetime.fromtimestamp(row["at"], UTC).isoformat(),
            "level": "INFO",
            "source": "fluxroom",
        }
        for row in rows
    ]
