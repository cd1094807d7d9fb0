"""Traces for OpenTelemetry: a request, the jobs that it ordered, and each call to a provider that a job took.

Off without the extra `tracing`, and without `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_TRACES_EXPORTER` in the environment;
the SDK's own variables say where the traces go and how many. Spans carry ids, routes and figures, never prompts or
keys.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluxroom.engine.lifecycle import SETTLED
from fluxroom.server.gateway import running_version
from fluxroom.server.watching.metrics import method_of, route_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, SpanContext

    from fluxroom.engine.watching import Call
    from fluxroom.store.jobs import Job

_WISHES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")
_MOST_OPEN = 20_000
"""Jobs whose spans are kept open; the oldest ends first, so that one that never comes back costs nothing."""


def wanted(environment: Mapping[str, str] | None = None) -> bool:
    """Whether somebody has asked for traces, and what they need is installed."""
    told = os.environ if environment is None else environment
    if told.get("OTEL_SDK_DISABLED", "").lower() == "true" or told.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(told.get(name) for name in _WISHES) and find_spec("opentelemetry.sdk") is not None


def exporting() -> TracerProvider:
    """A provider that sends spans where the environment says, in the background."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", "fluxroom")
    provider = TracerProvider(resource=Resource.create({"service.name": name, "service.version": running_version()}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Tracing:
    """Spans of the engine's work; a watcher (`fluxroom.engine.watching`).

    Args:
        provider: makes the spans and sends them.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider
        self.tracer = provider.get_tracer("fluxroom", running_version())
        self._asked_in: OrderedDict[str, SpanContext] = OrderedDict()  # by generation
        self._jobs: OrderedDict[str, Span] = OrderedDict()

    def close(self) -> None:
        """Send what is left; spans of jobs that go on end here."""
        while self._jobs:
            self._jobs.popitem()[1].end()
        self.provider.shutdown()

    def ordered(self, generation: str) -> None:
        """A generation was asked for: its jobs belong to the request that runs now."""
        from opentelemetry import trace

        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            self._asked_in[generation] = context
            if len(self._asked_in) > _MOST_OPEN:
                self._asked_in.popitem(last=False)

    def moved(self, job: Job) -> None:
        """A job has changed its state."""
        from opentelemetry.trace import Status, StatusCode

        span = self._span(job)
        span.add_event(job.state)
        if job.state not in SETTLED:
            return
        told: dict[str, Any] = {
            "fluxroom.state": job.state,
            "fluxroom.attempts": job.attempt,
            "fluxroom.charge": job.charge_state,
            "fluxroom.charged_dollars": float(job.charged or 0),
        }
        if job.state != "succeeded":
            span.set_status(Status(StatusCode.ERROR, str((job.error or {}).get("code", job.state))))
        span.set_attributes(told)
        span.end()
        self._jobs.pop(job.id, None)
        self._asked_in.pop(job.generation, None) if job.number == 0 else None

    def calling(self, call: Call) -> Iterator[None]:
        """A call to a provider, as part of its job."""
        from opentelemetry import trace
        from opentelemetry.trace import SpanKind, Status, StatusCode

        parent = trace.set_span_in_context(self._span(call.job)) if call.job else None
        span = self.tracer.start_span(
            f"{call.provider} {call.kind}",
            context=parent,
            kind=SpanKind.CLIENT,
            attributes={"fluxroom.provider": call.provider},
        )
        try:
            yield
        finally:
            if call.reply:
                span.set_attribute("http.response.status_code", call.reply.status)
            if call.outcome not in {"2xx", "3xx"}:
                span.set_status(Status(StatusCode.ERROR, call.outcome))
            span.end()

    def _span(self, job: Job) -> Span:
        """The open span of a job; begun when it is first heard of, with the time at which it was asked for."""
        from opentelemetry import trace

        known = self._jobs.get(job.id)
        if known is not None:
            return known
        asked_in = self._asked_in.get(job.generation)
        parent = trace.set_span_in_context(trace.NonRecordingSpan(asked_in)) if asked_in else None
        span = self.tracer.start_span(
            f"job {job.route}",
            context=parent,
            start_time=int(job.created_at * 1e9),
            attributes={
                "fluxroom.job": job.id,
                "fluxroom.generation": job.generation,
                "fluxroom.route": job.route,
                "fluxroom.mode": job.mode,
                "fluxroom.sandbox": job.sandbox,
            },
        )
        self._jobs[job.id] = span
        if len(self._jobs) > _MOST_OPEN:
            self._jobs.popitem(last=False)[1].end()
        return span


class Traced:
    """A span around every request; goes on with the caller's own trace (`traceparent`).

    Args:
        app: what stands behind it.
        tracing: makes the spans.
    """

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within its span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind, Status, StatusCode

        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = method_of(scope)
        with self._tracing.tracer.start_as_current_span(method, context=extract(sent), kind=SpanKind.SERVER) as span:
            try:
                await self._app(scope, receive, watched)
            finally:
                span.update_name(f"{method} {route_of(scope)}")
                span.set_attributes(
                    {"http.request.method": method, "http.route": route_of(scope), "http.response.status_code": status}
                )
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))
