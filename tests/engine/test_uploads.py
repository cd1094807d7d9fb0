"""References on their way to fal's storage: trouble passes or ends the job before anything is paid, never after."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest
from PIL import Image as Pillow
from tests.worlds import billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine import Snapshot, submission
from fluxroom.engine.transport import AiohttpTransport, InterruptedCallError, NotSentError
from fluxroom.providers import Call, Reply
from fluxroom.sandbox import Sandbox

pytestmark = pytest.mark.anyio

MODEL = "fal/flux-2-pro"
Step = Literal["initiate", "put"]
Trouble = Callable[[Reply | None], Reply]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr(submission, "backoff", lambda *_, **__: 0.001)


@pytest.fixture(scope="module")
def large() -> bytes:
    """More than travels in a body."""
    file = io.BytesIO()
    Pillow.effect_noise((700, 700), 90).convert("RGB").save(file, "PNG")
    assert len(file.getvalue()) > 256 * 1024
    return file.getvalue()


class Storage(AiohttpTransport):
    """fal's storage with trouble at one of its two steps.

    Args:
        step: where.
        trouble: raises, or answers instead of it.
        times: how often.
    """

    def __init__(self, step: Step, trouble: Trouble, times: int) -> None:
        super().__init__()
        self._step, self._trouble, self.left = step, trouble, times
        self.tried: list[str] = []
        self.headers: list[tuple[str, Mapping[str, str]]] = []

    async def request(self, call: Call, headers: Mapping[str, str], *, timeout: float) -> Reply:  # noqa: ASYNC109
        step = "initiate" if "/storage/upload/initiate" in call.url else "put" if call.method == "PUT" else ""
        if step:
            self.tried.append(step)
            self.headers.append((step, {**call.headers, **headers}))
        if step == self._step and self.left:
            self.left -= 1
            return self._trouble(None)
        return await super().request(call, headers, timeout=timeout)


def answers(status: int, body: Any = None, **headers: str) -> Trouble:
    return lambda _reply: Reply(status=status, headers=headers, body=orjson.dumps(body or {"detail": "no"}))


def breaks(error: Exception) -> Trouble:
    def trouble(_reply: Reply | None) -> Reply:
        raise error

    return trouble


PASSING: dict[str, Trouble] = {
    "not sent": breaks(NotSentError("refused")),
    "broken off": breaks(InterruptedCallError("reset")),
    "500": answers(500),
    "502": answers(502),
    "503": answers(503),
    "429": answers(429, **{"retry-after": "0"}),
}
LASTING: dict[str, Trouble] = {
    "400": answers(400),
    "401": answers(401),
    "403": answers(403),
    "413": answers(413),
    "422": answers(422),
}


@asynccontextmanager
async def shop(folder: Path, storage: Storage) -> AsyncIterator[tuple[AsyncClient, Sandbox]]:
    async with (
        sandbox() as box,
        AsyncClient(settings=settings_for(box, folder), transport=storage) as client,
    ):
        yield client, box


async def edited(client: AsyncClient, *pictures: bytes, **more: Any) -> Snapshot:
    return await settled(client, "make it blue", model=MODEL, references=list(pictures), **more)


def is_free(found: Snapshot, box: Sandbox, code: str) -> None:
    """It ended before anything was sent, and says so."""
    [job] = found.jobs
    assert (job.state, job.charge_state, job.charged) == ("failed", "not_charged", Decimal(0))
    assert job.error is not None
    assert job.error["code"] == code
    assert job.error["charge"] == "not_charged"
    assert submits(box) == []
    assert billed(box) == []


@pytest.mark.parametrize("step", ["initiate", "put"])
@pytest.mark.parametrize("how", PASSING)
async def test_trouble_that_passes_costs_nothing_and_nobody_notices(
    tmp_path: Path, large: bytes, step: Step, how: str
) -> None:
    storage = Storage(step, PASSING[how], times=2)
    async with shop(tmp_path, storage) as (client, box):
        found = await edited(client, large)
        assert [job.state for job in found.jobs] == ["succeeded"]
        assert len(submits(box)) == len(billed(box)) == 1
        assert storage.tried.count(step) == 3
        assert storage.tried[-1] == "put"


@pytest.mark.parametrize("step", ["initiate", "put"])
@pytest.mark.parametrize("how", ["not sent", "broken off", "503"])
async def test_trouble_that_stays_ends_the_job_before_it_is_sent(
    tmp_path: Path, large: bytes, step: Step, how: str
) -> None:
    storage = Storage(step, PASSING[how], times=99)
    async with shop(tmp_path, storage) as (client, box):
        is_free(await edited(client, large), box, "unavailable")
        assert storage.tried.count(step) <= 4


@pytest.mark.parametrize("step", ["initiate", "put"])
@pytest.mark.parametrize("how", LASTING)
async def test_a_refusal_is_not_tried_again(tmp_path: Path, large: bytes, step: Step, how: str) -> None:
    storage = Storage(step, LASTING[how], times=99)
    async with shop(tmp_path, storage) as (client, box):
        found = await edited(client, large)
        [job] = found.jobs
        assert job.error is not None
        is_free(found, box, str(job.error["code"]))
        assert storage.tried.count(step) == 1


@pytest.mark.parametrize(
    "named",
    [
        {"upload_url": "https://evil.example/put", "file_url": "https://v3.fal.media/files/a.png"},
        {"upload_url": "https://v3.fal.media/files/a.png", "file_url": "https://evil.example/a.png"},
        {"upload_url": "http://169.254.169.254/", "file_url": "http://169.254.169.254/"},
    ],
)
async def test_a_picture_goes_to_no_address_that_is_not_fals(tmp_path: Path, large: bytes, named: Any) -> None:
    storage = Storage("initiate", answers(200, named), times=99)
    async with shop(tmp_path, storage) as (client, box):
        is_free(await edited(client, large), box, "untrusted_answer")
        assert "put" not in storage.tried


@pytest.mark.parametrize("body", [{"nothing": 1}, {"upload_url": 7, "file_url": None}, [], "text"])
async def test_an_answer_without_a_place_ends_it(tmp_path: Path, large: bytes, body: Any) -> None:
    storage = Storage("initiate", answers(200, body), times=99)
    async with shop(tmp_path, storage) as (client, box):
        found = await edited(client, large)
        [job] = found.jobs
        assert job.error is not None
        assert "storage" in str(job.error["message"])
        is_free(found, box, str(job.error["code"]))


async def test_the_key_is_shown_to_the_storage_and_not_to_the_place_it_names(tmp_path: Path, large: bytes) -> None:
    storage = Storage("put", answers(200), times=0)
    async with shop(tmp_path, storage) as (client, _):
        await edited(client, large)
    told = dict(storage.headers)
    assert "fal-test-secret" in str(told["initiate"])
    assert "fal-test-secret" not in str(told["put"])


async def test_several_pictures_of_one_request_share_what_was_uploaded(tmp_path: Path, large: bytes) -> None:
    storage = Storage("put", answers(200), times=0)
    async with shop(tmp_path, storage) as (client, box):
        found = await edited(client, large, num_images=2, seed=1)
        assert [job.state for job in found.jobs] == ["succeeded"] * len(found.jobs)
        again = await edited(client, large, large, seed=5)
        assert again.jobs[0].state == "succeeded"
        bodies = [request["body"] for request in submits(box)]
    assert storage.tried.count("put") <= 2, "jobs that are prepared at the same moment may both upload it"
    assert len({str(url) for body in bodies for url in body["image_urls"]}) <= 2
