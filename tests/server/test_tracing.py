"""Traces: a request, its jobs and their calls hang together; without being asked for, there are none."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from tests.remote.gateways import FAST, Gate

from fluxroom.errors import FluxroomError
from fluxroom.server.watching import tracing

pytestmark = pytest.mark.anyio

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Spans:
    """What was exported."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    def below(self, parent: ReadableSpan) -> list[str]:
        """The names of the spans that hang on this one."""
        assert parent.context is not None
        return [span.name for span in self.all if span.parent and span.parent.span_id == parent.context.span_id]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    """Traces that stay in this process."""
    found = Spans()
    monkeypatch.setattr(tracing, "wanted", lambda: True)
    monkeypatch.setattr(tracing, "exporting", lambda: found.provider)
    return found


@pytest.fixture
def gate(spans: Spans, tmp_path: Path) -> Iterator[Gate]:
    running = Gate(tmp_path / "gateway").start()
    yield running
    running.stop()
    assert spans.provider is not None


async def test_from_the_request_to_the_call(gate: Gate, spans: Spans) -> None:
    async with gate.client() as client:
        image = await client.generate("a secret fox", model=FAST, seed=1)
    (request,) = spans.named("POST /v1/generations")
    (job,) = spans.named(f"job bfl/{FAST}")
    assert spans.below(request) == [job.name]
    assert set(spans.below(job)) == {"bfl submit", "bfl poll", "bfl download"}
    assert job.attributes is not None
    assert job.attributes["fluxroom.job"] == image.job
    assert (job.attributes["fluxroom.state"], job.attributes["fluxroom.sandbox"]) == ("succeeded", True)
    assert job.attributes["fluxroom.charged_dollars"] == pytest.approx(0.014)
    assert [event.name for event in job.events][-1] == "succeeded"
    (submit,) = spans.named("bfl submit")
    assert submit.attributes is not None
    assert submit.attributes["http.response.status_code"] == 200
    assert job.start_time is not None
    assert submit.start_time is not None
    assert job.start_time <= submit.start_time
    told = "".join(span.to_json() for span in spans.all)
    assert "secret fox" not in told
    assert "sandbox:sandbox" not in told


async def test_the_callers_own_trace_goes_on(gate: Gate, spans: Spans) -> None:
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "prefer": "wait=30"}
    async with httpx2.AsyncClient(timeout=60) as http:
        body = {"prompt": "a fox", "model": FAST, "seed": 1}
        assert (await http.post(f"{gate.url}/v1/generations", json=body, headers=headers)).status_code == 200
    for name in ("POST /v1/generations", f"job bfl/{FAST}", "bfl submit"):
        while not spans.named(name):  # a request's span ends after its answer
            await asyncio.sleep(0.01)
        (span,) = spans.named(name)
        assert span.context is not None
        assert f"{span.context.trace_id:032x}" == TRACE


async def test_a_client_of_the_gateway_passes_its_trace_on(gate: Gate, spans: Spans) -> None:
    tracer = spans.provider.get_tracer("test")
    async with gate.client() as client:
        with tracer.start_as_current_span("mine") as mine:
            await client.generate("a fox", model=FAST, seed=1)
    (job,) = spans.named(f"job bfl/{FAST}")
    assert job.context is not None
    assert job.context.trace_id == mine.get_span_context().trace_id


async def test_what_fails_is_marked(gate: Gate, spans: Spans) -> None:
    async with gate.client() as client:
        for fault in ("moderated-input", "submit-drop-after"):
            with pytest.raises(FluxroomError):
                await client.generate(f"x [[fault:{fault}]]", model=FAST)
    refused, doubtful = spans.named(f"job bfl/{FAST}")
    assert (refused.status.status_code, refused.status.description) == (StatusCode.ERROR, "moderated_input")
    assert (doubtful.status.status_code, doubtful.status.description) == (StatusCode.ERROR, "submit_unknown")
    broken = [span for span in spans.named("bfl submit") if span.status.status_code is StatusCode.ERROR]
    assert [span.status.description for span in broken] == ["broken"]


async def test_several_jobs_of_one_request(gate: Gate, spans: Spans) -> None:
    async with gate.client() as client:
        await client.generate("a fox", model=FAST, seed=1, num_images=3)
    (request,) = spans.named("POST /v1/generations")
    assert spans.below(request) == [f"job bfl/{FAST}"] * 3


def test_jobs_that_never_end_here_do_not_pile_up(spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from tests.server.rows import job

    monkeypatch.setattr(tracing, "_MOST_OPEN", 10)
    traces = tracing.Tracing(spans.provider)
    one = job(state="running")
    for number in range(50):
        traces.moved(replace(one, id=f"{number:022}"))
    assert len(traces._jobs) == 10
    assert len(spans.all) == 40
    traces.close()
    assert len(spans.all) == 50


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_only_when_it_is_asked_for(environment: dict[str, str], *, expected: bool) -> None:
    assert tracing.wanted(environment) is expected


def test_without_the_extra_nothing_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "find_spec", lambda _name: None)
    assert not tracing.wanted({"OTEL_TRACES_EXPORTER": "otlp"})


def test_a_gateway_without_traces_does_not_load_the_sdk() -> None:
    code = "import json, sys, fluxroom.server; print(json.dumps(sorted(sys.modules)))"
    told = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
    assert [name for name in told if name.startswith("opentelemetry.sdk")] == []
