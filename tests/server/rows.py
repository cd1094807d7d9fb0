"""Rows of the ledger as tests need them: everything has a value, and each test says what matters to it."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

from fluxroom.engine import Snapshot
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Job

_PLAIN: dict[str, Any] = {
    "str": "",
    "int": 0,
    "float": 0.0,
    "bool": False,
    "Decimal": Decimal(0),
    "Any": "",
}

JOB = "0000000000000000000job"
GENERATION = "000000000000000000gnrt"


def job(state: str = "succeeded", **values: Any) -> Job:
    """A job at BFL; fields that the ledger gains later get a plain value of their type."""
    row: dict[str, Any] = {field.name: _PLAIN.get(str(field.type)) for field in fields(Job)}
    row |= {"caps": {}, "wire": {"prompt": "a fox"}, "provider": "bfl", "model": "flux-2-pro", "endpoint": "flux-2-pro"}
    row |= {"charge_state": "charged", "charge_source": "provider", "id": JOB, "generation": GENERATION, "state": state}
    return Job(**row | values)


def image(number: int, of: str = JOB, **values: Any) -> StoredImage:
    row: dict[str, Any] = {
        "id": f"{number:022d}",
        "job": of,
        "number": number,
        "sha256": "ab" * 32,
        "mime": "image/png",
        "width": 640,
        "height": 480,
        "size_bytes": 1000,
        "seed": number,
        "created_at": 1.0,
        "owner": "local",
    }
    return StoredImage(**row | values)


def generation(**values: Any) -> Generation:
    row: dict[str, Any] = {
        "id": GENERATION,
        "owner": "local",
        "run": "",
        "created_at": 1_700_000_000.25,
        "route": "bfl/flux-2-pro",
        "mode": "generate",
        "prompt": "a fox",
        "asked": {},
        "params": {"seed": 1},
        "references": [],
        "not_sent": [],
        "quote": {"low": "0.03"},
    }
    return Generation(**row | values)


def snapshot(*jobs: Job, images: tuple[StoredImage, ...] = (), **values: Any) -> Snapshot:
    return Snapshot(generation(**values), jobs, images)
