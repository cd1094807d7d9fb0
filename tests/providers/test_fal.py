"""The fal dialect, function by function."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import pytest

from fluxroom.errors import FluxroomError, ProviderError, Unauthorized, UntrustedAnswer
from fluxroom.providers import (
    Accepted,
    Again,
    Ambiguous,
    Failed,
    Follow,
    Gone,
    Hosts,
    Inline,
    NotTaken,
    Order,
    Pending,
    PollOutcome,
    Ready,
    Refused,
    Rejected,
    Reply,
    SubmitOutcome,
    Upload,
    dialect,
)
from fluxroom.providers.fal.addresses import application
from fluxroom.providers.fal.problems import MODEL, PLATFORM
from fluxroom.types import Reference

FAL = dialect("fal")
REAL = Hosts(
    submit="https://queue.fal.run", rest="https://rest.fal.ai", run="https://fal.run", api="https://api.fal.ai"
)
LOCAL = Hosts(
    submit="http://127.0.0.1:7862/queue",
    rest="http://127.0.0.1:7862/rest",
    run="http://127.0.0.1:7862/run",
    api="http://127.0.0.1:7862/api",
)
ORDER = Order(endpoint="fal-ai/flux-2/edit", body={"prompt": "a red fox"})
ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"
BASE = f"https://queue.fal.run/fal-ai/flux-2/requests/{ID}"
TICKET: dict[str, Any] = {"id": ID, "app": "fal-ai/flux-2"}
RESULT = {**TICKET, "want": "result"}
RUN_FAILED = {**RESULT, "error": {"type": "runner_disconnected", "reason": "Runner disconnected"}}
WITH_ID = {"x-fal-request-id": ID}
PICTURE = {"url": "https://v3b.fal.media/files/b/a.png", "content_type": "image/png", "width": 8, "height": 4}


def reply(status: int, body: object = None, headers: dict[str, str] | None = None) -> Reply:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers=headers or {}, body=sent)


def accepted(
    status: int, body: object = None, headers: dict[str, str] | None = None, hosts: Hosts = REAL
) -> SubmitOutcome:
    return FAL.accepted(hosts, ORDER, reply(status, body, headers))


def status_of(status: int, body: object = None) -> PollOutcome:
    return FAL.read(REAL, TICKET, reply(status, body))


def result_of(
    status: int, body: object = None, headers: dict[str, str] | None = None, ticket: dict[str, Any] | None = None
) -> PollOutcome:
    """A 5xx comes, unless said otherwise, after a status that said that the run failed: only then is it an answer."""
    failed = {**RESULT, "error": {"type": "", "reason": ""}} if status >= 500 else RESULT
    return FAL.read(REAL, ticket or failed, reply(status, body, headers))


# Submit ---------------------------------------------------------------------------------------------------------------


def test_the_submit_call_is_the_input_itself() -> None:
    call = FAL.submit(REAL, ORDER)
    assert (call.method, call.url, call.json) == ("POST", "https://queue.fal.run/fal-ai/flux-2/edit", ORDER.body)
    assert call.headers == {"accept": "application/json"}


def test_webhook_and_storage_wishes_travel_beside_the_input() -> None:
    order = Order(
        endpoint="fal-ai/flux-2",
        body={},
        webhook_url="https://me.example/hook?job=1&sig=a/b",
        store_io=False,
        lifecycle={"expiration_duration_seconds": 3600},
    )
    call = FAL.submit(LOCAL, order)
    assert call.url == (
        "http://127.0.0.1:7862/queue/fal-ai/flux-2?fal_webhook=https%3A%2F%2Fme.example%2Fhook%3Fjob%3D1%26sig%3Da%2Fb"
    )
    assert call.headers["x-fal-store-io"] == "0"
    assert call.headers["x-fal-object-lifecycle-preference"] == '{"expiration_duration_seconds":3600}'


@pytest.mark.parametrize(
    ("endpoint", "app"),
    [
        ("fal-ai/flux-2", "fal-ai/flux-2"),
        ("fal-ai/flux-2/klein/9b/edit", "fal-ai/flux-2"),
        ("blackforestlabs/flux-3/edit-image", "blackforestlabs/flux-3"),
        ("workflows/me/portraits/v2", "workflows/me/portraits"),
        ("comfy/me/graph", "comfy/me/graph"),
    ],
)
def test_requests_are_asked_for_under_the_application(endpoint: str, app: str) -> None:
    assert application(endpoint) == app


SURE = {429: NotTaken, 503: NotTaken}
UNSURE = (100, 200, 201, 204, 301, 302, 303, 304, 408, 499, 500, 501, 502, 504, 520, 524, 599)
FINAL = (307, 308, 400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 451)


@pytest.mark.parametrize("status", [*SURE, *UNSURE, *FINAL])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"request_id": "76', b"null", b"[]", b'{"detail": "x"}'])
def test_every_status_of_a_submit_without_an_id(status: int, body: bytes) -> None:
    expected = SURE.get(status) or (Rejected if status in FINAL else Ambiguous)
    assert isinstance(accepted(status, body), expected)


@pytest.mark.parametrize(
    ("body", "headers"),
    [({"request_id": ID}, {}), ({"detail": "x"}, WITH_ID), (b"", WITH_ID), ({"request_id": ["odd"]}, {})],
)
def test_a_503_that_names_a_request_may_have_been_taken(body: object, headers: dict[str, str]) -> None:
    assert isinstance(accepted(503, body, headers), Ambiguous)


@pytest.mark.parametrize("status", [200, 201, 202, 409, 429, 500, 502, 503, 504])
def test_an_id_with_its_addresses_is_a_ticket_whatever_the_status(status: int) -> None:
    outcome = accepted(status, {"request_id": ID, "status_url": f"{BASE}/status", "status": 5, "queue_position": "x"})
    assert isinstance(outcome, Accepted)
    assert outcome.ticket == {**TICKET, "status_url": f"{BASE}/status"}


@pytest.mark.parametrize(
    "given",
    [
        "https://evil.example/status",
        "http://queue.fal.run/status",
        "https://v3b.fal.media/status",  # fal's, but the key must not travel there
        "http://127.0.0.1/status",
        "file:///etc/passwd",
        5,
    ],
)
def test_a_foreign_status_address_is_built_from_the_id(given: object) -> None:
    outcome = accepted(200, {"request_id": ID, "status_url": given, "response_url": given, "cancel_url": given})
    assert isinstance(outcome, Accepted)
    assert outcome.ticket == TICKET
    cancel = FAL.cancel(REAL, outcome.ticket)
    assert cancel is not None
    assert FAL.check(REAL, outcome.ticket).url == f"{BASE}/status?logs=0"
    assert (cancel.method, cancel.url) == ("PUT", f"{BASE}/cancel")


def test_a_ticket_of_other_settings_is_asked_for_at_the_present_ones() -> None:
    ticket = {**TICKET, "status_url": f"{BASE}/status"}
    assert FAL.check(REAL, ticket).url == f"{BASE}/status?logs=0"
    local = {**TICKET, "status_url": f"http://127.0.0.1:9/fal-ai/flux-2/requests/{ID}/status"}
    assert FAL.check(REAL, local).url == f"{BASE}/status?logs=0"
    assert FAL.check(LOCAL, local).url == f"http://127.0.0.1:7862/queue/fal-ai/flux-2/requests/{ID}/status?logs=0"


@pytest.mark.parametrize("status", [401, 403])
def test_input_echoes_stay_out_of_messages(status: int) -> None:
    detail = [
        {"loc": ["body", "image_url"], "msg": "bad", "type": "value_error", "input": "data:image/png;base64,AAAA"}
    ]
    outcome = accepted(422, {"detail": detail})
    assert isinstance(outcome, Rejected)
    assert "AAAA" not in json.dumps(outcome.error.as_dict())


# Status ---------------------------------------------------------------------------------------------------------------


def test_the_status_stream_lies_below_the_status() -> None:
    call = FAL.watch(REAL, {**TICKET, "status_url": f"{BASE}/status?x=1"})
    assert call is not None
    assert (call.url, call.stream) == (f"{BASE}/status/stream?x=1&logs=0", True)


@pytest.mark.parametrize("code", [200, 202])
@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("IN_QUEUE", Pending),
        ("IN_PROGRESS", Pending),
        ("COMPLETED", Follow),
        ("FAILED", Failed),
        ("CANCELLED", Failed),
        ("THINKING", Pending),
    ],
)
def test_only_the_body_tells_the_status(code: int, word: str, kind: type) -> None:
    assert isinstance(status_of(code, {"status": word}), kind)


@pytest.mark.parametrize("code", [301, 400, 401, 403, 405, 408, 429, 499, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"", b"<html>", {"status": "COMPLETED"}, {"detail": "x"}])
def test_other_codes_say_nothing_about_the_job(code: int, body: object) -> None:
    assert isinstance(status_of(code, body), Again)


@pytest.mark.parametrize("body", [b"", b"{", b"null", {}, {"status": None}, {"status": 7}, {"error": "x"}])
def test_a_status_that_cannot_be_read_is_asked_again(body: object) -> None:
    assert isinstance(status_of(200, body), Again)


@pytest.mark.parametrize(
    ("body", "kind"), [({"status": "NOT_FOUND"}, Gone), ({"detail": "x"}, Gone), (b"<html>", Again)]
)
def test_an_unknown_request_is_gone(body: object, kind: type) -> None:
    assert isinstance(status_of(404, body), kind)


@pytest.mark.parametrize("position", [None, "3", True, 2.5, 10**40])
def test_a_place_in_the_queue_that_is_none_is_unknown(position: object) -> None:
    outcome = status_of(202, {"status": "IN_QUEUE", "queue_position": position})
    assert outcome == Pending(phase="IN_QUEUE", queued=True, position=None)


def test_the_result_is_asked_for_with_the_key_where_fal_said() -> None:
    outcome = FAL.read(REAL, {**TICKET, "response_url": f"{BASE}/response"}, reply(200, {"status": "COMPLETED"}))
    assert isinstance(outcome, Follow)
    assert (outcome.call.url, outcome.call.key) == (f"{BASE}/response", True)
    assert outcome.ticket["want"] == "result"


# Result ---------------------------------------------------------------------------------------------------------------

RETRYABLE = {"internal_server_error": 500, "downstream_service_error": 500, "downstream_service_unavailable": 500}
MODERATED = {"content_policy_violation"}


@pytest.mark.parametrize("kind", sorted(set(MODEL) - MODERATED))
def test_every_error_of_a_model_has_its_class(kind: str) -> None:
    code = 504 if kind == "generation_timeout" else RETRYABLE.get(kind, 422)
    body = {"detail": [{"loc": ["body", "image_url"], "msg": f"It is {kind}", "type": kind, "input": "x"}]}
    outcome = result_of(code, body, WITH_ID)
    assert isinstance(outcome, Failed)
    assert type(outcome.error) is MODEL[kind]
    assert outcome.error.context["provider_code"] == kind
    assert f"It is {kind}" in str(outcome.error)


CODES = {"runner_incomplete_response": 502, "runner_server_error": 500, "internal_error": 500, "bad_request": 400}


@pytest.mark.parametrize("kind", sorted(set(PLATFORM) - {"concurrent_requests_limit"}))
@pytest.mark.parametrize("in_header", [True, False])
def test_every_error_around_a_model_has_its_class(kind: str, in_header: bool) -> None:
    code = CODES.get(kind, 499 if kind.startswith("client") else 504 if "timeout" in kind else 503)
    body = {"detail": "It ended"} | ({} if in_header else {"error_type": kind})
    outcome = result_of(code, body, WITH_ID | ({"x-fal-error-type": kind} if in_header else {}))
    assert isinstance(outcome, Failed)
    assert type(outcome.error) is PLATFORM[kind]


@pytest.mark.parametrize(
    ("loc", "code"),
    [
        (["body", "prompt"], "moderated_input"),
        (["body", "negative_prompt"], "moderated_input"),
        (["body", "image_urls", 0], "moderated_input"),
        (["body"], "moderated_output"),
        (["body", "images"], "moderated_output"),
        ([], "moderated_output"),
        (None, "moderated_output"),
    ],
)
def test_moderation_is_told_apart_by_what_it_names(loc: object, code: str) -> None:
    body = {"detail": [{"loc": loc, "msg": "flagged", "type": "content_policy_violation"}]}
    outcome = result_of(422, body, WITH_ID)
    assert isinstance(outcome, Refused)
    assert outcome.error.code == code


@pytest.mark.parametrize(("units", "charge"), [("0", "not_charged"), ("0.0", "not_charged"), ("1.5", "charged")])
def test_billable_units_tell_whether_a_failure_is_charged(units: str, charge: str) -> None:
    outcome = result_of(500, {"detail": "Internal Server Error"}, {**WITH_ID, "x-fal-billable-units": units})
    assert isinstance(outcome, Failed)
    assert outcome.error.as_dict()["charge"] == charge


@pytest.mark.parametrize("code", [500, 502, 503, 504])
@pytest.mark.parametrize(
    ("body", "headers", "kind"),
    [
        (b"<html>nginx</html>", {}, Again),
        (b"<html>nginx</html>", WITH_ID, Again),
        (b"", {}, Again),
        ({"detail": "x"}, {}, Again),
        ({"detail": "x"}, WITH_ID, Again),
    ],
)
def test_trouble_on_the_way_is_not_the_models_failure(
    code: int, body: object, headers: dict[str, str], kind: type
) -> None:
    assert isinstance(result_of(code, body, headers, RESULT), kind)


@pytest.mark.parametrize("code", [301, 401, 403, 405, 408, 429])
def test_answers_to_our_asking_are_not_the_jobs(code: int) -> None:
    assert isinstance(result_of(code, {"detail": "x"}, WITH_ID), Again)


@pytest.mark.parametrize("code", [401, 403, 404, 429, 500, 503])
def test_a_run_that_failed_by_its_status_ends_with_any_readable_answer(code: int) -> None:
    outcome = result_of(code, {"status": "NOT_FOUND"}, None, RUN_FAILED)
    assert isinstance(outcome, Failed)
    assert "Runner disconnected" in str(outcome.error)
    assert outcome.error.code == "unavailable"


@pytest.mark.parametrize("code", [400, 500])
def test_a_result_before_its_time_is_pending(code: int) -> None:
    assert isinstance(result_of(code, {"detail": "Request is still in progress"}, WITH_ID), Pending)
    assert isinstance(result_of(200, {"status": "IN_PROGRESS"}), Pending)


def test_an_expired_result_is_gone() -> None:
    assert isinstance(result_of(404, {"detail": "Not found"}), Gone)
    assert isinstance(result_of(404, b"<html>"), Again)


@pytest.mark.parametrize(
    "body",
    [
        b'{"images": [{"url"',
        {},
        {"seed": 7},
        {"images": [{"file_name": "x"}]},
        {"images": [PICTURE, {"url": None}]},
        {"images": [{"url": "data:image/png;base64,%%%"}]},
        {"images": [{"url": "data:text/html;base64,PGI+"}]},
        {"images": [{"url": "data:image/png,raw"}]},
        {"images": "x" * 0},
        {"image": [None]},
    ],
)
def test_a_paid_result_that_cannot_be_read_is_asked_again(body: object) -> None:
    assert isinstance(result_of(200, body, WITH_ID), Again)


def test_a_data_uri_is_the_picture_itself() -> None:
    data = base64.b64encode(b"\x89PNG").decode()
    outcome = result_of(200, {"images": [{"url": f"data:image/png;base64,{data}", "width": 8, "height": -4}]})
    assert isinstance(outcome, Ready)
    [picture] = outcome.media
    assert (picture.data, picture.mime, picture.url) == (b"\x89PNG", "image/png", "")
    assert (picture.width, picture.height) == (8, 0)


def test_pictures_may_be_bare_addresses() -> None:
    outcome = result_of(200, {"images": "https://v3b.fal.media/x.png"})
    assert isinstance(outcome, Ready)
    assert outcome.media[0].url == "https://v3b.fal.media/x.png"


@pytest.mark.parametrize(
    ("flags", "delivered"),
    [
        ([False, False], 2),
        ([True, False], 1),
        ([False, True], 1),
        ([True, True], 0),
        ([True], 1),
        ([], 2),
        (None, 2),
        ([None, "x", True], 2),
        (True, 1),
    ],
)
def test_a_black_picture_is_never_delivered(flags: object, delivered: int) -> None:
    outcome = result_of(200, {"images": [PICTURE, PICTURE], "has_nsfw_concepts": flags}, {"x-fal-billable-units": "2"})
    assert (len(outcome.media) if isinstance(outcome, Ready) else 0) == delivered
    assert isinstance(outcome, Ready if delivered else Refused)
    assert not isinstance(outcome, Ready) or outcome.withheld == 2 - delivered


def test_a_result_brings_everything_that_fal_says() -> None:
    body = {"images": [PICTURE], "seed": 7, "prompt": "a fox", "timings": {"inference": 9.0}}
    outcome = result_of(200, body, {"x-fal-billable-units": "1.05"}, {**RESULT, "seconds": 1.25})
    assert isinstance(outcome, Ready)
    assert (outcome.seed, outcome.prompt, outcome.seconds) == (7, "a fox", 1.25)
    assert outcome.billable_units == Decimal("1.05")
    assert outcome.cost is None


# Uploads --------------------------------------------------------------------------------------------------------------

PHOTO = Reference(sha256="x", mime="image/jpeg", name="private holiday.jpg")
LARGE = bytes(256 * 1024)


def initiated(hosts: Hosts = REAL) -> Upload:
    upload = FAL.prepare(hosts, PHOTO, LARGE)
    assert isinstance(upload, Upload)
    return upload


def test_a_small_picture_travels_inside_and_a_url_as_it_is() -> None:
    inline = FAL.prepare(REAL, PHOTO, LARGE[:-1])
    assert isinstance(inline, Inline)
    assert inline.value.startswith("data:image/jpeg;base64,AAAA")
    assert FAL.prepare(REAL, Reference(url="https://a.example/x.png"), b"") == Inline(value="https://a.example/x.png")


def test_a_large_picture_is_uploaded_in_two_steps() -> None:
    first = initiated()
    assert first.call.url == "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3"
    assert first.call.json == {"content_type": "image/jpeg", "file_name": "reference.jpg"}
    place = {"upload_url": "https://v3b.fal.media/files/b/x?signature=1", "file_url": "https://v3b.fal.media/files/b/x"}
    second = FAL.uploaded(first, reply(200, place))
    assert isinstance(second, Upload)
    assert (second.call.method, second.call.url, second.call.body) == ("PUT", place["upload_url"], LARGE)
    assert second.call.headers == {"content-type": "image/jpeg"}
    assert not second.call.key
    assert not FAL.takes_key(REAL, second.call.url)
    assert FAL.uploaded(second, reply(200, b"")) == Inline(value=place["file_url"])


@pytest.mark.parametrize("field", ["upload_url", "file_url"])
@pytest.mark.parametrize("url", ["https://evil.example/x", "http://v3.fal.media/x", "http://127.0.0.1:1/x"])
def test_pictures_go_to_fal_and_nowhere_else(field: str, url: str) -> None:
    place = {"upload_url": "https://v3.fal.media/a", "file_url": "https://v3.fal.media/b", field: url}
    outcome = FAL.uploaded(initiated(), reply(200, place))
    assert isinstance(outcome, UntrustedAnswer)
    assert outcome.as_dict()["charge"] == "not_charged"


def test_a_local_storage_is_trusted_when_the_settings_name_it() -> None:
    place = {"upload_url": "http://127.0.0.1:9000/put", "file_url": "http://127.0.0.1:9000/get"}
    assert isinstance(FAL.uploaded(initiated(LOCAL), reply(200, place)), Upload)


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (500, ProviderError), (302, ProviderError)])
def test_a_failed_upload_is_an_error(status: int, error: type[FluxroomError]) -> None:
    assert isinstance(FAL.uploaded(initiated(), reply(status)), error)


@pytest.mark.parametrize("body", [b"", {}, {"upload_url": "https://v3.fal.media/a"}, {"upload_url": 1, "file_url": 2}])
def test_a_storage_that_names_no_place_is_an_error(body: object) -> None:
    assert isinstance(FAL.uploaded(initiated(), reply(200, body)), ProviderError)


# The rest -------------------------------------------------------------------------------------------------------------


def test_the_key_and_the_calls_that_cost_nothing() -> None:
    assert FAL.key_headers("id:secret") == {"authorization": "Key id:secret"}
    account, published = FAL.account(REAL), FAL.published(REAL, "fal-ai/flux-2/edit")
    assert account.url == "https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai/flux/dev"
    assert published.url == "https://api.fal.ai/v1/models?endpoint_id=fal-ai/flux-2/edit"
    assert (account.method, published.method) == ("GET", "GET")
    assert account.key
    assert not published.key
    assert FAL.takes_key(REAL, account.url)


def listed(**metadata: object) -> dict[str, Any]:
    return {"models": [{"endpoint_id": "fal-ai/flux-2", "metadata": metadata}], "has_more": False}


@pytest.mark.parametrize(
    ("status", "body", "offered"),
    [
        (200, listed(status="active"), True),
        (200, listed(), True),
        (200, listed(status="deprecated"), False),
        (200, {"models": []}, False),
        (200, {"models": [None, {"endpoint_id": "fal-ai/flux-2/lora"}]}, False),
        (200, {"models": None}, None),
        (200, b"<html>", None),
        (404, {"error": {"type": "not_found", "message": "no such endpoint"}}, False),
        (404, {"detail": "x"}, None),
        (503, listed(status="active"), None),
    ],
)
def test_what_the_catalogue_offers(status: int, body: object, offered: bool | None) -> None:
    assert FAL.offers("fal-ai/flux-2", reply(status, body)) is offered
