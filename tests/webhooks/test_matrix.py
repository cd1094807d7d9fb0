"""Every row of the webhook matrix: the sandbox calls a real gateway, and what each delivery is worth is compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.faults.webhook_matrix import WEBHOOK_MATRIX, WebhookRow
from tests.webhooks.gate import Delivery, Gate, gateway
from tests.worlds import ROUTES, billed, sandbox, submits

from fluxroom.client import error_of
from fluxroom.sandbox import Sandbox
from fluxroom.store.jobs import Job

pytestmark = pytest.mark.anyio

_NOBODY = "http://127.0.0.1:9"


@pytest.mark.parametrize("row", WEBHOOK_MATRIX, ids=[f"{row.provider} {row.title}" for row in WEBHOOK_MATRIX])
async def test_a_row(row: WebhookRow, tmp_path: Path) -> None:
    more: dict[str, Any] = {"public_url": _NOBODY} if row.title == "never" else {}
    async with (
        sandbox(seconds=0.4) as box,
        gateway(box, tmp_path / "data", patient=not row.polls, **more) as gate,
    ):
        another = await _of_another_job(gate, box, row) if row.title == "replayed" else None
        for fault in (*row.faults, *row.submit):
            box.world.plan_fault(fault, provider=row.provider)
        generation = await gate.client.submit("a red fox", model=ROUTES[row.provider])
        job = (await gate.in_state(generation, "running", "unknown", "fetching", "succeeded")).jobs[0]
        await _meanwhile(gate, row, job, another)
        seen = await gate.heard(len(row.deliveries))
        found = await gate.ended(generation)
        assert [_worth(one) for one in seen] == list(row.deliveries)
        assert {
            "state": found.jobs[0].state,
            "taken": len(box.world.tasks()),
            "billed": len(billed(box)),
            "submits": len(submits(box)),
            "charge": found.jobs[0].charge_state,
            "code": error_of(found.jobs[0]).code if found.jobs[0].error else "",
        } == {name: getattr(row, name) for name in ("state", "taken", "billed", "submits", "charge", "code")}
        assert len(found.images) == (1 if row.state == "succeeded" else 0)
        assert not [one for one in box.world.requests() if one["path"].startswith("/elsewhere/")]


def _worth(delivery: Delivery) -> str:
    return str(delivery.said) if delivery.status == 200 else "refused"


async def _of_another_job(gate: Gate, box: Sandbox, row: WebhookRow) -> Delivery:
    """The true webhook of a job before; it leaves no trace in the sandbox's books."""
    await gate.ended(await gate.client.submit("a blue fox", model=ROUTES[row.provider]))
    [delivery] = await gate.heard(1)
    gate.deliveries.clear()
    box.world.reset()
    box.world.set_duration(0.4)
    return delivery


async def _meanwhile(gate: Gate, row: WebhookRow, job: Job, another: Delivery | None) -> None:
    """What happens from outside while the job is under way."""
    callbacks = gate.client.engine.callbacks
    path = callbacks.addresses.of(job).removeprefix(gate.url) if callbacks else ""
    if row.title == "no signature":
        await gate.call(path, b'{"status": "OK"}')
    elif row.title == "unknown job":
        await gate.call(path.replace(job.id, "0" * len(job.id)), b'{"status": "OK"}')
    elif another is not None:
        await gate.again(another, path=path)
    elif row.state == "abandoned":
        await gate.in_state(job.generation, "unknown")
        await gate.client.resolve(job.id, "abandon")
