"""Every row of the fault matrix, over real sockets, through the library."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.faults.matrix import CIRCUMSTANCES, MATRIX, Row
from tests.faults.stage import Seen, play
from tests.faults.webhook_matrix import WEBHOOK_MATRIX

from fluxroom.engine.lifecycle import State
from fluxroom.errors import by_code
from fluxroom.sandbox import FAULTS
from fluxroom.types import PROVIDERS

pytestmark = pytest.mark.anyio

KEY_HEADERS = {"x-key", "authorization"}
KEYED_FOLDERS = ("/bfl/v1/", "/fal/queue/", "/fal/rest/", "/fal/run/", "/fal/api/")
"""Where a key may be sent: the providers' APIs, never pictures, uploads or anybody else."""


@pytest.mark.parametrize("row", MATRIX, ids=[f"{row.provider} {row.title}" for row in MATRIX])
async def test_a_row(row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = await play(row, tmp_path / "data", monkeypatch)
    assert outcome_of(seen) == {name: getattr(row, name) for name in outcome_of(seen)}
    if row.code:
        assert seen.error is not None
        assert type(seen.error) is by_code(row.code)
        assert row.message
        assert row.message in seen.error.detail
    if row.requests is not None:
        assert len(seen.requests) <= row.requests
    check_money(seen)
    check_addresses(seen)


def outcome_of(seen: Seen) -> dict[str, object]:
    return {
        "state": seen.job.state,
        "taken": len(seen.tasks),
        "billed": len(seen.paid),
        "submits": len(seen.posts),
        "charge": seen.job.charge_state,
        "code": seen.error.code if seen.error else "",
    }


def check_money(seen: Seen) -> None:
    """What holds in every row: at most one task, and a receipt that does not contradict the provider's books."""
    job = seen.job
    assert len(seen.tasks) <= 1
    assert not (seen.paid and job.charge_state == "not_charged")
    if job.charge_state == "charged":
        assert job.charged == Decimal(str(seen.paid[0]["amount_usd"]))
    if job.state == State.UNKNOWN:
        assert job.error
        assert "resolve ID --retry` or `--abandon`" in job.error["next"]
        assert job.seat_until > 0 or job.error["code"] == "task_not_found"
    if job.request_id:
        assert job.request_id == seen.tasks[0]["id"]
    assert len(seen.found.images) == (1 if job.state == State.SUCCEEDED else 0)


def check_addresses(seen: Seen) -> None:
    """What holds in every row: nobody but the provider is called, and only its API sees a key."""
    assert not [request for request in seen.requests if request["path"].startswith("/elsewhere/")]
    for request in seen.requests:
        keyed = KEY_HEADERS & {name.lower() for name in request["headers"]}
        assert not keyed or request["path"].startswith(KEYED_FOLDERS), request["path"]
    for sent in seen.sent:
        address = urlsplit(sent.url)
        assert address.hostname in {"127.0.0.1", "provider.localhost"}
        assert address.port == urlsplit(seen.origin).port or address.scheme == "https"
        assert not sent.keyed or address.path.startswith(KEYED_FOLDERS)


async def test_a_pause_that_the_provider_asks_for_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, row in enumerate(row for row in MATRIX if row.title in {"submit-429=7", "poll-503 x3"}):
        with monkeypatch.context() as patch:
            seen = await play(row, tmp_path / str(number), patch)
        asked = 7.0 if "submit-429" in row.names else 1.0
        assert seen.pauses
        assert set(seen.pauses) == {asked}


def test_every_fault_of_the_sandbox_has_a_row_for_each_provider() -> None:
    for provider in PROVIDERS:
        played = {name for row in MATRIX if row.provider == provider for name in row.names}
        played |= {name for row in WEBHOOK_MATRIX if row.provider == provider for name in row.names}
        assert played == set(FAULTS)


def test_every_circumstance_has_a_row_for_each_provider() -> None:
    for provider in PROVIDERS:
        assert {row.what for row in MATRIX if row.provider == provider} == {"", *CIRCUMSTANCES}


def test_no_row_is_there_twice_and_none_takes_two_tasks() -> None:
    names = [(row.provider, row.title) for row in MATRIX]
    assert len(set(names)) == len(names)
    assert all(row.taken <= 1 and row.billed <= row.taken for row in MATRIX)
    assert all(row.charge != "not_charged" for row in MATRIX if row.billed)
