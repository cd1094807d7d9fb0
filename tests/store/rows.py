"""Rows for tests of the store."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from fluxroom.identifiers import new_id
from fluxroom.store import jobs
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Move


def generation(**more: Any) -> Generation:
    values: dict[str, Any] = {
        "id": new_id(),
        "owner": "local",
        "run": "",
        "created_at": 1000.5,
        "route": "bfl/flux-2-pro",
        "mode": "generate",
        "prompt": "a red fox 🦊 — «im Schnee»",
        "asked": {"prompt": "a red fox", "params": {"seed": 7}, "list": [1, 2.5, None, True, "ü"]},
        "params": {"seed": 2**63 - 1, "guidance_scale": 3.5},
        "references": [{"sha256": "0" * 64}],
        "not_sent": [],
        "quote": {"low": "0.03", "high": None},
    }
    return Generation(**(values | more))


def row(made: Generation, **more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": new_id(),
        "generation": made.id,
        "number": 0,
        "owner": made.owner,
        "run": made.run,
        "state": "queued",
        "created_at": made.created_at,
        "changed_at": made.created_at,
        "priority": 10,
        "provider": "bfl",
        "model": "flux-2-pro",
        "mode": made.mode,
        "endpoint": "flux-2-pro",
        "region": "",
        "account": "bfl:1",
        "sandbox": False,
        "caps": {"bfl": 24},
        "wire": {"prompt": made.prompt, "seed": 7},
        "seconds": 5.0,
        "maker": "maker",
        "holder": "",
        "attempt": 0,
        "not_before": 0.0,
        "first_try_at": 0.0,
        "seat_until": 0.0,
        "ticket": None,
        "request_id": "",
        "submitted_at": 0.0,
        "ready_at": 0.0,
        "seed": 2**63 - 1,
        "cancel_asked": False,
        "error": None,
        "estimated": Decimal("0.03"),
        "reserved": Decimal("0.03"),
        "charged": None,
        "charge_state": "not_charged",
        "charge_source": "estimate",
        "doubted": Decimal(0),
        "cache_key": "",
        "cached_from": "",
    }
    return values | more


def put(connection: Connection, *listed: dict[str, Any]) -> list[str]:
    """Write jobs down, each in a generation of its own; returns their ids."""
    ids = []
    for changes in listed:
        known = {name: changes[name] for name in ("owner", "run", "created_at") if name in changes}
        made = generation(**known)
        job = row(made, **changes)
        jobs.add(connection, made, [job])
        ids.append(job["id"])
    return ids


def move(job: jobs.Job, to_state: str, *, at: float = 2000.0, **more: Any) -> Move:
    changes = more.pop("changes", None)
    return Move(
        job=job.id,
        generation=job.generation,
        from_states=more.pop("from_states", (job.state,)),
        to_state=to_state,
        why=more.pop("why", "because"),
        at=at,
        changes=changes,
        **more,
    )


def picture(job: str, number: int = 0, **more: Any) -> StoredImage:
    values: dict[str, Any] = {
        "id": new_id(),
        "job": job,
        "number": number,
        "sha256": f"{number:064d}",
        "mime": "image/png",
        "width": 1024,
        "height": 768,
        "size_bytes": 2**40,
        "seed": None,
        "created_at": 3000.25,
        "owner": "local",
    }
    return StoredImage(**(values | more))
