"""Whatever a provider answers, the dialects make something of it, and never send a job twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxroom.providers import (
    Accepted,
    Again,
    Ambiguous,
    Call,
    Failed,
    Follow,
    Gone,
    Hosts,
    NotTaken,
    Order,
    Pending,
    Ready,
    Refused,
    Rejected,
    Reply,
    Upload,
    dialect,
)
from fluxroom.types import Provider

HOSTS: dict[Provider, Hosts] = {
    "bfl": Hosts(submit="https://api.bfl.ai"),
    "fal": Hosts(submit="https://queue.fal.run", rest="https://rest.fal.ai", api="https://api.fal.ai"),
}
ORDERS: dict[Provider, Order] = {
    "bfl": Order(endpoint="flux-2-pro", body={}),
    "fal": Order(endpoint="fal-ai/flux-2", body={}),
}
PROVIDER = st.sampled_from(["bfl", "fal"])

KEYS = st.sampled_from(
    [
        *(
            "id",
            "polling_url",
            "cost",
            "status",
            "result",
            "sample",
            "details",
            "error",
            "detail",
            "loc",
            "msg",
            "type",
        ),
        *("request_id", "status_url", "response_url", "images", "image", "url", "has_nsfw_concepts", "seed", "prompt"),
        *("timings", "inference", "metrics", "inference_time", "error_type", "queue_position", "progress", "duration"),
        *("start_time", "response", "content_type", "width", "models", "endpoint_id", "metadata", "paths", "message"),
        *("upload_url", "file_url"),
    ]
) | st.text(max_size=5)
WORDS = st.sampled_from(
    [
        *("Pending", "Ready", "Error", "COMPLETED", "IN_QUEUE", "NOT_FOUND", "FAILED", "content_policy_violation"),
        *("body", "prompt", "image_url", "https://api.bfl.ai/v1/x", "https://queue.fal.run/x"),
        "data:image/png;base64,AAAA",
    ]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20) | st.just("Task not found")
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=8)
BODIES = (
    st.binary(max_size=60)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | OBJECTS.map(lambda value: json.dumps(value).encode())
    | OBJECTS.map(lambda value: json.dumps(value).encode()[:-1])
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "x-fal-request-id", "x-fal-billable-units", "x-fal-error-type", "content-type"]),
    st.sampled_from(["0", "1.5", "-1", "nan", "inf", "1e999999", "", "Wed, 21 Oct 2026 07:28:00 GMT"])
    | st.text(max_size=9),
)
STATUSES = st.integers(min_value=0, max_value=999) | st.sampled_from([200, 202, 400, 404, 422, 429, 500, 502, 503, 504])
REPLIES = st.builds(Reply, status=STATUSES, headers=HEADERS, body=BODIES)
TICKETS = st.sampled_from(
    [
        {"id": "1"},
        {"id": "1", "want": "result"},
        {"id": "1", "app": "fal-ai/flux-2", "want": "result", "error": {"type": "x", "reason": "y"}},
        {"id": "1", "polling_url": "https://api.eu.bfl.ai/v1/get_result?id=1", "region": "eu"},
        {"id": "1", "step": 3, "unsure": True},
    ]
)


def storable(value: Any) -> None:
    """What goes into a database must be UTF-8 and JSON."""
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


@settings(max_examples=400, deadline=None)
@given(provider=PROVIDER, reply=REPLIES)
def test_a_submit_answer_always_means_something(provider: Provider, reply: Reply) -> None:
    outcome = dialect(provider).accepted(HOSTS[provider], ORDERS[provider], reply)
    assert isinstance(outcome, Accepted | NotTaken | Rejected | Ambiguous)
    if isinstance(outcome, NotTaken):
        assert reply.status in {429, 503}
    if isinstance(outcome, NotTaken | Rejected):
        storable(outcome.error.as_dict())
        assert outcome.error.as_dict()["charge"] == "not_charged"
    if isinstance(outcome, Accepted):
        storable(outcome.ticket)
        assert outcome.request_id
        call = dialect(provider).check(HOSTS[provider], outcome.ticket)
        assert dialect(provider).trusts(HOSTS[provider], call.url)


@settings(max_examples=400, deadline=None)
@given(provider=PROVIDER, reply=REPLIES, ticket=TICKETS)
def test_a_poll_answer_always_means_something(provider: Provider, reply: Reply, ticket: dict[str, Any]) -> None:
    outcome = dialect(provider).read(HOSTS[provider], ticket, reply)
    assert isinstance(outcome, Pending | Again | Follow | Ready | Refused | Failed | Gone)
    if isinstance(outcome, Refused | Failed):
        storable(outcome.error.as_dict())
        assert reply.status >= 200
    if isinstance(outcome, Ready):
        assert all(bool(picture.url) != bool(picture.data) for picture in outcome.media)
        storable([outcome.seed, outcome.prompt, outcome.seconds, *(picture.url for picture in outcome.media)])
        assert outcome.media
    if isinstance(outcome, Follow):
        storable(outcome.ticket)
    if isinstance(outcome, Pending):
        storable([outcome.phase, outcome.progress, outcome.position])


@settings(max_examples=200, deadline=None)
@given(provider=PROVIDER, reply=REPLIES, endpoint=st.sampled_from(["flux-2-pro", "fal-ai/flux-2"]))
def test_other_answers_are_read_without_complaint(provider: Provider, reply: Reply, endpoint: str) -> None:
    assert dialect(provider).offers(endpoint, reply) in {True, False, None}
    memo = {"hosts": {"submit": "https://queue.fal.run"}, "mime": "image/png", "data": b""}
    dialect(provider).uploaded(Upload(call=Call(method="POST", url=""), memo=memo), reply)


@settings(max_examples=300, deadline=None)
@given(
    provider=PROVIDER, url=st.text(max_size=60) | st.from_regex(r"https?://[a-z@:\\.\[\]/%?#]{0,40}", fullmatch=True)
)
def test_any_text_can_be_judged_as_an_address(provider: Provider, url: str) -> None:
    assert dialect(provider).trusts(HOSTS[provider], url) in {True, False}
    assert dialect(provider).takes_key(HOSTS[provider], url) in {True, False}


@pytest.mark.parametrize("provider", ["bfl", "fal"])
@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000, b"\xff\xfe", b'{"status": "\\ud800"}']
)
def test_bodies_that_break_parsers(provider: Provider, body: bytes) -> None:
    reply = Reply(status=200, body=body)
    assert isinstance(dialect(provider).accepted(HOSTS[provider], ORDERS[provider], reply), Ambiguous)
    assert isinstance(dialect(provider).read(HOSTS[provider], {"id": "1"}, reply), Again | Pending)
