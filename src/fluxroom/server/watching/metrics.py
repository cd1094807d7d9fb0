"""`/metrics`: what the gateway and its jobs do, for Prometheus.

Counters and histograms are this process's own; what many processes share (jobs that wait, seats, money at stake) is
read from the database when somebody scrapes. Every label has few values: no id, no owner, no model, no address as
written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import Connection, func, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluxroom.engine.accounting import Accounting, AccountState
from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.errors import FluxroomError
from fluxroom.logs import get_logger
from fluxroom.server.gateway import Running, running_version
from fluxroom.store.tables import jobs

if TYPE_CHECKING:
    from fluxroom.engine.watching import Call
    from fluxroom.server.gateway import Gateway
    from fluxroom.store.jobs import Job

_log = get_logger("fluxroom.server")

router = APIRouter(tags=["health"])

_ACTIVE = (State.QUEUED, State.SUBMITTING, State.RUNNING, State.FETCHING, State.UNKNOWN)
_PRESENT = (
    select(jobs.c.provider, jobs.c.state, jobs.c.sandbox, func.count(), func.sum(jobs.c.reserved))
    .where(jobs.c.state.in_([state.value for state in _ACTIVE]))
    .group_by(jobs.c.provider, jobs.c.state, jobs.c.sandbox)
)
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 600)
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 120)
_POLLS = (1, 2, 3, 4, 6, 8, 12, 20, 50, 100)
_MOST_COUNTED = 50_000
"""Jobs whose polls are counted at once; more are under way only when something is very wrong."""


class Metrics:
    """All figures of one gateway; a watcher of its engine (`fluxroom.engine.watching`)."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        provider = ["provider", "sandbox"]
        self.ended = Counter(
            "fluxroom_jobs_ended", "Jobs that came to an end here.", [*provider, "state"], registry=registry
        )
        self.took = Histogram(
            "fluxroom_job_seconds", "From the request to its end.", provider, buckets=_SECONDS, registry=registry
        )
        self.polls = Histogram(
            "fluxroom_job_polls", "Polls that a job took.", provider, buckets=_POLLS, registry=registry
        )
        self.charged = Counter("fluxroom_charged_dollars", "Known to be charged.", provider, registry=registry)
        self.calls = Histogram(
            "fluxroom_provider_call_seconds",
            "Calls to providers: submit, poll, upload, download, other.",
            ["provider", "kind", "outcome"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.requests = Histogram(
            "fluxroom_request_seconds",
            "Requests to the gateway, until the answer is complete.",
            ["method", "route", "status"],
            buckets=_QUICK,
            registry=registry,
        )
        self.open = Gauge("fluxroom_requests_open", "Requests under way.", registry=registry)
        self.present = Gauge("fluxroom_jobs", "Jobs that are not settled.", [*provider, "state"], registry=registry)
        self.reserved = Gauge("fluxroom_reserved_dollars", "At stake in jobs under way.", provider, registry=registry)
        self.seats = Gauge(
            "fluxroom_seats", "In flight, waiting, cap and cap_now.", ["provider", "what"], registry=registry
        )
        self.sending = Gauge("fluxroom_sending", "0: paused or on hold.", ["provider"], registry=registry)
        self.database = Gauge("fluxroom_database_up", "Whether the database answers.", registry=registry)
        about = Gauge("fluxroom_info", "What is running.", ["version"], registry=registry)
        about.labels(running_version()).set(1)
        self._polled: dict[str, int] = {}

    # what the engine tells -------------------------------------------------------------------------------------------

    def ordered(self, generation: str) -> None:
        """Counted where its jobs end."""

    def moved(self, job: Job) -> None:
        """A job has changed its state."""
        if job.state not in SETTLED:
            return
        labels = (job.provider, _word(job.sandbox))
        self.ended.labels(*labels, job.state).inc()
        self.took.labels(*labels).observe(max(0.0, job.changed_at - job.created_at))
        self.polls.labels(*labels).observe(self._polled.pop(job.id, 0))
        if job.charge_state == "charged" and job.charged:
            self.charged.labels(*labels).inc(float(job.charged))

    def calling(self, call: Call) -> Iterator[None]:
        """A call to a provider."""
        began = perf_counter()
        try:
            yield
        finally:
            self.calls.labels(call.provider, call.kind, call.outcome).observe(perf_counter() - began)
            if call.kind == "poll" and call.job and len(self._polled) < _MOST_COUNTED:
                self._polled[call.job.id] = self._polled.get(call.job.id, 0) + 1

    # what the database tells -----------------------------------------------------------------------------------------

    async def read(self, gateway: Gateway) -> None:
        """Take the figures that all processes share from the database."""
        engine = gateway.engine
        try:
            rows = await engine.store.database.read(_present)
            accounts = await Accounting(engine.store, engine.accounts).providers()
        except FluxroomError as error:
            _log.warning("metrics without the database", why=error.detail)
            self.database.set(0)
            return
        self.database.set(1)
        for gauge in (self.present, self.reserved, self.seats, self.sending):
            gauge.clear()
        for provider, state, sandbox, count, reserved in rows:
            self.present.labels(provider, _word(sandbox), state).set(count)
            self.reserved.labels(provider, _word(sandbox)).inc(float(reserved or 0) if state != State.UNKNOWN else 0.0)
        for account in accounts:
            self._account(account)

    def _account(self, account: AccountState) -> None:
        if not account.set_up:
            return
        figures = {
            "in_flight": account.in_flight,
            "waiting": account.queued,
            "cap": account.cap,
            "cap_now": account.cap_now,
        }
        for what, figure in figures.items():
            self.seats.labels(account.provider, what).set(figure)
        self.sending.labels(account.provider).set(0 if account.paused or account.held_until else 1)


def _word(sandbox: bool) -> str:  # noqa: FBT001  a label's value
    return "true" if sandbox else "false"


def _present(connection: Connection) -> list[tuple[str, str, bool, int, float]]:
    return [tuple(row) for row in connection.execute(_PRESENT)]


class Measured:
    """Times every request; the route is the template of its address, so that there are as many as routes.

    Args:
        app: what stands behind it.
        metrics: where the figures go.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and time it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.open.inc()
        try:
            await self._app(scope, receive, watched)
        finally:
            self._metrics.open.dec()
            labels = (method_of(scope), route_of(scope), f"{status // 100}xx")
            self._metrics.requests.labels(*labels).observe(perf_counter() - began)


def route_of(scope: Scope) -> str:
    """The template of a request's address; `other` where there is none."""
    route = scope.get("route")
    return str(getattr(route, "path", "") or "other")


def method_of(scope: Scope) -> str:
    """The method, where it is one of the usual ones."""
    method = str(scope["method"])
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus's text format"}
    },
)
async def metrics(request: Request, gateway: Running) -> Response:
    """Jobs, calls to providers, money, caps, requests and the process."""
    found: Metrics = request.app.state.metrics
    await found.read(gateway)
    body = await asyncio.to_thread(generate_latest, found.registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST)
