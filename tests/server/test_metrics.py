"""`/metrics`: true figures, in the format that Prometheus reads, with few labels."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.remote.gateways import FAST, Gate, made_key

from fluxroom.errors import DatabaseUnavailable, FluxroomError

pytestmark = pytest.mark.anyio

KINDS = {"submit", "poll", "upload", "download", "other"}
OUTCOMES = {"1xx", "2xx", "3xx", "4xx", "5xx", "broken"}


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    running = Gate(tmp_path / "gateway").start()
    yield running
    running.stop()


class Figures:
    """What was scraped."""

    def __init__(self, text: str) -> None:
        self.samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
        self.families = {family.name: family for family in text_string_to_metric_families(text)}

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name with these labels."""
        return sum(one.value for one in self.samples if one.name == name and labels.items() <= dict(one.labels).items())


async def scraped(gate: Gate, **headers: str) -> Figures:
    async with httpx2.AsyncClient() as http:
        answer = await http.get(f"{gate.url}/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return Figures(answer.text)


async def test_a_picture_leaves_its_figures(gate: Gate) -> None:
    async with gate.client() as client:
        first = await client.generate("a fox", model=FAST, seed=1)
        await client.edit(first, "dusk", model="fal/flux-2-pro", seed=2)
        with pytest.raises(FluxroomError):
            await client.generate("x [[fault:moderated-input]]", model=FAST)
    seen = await scraped(gate)
    bfl = {"provider": "bfl", "sandbox": "true"}
    assert seen("fluxroom_jobs_ended_total", **bfl, state="succeeded") == 1
    assert seen("fluxroom_jobs_ended_total", **bfl, state="moderated_input") == 1
    assert seen("fluxroom_jobs_ended_total", provider="fal", state="succeeded") == 1
    assert seen("fluxroom_job_seconds_count", **bfl) == 2
    assert seen("fluxroom_job_polls_sum", **bfl) >= 2
    assert seen("fluxroom_charged_dollars_total", **bfl) == pytest.approx(0.014)
    for kind in ("submit", "poll"):
        assert seen("fluxroom_provider_call_seconds_count", provider="bfl", kind=kind, outcome="2xx") >= 2
    assert seen("fluxroom_provider_call_seconds_count", kind="download", outcome="2xx") == 2
    assert seen("fluxroom_request_seconds_count", method="POST", route="/v1/generations", status="2xx") == 3
    assert seen("fluxroom_request_seconds_count", route="/v1/images/{image_id}/file") == 2
    assert seen("fluxroom_jobs") == 0
    assert seen("fluxroom_database_up") == 1
    assert seen("process_resident_memory_bytes") > 1e6


async def test_what_waits_and_what_runs(gate: Gate) -> None:
    async with gate.client() as client:
        await client.worker.books.pause("fal", paused=True)
        await client.submit("x", model="fal/flux-schnell", seed=1)
        running = await client.submit("x [[duration:60]]", model=FAST)
        while (await client.snapshot(running)).jobs[0].state != "running":
            await asyncio.sleep(0.02)
        seen = await scraped(gate)
    assert seen("fluxroom_jobs", provider="fal", state="queued") == 1
    assert seen("fluxroom_jobs", provider="bfl", state="running") == 1
    assert seen("fluxroom_reserved_dollars", provider="bfl") == pytest.approx(0.014)
    assert seen("fluxroom_seats", provider="bfl", what="in_flight") == 1
    assert seen("fluxroom_seats", provider="fal", what="waiting") == 1
    assert (seen("fluxroom_seats", provider="bfl", what="cap"), seen("fluxroom_seats", what="cap_now")) == (24, 64)
    assert (seen("fluxroom_sending", provider="fal"), seen("fluxroom_sending", provider="bfl")) == (0, 1)


async def test_a_job_in_doubt_stays_visible(gate: Gate) -> None:
    async with gate.client() as client:
        with pytest.raises(FluxroomError):
            await client.generate("x [[fault:submit-drop-after]]", model=FAST)
    seen = await scraped(gate)
    assert seen("fluxroom_jobs", state="unknown") == 1
    assert seen("fluxroom_provider_call_seconds_count", kind="submit", outcome="broken") == 1


async def test_labels_stay_few_whatever_is_asked(gate: Gate) -> None:
    async with httpx2.AsyncClient() as http:
        for number in range(60):
            await http.get(f"{gate.url}/v1/jobs/nothing{number}")
            await http.get(f"{gate.url}/nowhere/{number}")
            await http.request(f"BREW{number}", f"{gate.url}/v1/jobs")
    seen = await scraped(gate)
    series = {tuple(sorted(one.labels.items())) for one in seen.samples if one.name == "fluxroom_request_seconds_count"}
    assert len(series) < 12
    ids = re.compile(r"[0-9a-hjkmnp-tv-z]{22}|[0-9a-f]{64}|nothing|nowhere")
    for one in seen.samples:
        assert not any(ids.search(value) for value in one.labels.values()), one
        if one.name.startswith("fluxroom_provider_call"):
            assert one.labels["kind"] in KINDS
            assert one.labels["outcome"] in OUTCOMES


async def test_every_figure_says_what_it_is(gate: Gate) -> None:
    for name, family in (await scraped(gate)).families.items():
        assert name.startswith(("fluxroom_", "process_"))
        assert family.documentation


async def test_without_the_database_the_rest_is_told(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_work: Any) -> Any:
        raise DatabaseUnavailable

    monkeypatch.setattr(gate.app.state.gateway.engine.store.database, "read", gone)
    seen = await scraped(gate)
    assert seen("fluxroom_database_up") == 0
    assert seen("process_resident_memory_bytes") > 1e6


async def test_a_watcher_that_is_removed_hears_no_more(gate: Gate) -> None:
    engine = gate.app.state.gateway.engine
    engine.watchers.remove(gate.app.state.metrics)
    async with gate.client() as client:
        await client.generate("a fox", model=FAST, seed=1)
    assert (await scraped(gate))("fluxroom_jobs_ended_total") == 0


async def test_a_watcher_that_breaks_stops_no_job(gate: Gate) -> None:
    class Broken:
        def ordered(self, generation: str) -> None:
            raise RuntimeError(generation)

        def moved(self, job: Any) -> None:
            raise RuntimeError(job.id)

        def calling(self, call: Any) -> Iterator[None]:
            raise RuntimeError(call.kind)
            yield

    class BreaksAtTheEnd(Broken):
        def calling(self, call: Any) -> Iterator[None]:
            yield
            raise RuntimeError(call.kind)

    watchers = gate.app.state.gateway.engine.watchers
    for one in (Broken(), BreaksAtTheEnd()):
        watchers.add(one)
    async with gate.client() as client:
        assert (await client.generate("a fox", model=FAST, seed=1)).seed == 1
    assert (await scraped(gate))("fluxroom_jobs_ended_total", state="succeeded") == 1


async def test_where_keys_are_needed_an_admin_scrapes(tmp_path: Path) -> None:
    folder = tmp_path / "keyed"
    ops = await asyncio.to_thread(made_key, folder, "ops", scopes=("admin", "read"))
    anna = await asyncio.to_thread(made_key, folder, "anna")
    gate = Gate(folder, host="0.0.0.0").start()
    try:
        async with httpx2.AsyncClient() as http:
            for key, status in (("", 401), (anna, 403)):
                headers = {"authorization": f"Bearer {key}"} if key else {}
                assert (await http.get(f"{gate.url}/metrics", headers=headers)).status_code == status
        assert (await scraped(gate, authorization=f"Bearer {ops}"))("fluxroom_database_up") == 1
    finally:
        gate.stop()
