"""Webhooks to callers: endpoints, what was sent to them, and sending it again."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from fluxroom.errors import InvalidParams, NotFound
from fluxroom.identifiers import new_id
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.doors.call_backs import checked
from fluxroom.server.gateway import Gateway, Running, checked_id
from fluxroom.server.generations import answers
from fluxroom.server.webhooks import postman
from fluxroom.server.webhooks.postman import EVENTS, Event
from fluxroom.store import webhooks_out
from fluxroom.store.webhooks_out import Delivery, Endpoint

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

_MOST = 20  # endpoints of one owner
_MESSAGE = re.compile(r"msg_[0-9a-f]{32}")


class EndpointBody(BaseModel):
    """Where you want to be called, and about what."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        title="WebhookRequest",
        json_schema_extra={"examples": [{"url": "https://example.com/hooks", "events": ["generation.finished"]}]},
    )

    url: str = Field(max_length=2083, description="A public https address.")
    events: list[Event] = Field(default_factory=lambda: list(EVENTS), min_length=1, max_length=10)


class EndpointPatch(BaseModel):
    """What is to change."""

    model_config = ConfigDict(strict=True, extra="forbid", title="WebhookPatch")

    events: list[Event] | None = Field(None, min_length=1, max_length=10)
    enabled: bool | None = Field(None, description="false: call it no more; true: call it again from now on.")


class EndpointAnswer(BaseModel):
    """An endpoint."""

    id: str
    url: str
    events: list[str]
    created_at: str
    disabled_at: str | None = Field(description="Set by you, or by the receiver with a 410.")


class NewEndpointAnswer(EndpointAnswer):
    """An endpoint that was just made."""

    secret: str = Field(description="What its messages are signed with, by the standard-webhooks scheme. Shown once.")


class EndpointList(BaseModel):
    """The caller's endpoints, the newest first."""

    webhooks: list[EndpointAnswer]


class DeliveryAnswer(BaseModel):
    """A message and what became of it."""

    id: str = Field(description="The webhook-id header: the same in every attempt.")
    event: str
    subject: str = Field(description="The generation or run that it is about.")
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    status: int | None = Field(description="The receiver's last HTTP status.")
    why: str
    created_at: str
    next_at: str | None = Field(description="When it is sent again, while it waits.")
    body: dict[str, Any]


class DeliveryPage(BaseModel):
    """Messages, the newest first."""

    deliveries: list[DeliveryAnswer]
    next: str | None = Field(description="The address of the page after this one.")


class ReplayAnswer(BaseModel):
    """How many messages are sent again."""

    replayed: int


class TestAnswer(BaseModel):
    """What the receiver said to a test message."""

    delivered: bool
    status: int | None
    why: str


@router.post("", status_code=201, summary="Make a webhook")
async def make(gateway: Running, caller: Asking, body: EndpointBody) -> NewEndpointAnswer:
    """You are called about what happens from now on to your own generations and runs."""
    endpoint = Endpoint(
        id=new_id(),
        owner=caller.owner,
        url=checked(gateway, body.url, "url"),
        events=list(dict.fromkeys(body.events)),
        created_at=gateway.engine.now(),
        disabled_at=None,
        seen=0,
    )

    def work(connection: Connection) -> None:
        if len(webhooks_out.endpoints(connection, caller.owner)) >= _MOST:
            raise InvalidParams(f"You have {_MOST} webhooks already.", advice="Delete one first.", field="url")
        webhooks_out.add(connection, endpoint)

    await gateway.engine.store.database.write(work)
    secret = await postman.secret_of(gateway, endpoint.id)
    return NewEndpointAnswer(**_shown(endpoint).model_dump(), secret=secret)


@router.get("", summary="List the webhooks")
async def listing(gateway: Running, caller: Asking) -> EndpointList:
    """Your own; for an admin, everybody's."""
    found = await gateway.engine.store.database.read(partial(webhooks_out.endpoints, owner=caller.only))
    return EndpointList(webhooks=[_shown(one) for one in found])


@router.get("/{webhook_id}", summary="Look at a webhook")
async def get(gateway: Running, caller: Asking, webhook_id: str) -> EndpointAnswer:
    """Where it leads, and what it is told."""
    return _shown(await _found(gateway, caller, webhook_id))


@router.patch("/{webhook_id}", summary="Change a webhook")
async def patch(gateway: Running, caller: Asking, webhook_id: str, body: EndpointPatch) -> EndpointAnswer:
    """Other events, or off and on again. For another address, make another one: its secret is its own."""
    found = await _found(gateway, caller, webhook_id)

    def work(connection: Connection) -> None:
        if body.events is not None:
            webhooks_out.choose(connection, found.id, list(dict.fromkeys(body.events)))
        if body.enabled is False:
            webhooks_out.disable(connection, found.id, gateway.engine.now())
        elif body.enabled and found.disabled_at is not None:
            webhooks_out.enable(connection, found.id)

    await gateway.engine.store.database.write(work)
    return _shown(await _found(gateway, caller, webhook_id))


@router.delete("/{webhook_id}", status_code=204, summary="Delete a webhook")
async def drop(gateway: Running, caller: Asking, webhook_id: str) -> None:
    """With all its messages."""
    found = await _found(gateway, caller, webhook_id)
    await gateway.engine.store.database.write(partial(webhooks_out.drop, endpoint_id=found.id))


@router.get("/{webhook_id}/deliveries", summary="What was sent to a webhook, the newest first")
async def deliveries(
    gateway: Running,
    caller: Asking,
    webhook_id: str,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str, Query(max_length=40, description="The last id of the page before")] = "",
) -> DeliveryPage:
    """One page; `next` leads to the one after it. What was delivered or given up is kept for 30 days."""
    found = await _found(gateway, caller, webhook_id)
    last = await _message(gateway, found, before) if before else None
    read = partial(webhooks_out.deliveries, endpoint_id=found.id, limit=limit, before=last)
    page = await gateway.engine.store.database.read(read)
    at = f"/v1/webhooks/{found.id}/deliveries"
    more = f"{at}?limit={limit}&before={page[-1].id}" if len(page) == limit else None
    return DeliveryPage(deliveries=[_delivery(one) for one in page], next=more)


@router.post("/{webhook_id}/deliveries/{delivery_id}/replay", summary="Send a message again")
async def replay(gateway: Running, caller: Asking, webhook_id: str, delivery_id: str) -> DeliveryAnswer:
    """The same message under the same id, from its first attempt on."""
    found = await _found(gateway, caller, webhook_id)
    one = await _message(gateway, found, delivery_id)
    step = partial(webhooks_out.replay, endpoint_id=found.id, delivery_id=one.id, now=gateway.engine.now())
    await gateway.engine.store.database.write(step)
    return _delivery(await _message(gateway, found, delivery_id))


@router.post("/{webhook_id}/replay", summary="Send all messages again that were given up")
async def replay_failed(gateway: Running, caller: Asking, webhook_id: str) -> ReplayAnswer:
    """For a receiver that was away for longer than three days."""
    found = await _found(gateway, caller, webhook_id)
    step = partial(webhooks_out.replay, endpoint_id=found.id, delivery_id="", now=gateway.engine.now())
    return ReplayAnswer(replayed=await gateway.engine.store.database.write(step))


@router.post("/{webhook_id}/test", summary="Send a test message")
async def test(gateway: Running, caller: Asking, webhook_id: str) -> TestAnswer:
    """A signed message of the type `test`, sent once and now; it is not written down."""
    found = await _found(gateway, caller, webhook_id)
    now, name = gateway.engine.now(), f"msg_test_{new_id()}"
    one = postman.message(name, found.id, "test", "", {"webhook": found.id}, now=now, at=now)
    status, why = await postman.post(gateway, found.url, one)
    return TestAnswer(delivered=not why, status=status, why=why)


async def _found(gateway: Gateway, caller: Caller, webhook_id: str) -> Endpoint:
    checked_id(webhook_id, "webhook")
    read = partial(webhooks_out.endpoint, owner=caller.only, endpoint_id=webhook_id)
    found = await gateway.engine.store.database.read(read)
    if found is None:
        raise NotFound(f"There is no webhook {webhook_id}.", advice="List yours with GET /v1/webhooks.")
    return found


async def _message(gateway: Gateway, endpoint: Endpoint, delivery_id: str) -> Delivery:
    read = partial(webhooks_out.delivery, delivery_id=delivery_id)
    found = await gateway.engine.store.database.read(read) if _MESSAGE.fullmatch(delivery_id) else None
    if found is None or found.endpoint != endpoint.id:
        advice = "List its messages with GET /v1/webhooks/{id}/deliveries."
        raise NotFound(f"There is no message {delivery_id[:40]!r}.", advice=advice)
    return found


def _shown(one: Endpoint) -> EndpointAnswer:
    return EndpointAnswer(
        id=one.id,
        url=one.url,
        events=list(one.events),
        created_at=answers.moment(one.created_at) or "",
        disabled_at=answers.moment(one.disabled_at or 0.0),
    )


def _delivery(one: Delivery) -> DeliveryAnswer:
    facts = {name: getattr(one, name) for name in ("id", "event", "subject", "state", "attempts", "status", "why")}
    return DeliveryAnswer(
        **facts,
        created_at=answers.moment(one.created_at) or "",
        next_at=answers.moment(one.next_at) if one.state == "waiting" else None,
        body=dict(one.body),
    )
