"""The BFL dialect, function by function."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import pytest

from fluxroom.errors import FluxroomError, InvalidReference, ProviderError
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
from fluxroom.providers.bfl.answers import STATUSES
from fluxroom.types import Reference

BFL = dialect("bfl")
GLOBAL = Hosts(submit="https://api.bfl.ai")
EU = Hosts(submit="https://api.eu.bfl.ai", region="eu")
LOCAL = Hosts(submit="http://127.0.0.1:7861/bfl")
ORDER = Order(endpoint="flux-2-pro", body={"prompt": "a red fox", "seed": 7})
TASK = "2fa2ae11-7c0e-4f5a-9c77-0a6f1f1c1b01"
POLL = f"https://api.eu2.bfl.ai/v1/get_result?id={TASK}"
TICKET = {"id": TASK, "polling_url": POLL}


def reply(status: int, body: object = None, **headers: str) -> Reply:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=sent)


def accepted(status: int, body: object = None, hosts: Hosts = GLOBAL) -> SubmitOutcome:
    return BFL.accepted(hosts, ORDER, reply(status, body))


def read(status: int, body: object = None, hosts: Hosts = GLOBAL) -> PollOutcome:
    return BFL.read(hosts, TICKET, reply(status, body))


def ticket_of(outcome: SubmitOutcome) -> dict[str, Any]:
    assert isinstance(outcome, Accepted)
    return dict(outcome.ticket)


# Submit ---------------------------------------------------------------------------------------------------------------


def test_the_submit_call_is_the_body_as_it_is() -> None:
    call = BFL.submit(GLOBAL, ORDER)
    assert (call.method, call.url, call.json) == ("POST", "https://api.bfl.ai/v1/flux-2-pro", ORDER.body)
    assert call.key
    assert not call.stream


def test_a_base_with_a_prefix_and_a_tool_keep_their_paths() -> None:
    order = Order(endpoint="flux-tools/erase-v1", body={})
    assert BFL.submit(LOCAL, order).url == "http://127.0.0.1:7861/bfl/v1/flux-tools/erase-v1"


@pytest.mark.parametrize(("secret", "fields"), [("", {"webhook_url"}), ("s3", {"webhook_url", "webhook_secret"})])
def test_webhook_fields_are_sent_only_with_an_address(secret: str, fields: set[str]) -> None:
    hooked = Order(endpoint="flux-2-pro", body={}, webhook_url="https://me.example/hook", webhook_secret=secret)
    assert set(BFL.submit(GLOBAL, hooked).json) == fields
    assert BFL.submit(GLOBAL, Order(endpoint="flux-2-pro", body={}, webhook_secret=secret)).json == {}


SURE = {429: NotTaken, 503: NotTaken}
UNSURE = (100, 200, 201, 204, 301, 302, 303, 304, 408, 499, 500, 501, 502, 504, 520, 524, 599)
FINAL = (307, 308, 400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 451)


@pytest.mark.parametrize("status", [*SURE, *UNSURE, *FINAL])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id": "2fa2', b"null", b"[]", b'{"detail": "x"}'])
def test_every_status_of_a_submit_without_an_id(status: int, body: bytes) -> None:
    expected = SURE.get(status) or (Rejected if status in FINAL else Ambiguous)
    assert isinstance(accepted(status, body), expected)


@pytest.mark.parametrize("status", [200, 201, 202, 409, 429, 500, 502, 503, 504])
def test_an_id_with_a_polling_address_is_a_ticket_whatever_the_status(status: int) -> None:
    assert ticket_of(accepted(status, {"id": TASK, "polling_url": POLL})) == TICKET


def test_a_503_with_an_id_alone_may_have_been_taken() -> None:
    assert isinstance(accepted(503, {"id": TASK}), Ambiguous)


@pytest.mark.parametrize("task", ["", None, True, [], {}, 1.5, "a b", "ä", "x" * 201, "\ud800"])
def test_an_unusable_id_is_ambiguous(task: object) -> None:
    assert isinstance(accepted(200, {"id": task, "polling_url": POLL}), Ambiguous)


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("https://evil.example/v1/get_result?id=1", "evil.example"),
        ("http://api.bfl.ai/v1/get_result?id=1", "api.bfl.ai"),
        ("javascript:alert(1)", "not an address"),
        ("http://127.0.0.1/v1/get_result", "127.0.0.1"),
        (["https://api.bfl.ai"], "not an address"),
    ],
)
def test_a_foreign_polling_address_is_dropped_and_the_paid_job_kept(given: object, host: str) -> None:
    ticket = ticket_of(accepted(200, {"id": TASK, "polling_url": given}))
    assert ticket == {"id": TASK, "untrusted_host": host}
    assert BFL.check(GLOBAL, ticket).url == f"https://api.bfl.ai/v1/get_result?id={TASK}"


def test_a_job_for_one_region_is_never_polled_in_another() -> None:
    body = {"id": TASK, "polling_url": f"https://api.us2.bfl.ai/v1/get_result?id={TASK}"}
    ticket = ticket_of(accepted(200, body, EU))
    assert ticket == {"id": TASK, "region": "eu", "untrusted_host": "api.us2.bfl.ai"}
    assert BFL.check(EU, ticket).url == f"https://api.eu.bfl.ai/v1/get_result?id={TASK}"


def test_the_region_of_the_job_counts_when_the_settings_change() -> None:
    ticket = {"id": TASK, "region": "eu", "polling_url": f"https://api.us2.bfl.ai/v1/get_result?id={TASK}"}
    assert "us2" not in BFL.check(GLOBAL, ticket).url


def test_the_cost_is_in_dollars() -> None:
    outcome = accepted(200, {"id": TASK, "polling_url": POLL, "cost": 4.5})
    assert isinstance(outcome, Accepted)
    assert outcome.cost == Decimal("0.045")


@pytest.mark.parametrize("cost", [None, "free", True, -1, float("nan"), float("inf"), [], 10**30])
def test_a_cost_that_is_no_amount_is_unknown(cost: object) -> None:
    outcome = accepted(200, {"id": TASK, "polling_url": POLL, "cost": cost})
    assert isinstance(outcome, Accepted)
    assert outcome.cost is None


@pytest.mark.parametrize(
    ("field", "code"),
    [("input_image_2", "invalid_reference"), ("images", "invalid_reference"), ("seed", "invalid_params")],
)
def test_a_picture_field_that_is_refused_is_a_bad_reference(field: str, code: str) -> None:
    detail = [{"type": "value_error", "loc": ["body", field], "msg": "Value error, bad", "input": "iVBORw0KGgo" * 90}]
    outcome = accepted(422, {"detail": detail})
    assert isinstance(outcome, Rejected)
    assert (outcome.error.code, outcome.error.context["field"]) == (code, field)
    assert "iVBOR" not in json.dumps(outcome.error.as_dict())


def test_messages_carry_no_signed_address_key_or_picture() -> None:
    text = (
        f"see (https://delivery-eu4.bfl.ai/a.png?sig=SECRET1) data:image/png;base64,SECRET2 {'SECRET3' * 20} "
        "12345678-1234-1234-1234-123456789abc:0123456789abcdef0123 end"
    )
    outcome = accepted(400, {"detail": text})
    assert isinstance(outcome, Rejected)
    assert "SECRET" not in str(outcome.error)
    assert "0123456789abcdef" not in str(outcome.error)
    assert str(outcome.error).endswith("end")


@pytest.mark.parametrize("detail", [None, [], {}, 5, [5], [{}], [{"loc": 3, "msg": 4}], "", "x" * 10_000])
def test_an_odd_error_body_still_makes_one_short_sentence(detail: object) -> None:
    outcome = accepted(422, {"detail": detail})
    assert isinstance(outcome, Rejected)
    assert 10 < len(str(outcome.error)) < 400
    assert "\n" not in str(outcome.error)


# Poll -----------------------------------------------------------------------------------------------------------------


def test_the_polling_address_is_used_as_given() -> None:
    call = BFL.check(GLOBAL, TICKET)
    assert (call.method, call.url) == ("GET", POLL)


@pytest.mark.parametrize("status", [*STATUSES, "Something new"])
@pytest.mark.parametrize("code", [200, 202, 404, 422])
def test_a_status_means_the_same_with_every_code_that_carries_a_task(status: str, code: int) -> None:
    body = {"id": TASK, "status": status, "result": {"sample": "https://delivery-eu.bfl.ai/a.png?sig=1"}}
    assert type(read(code, body)) is type(read(200, body))


def test_a_polling_address_that_redirects_is_not_followed_but_the_task_is_asked_for_by_its_id() -> None:
    outcome = read(307, b"")
    assert isinstance(outcome, Follow)
    assert outcome.call.url == f"https://api.bfl.ai/v1/get_result?id={TASK}"
    assert isinstance(BFL.read(GLOBAL, outcome.ticket, Reply(status=307)), Again)


@pytest.mark.parametrize("code", [400, 401, 402, 403, 405, 408, 429, 500, 502, 503, 504, 520])
@pytest.mark.parametrize("body", [b"", b"<html>", {"status": "Error"}, {"detail": "x"}])
def test_other_codes_say_nothing_about_the_job(code: int, body: object) -> None:
    assert isinstance(read(code, body), Again)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", {}, {"status": None}, {"status": ""}, {"status": 5}])
def test_an_answer_without_a_status_is_asked_again(body: object) -> None:
    assert isinstance(read(200, body), Again)


def test_retry_after_is_kept() -> None:
    outcome = BFL.read(GLOBAL, TICKET, reply(503, None, retry_after="7"))
    assert isinstance(outcome, Again)
    assert outcome.retry_after == 7


def test_a_404_in_json_is_gone_and_one_of_a_proxy_is_asked_again() -> None:
    assert isinstance(read(404, {"detail": "Not Found"}), Gone)
    assert isinstance(read(404, b"<html>"), Again)


@pytest.mark.parametrize("result", [None, {}, {"sample": None}, {"sample": ""}, {"sample": []}, {"sample": 5}, "x"])
def test_ready_without_a_picture_is_asked_again_because_it_is_paid(result: object) -> None:
    assert isinstance(read(200, {"status": "Ready", "result": result}), Again)


def test_ready_brings_everything_that_bfl_says() -> None:
    result = {"sample": ["https://delivery.us3.bfl.ai/1?a=b", "https://delivery.us3.bfl.ai/2?a=b"], "seed": 2**40}
    outcome = read(200, {"status": "Ready", "result": {**result, "start_time": 1.0, "end_time": 3.5}, "cost": 3})
    assert isinstance(outcome, Ready)
    assert [picture.url[-5:] for picture in outcome.media] == ["1?a=b", "2?a=b"]
    assert (outcome.seed, outcome.seconds, outcome.cost) == (2**40, 2.5, Decimal("0.03"))


@pytest.mark.parametrize(
    ("told", "progress"), [(0.4, 0.4), (7, 1.0), (-1, 0.0), (None, None), (True, None), ("x", None)]
)
def test_progress_lies_between_zero_and_one(told: object, progress: float | None) -> None:
    outcome = read(200, {"status": "Pending", "progress": told})
    assert isinstance(outcome, Pending)
    assert outcome.progress == progress


@pytest.mark.parametrize(("cost", "charge"), [(None, "unknown"), (0, "not_charged"), (4, "charged")])
@pytest.mark.parametrize("status", ["Request Moderated", "Content Moderated", "Error"])
def test_whether_a_job_without_a_picture_is_charged_is_known_only_from_the_cost(
    status: str, cost: object, charge: str
) -> None:
    outcome = read(200, {"status": status, "cost": cost})
    assert isinstance(outcome, Refused | Failed)
    assert outcome.error.as_dict()["charge"] == charge
    assert outcome.error.context["request_id"] == TASK


@pytest.mark.parametrize("details", [None, {}, {"Moderation Reasons": None}, {"Moderation Reasons": "Violence"}, [], 5])
def test_moderation_reasons_are_read_whatever_their_form(details: object) -> None:
    outcome = read(200, {"status": "Request Moderated", "details": details})
    assert isinstance(outcome, Refused)
    assert str(outcome.error).endswith(("gave no reason", "Violence"))


# A task without a polling address -------------------------------------------------------------------------------------


def seek(hosts: Hosts, answers: list[Reply]) -> tuple[PollOutcome, list[str]]:
    """Follows the dialect through the regional hosts; the last answer repeats."""
    ticket: Any = {"id": TASK}
    asked = [BFL.check(hosts, ticket).url]
    while True:
        outcome = BFL.read(hosts, ticket, answers[min(len(asked), len(answers)) - 1])
        if not isinstance(outcome, Follow):
            return outcome, asked
        ticket = outcome.ticket
        asked.append(outcome.call.url)
        assert BFL.takes_key(hosts, outcome.call.url)


UNKNOWN = reply(404, {"id": TASK, "status": "Task not found"})


def test_a_task_without_an_address_is_sought_on_every_regional_host() -> None:
    outcome, asked = seek(GLOBAL, [UNKNOWN])
    assert isinstance(outcome, Gone)
    assert len(asked) == len(set(asked)) == 11


def test_the_search_stays_in_the_region() -> None:
    outcome, asked = seek(EU, [UNKNOWN])
    assert isinstance(outcome, Gone)
    assert {url.split("/")[2] for url in asked} == {f"api.{name}.bfl.ai" for name in ("eu", "eu1", "eu2", "eu4")}


def test_the_search_ends_where_the_task_is() -> None:
    outcome, asked = seek(GLOBAL, [UNKNOWN, UNKNOWN, reply(200, {"status": "Pending"})])
    assert isinstance(outcome, Pending)
    assert len(asked) == 3


def test_a_host_that_cannot_answer_leaves_the_search_open() -> None:
    outcome, _ = seek(GLOBAL, [UNKNOWN, reply(503), UNKNOWN])
    assert isinstance(outcome, Again)


def test_a_local_base_is_asked_alone() -> None:
    outcome, asked = seek(LOCAL, [UNKNOWN])
    assert isinstance(outcome, Gone)
    assert asked == [f"http://127.0.0.1:7861/bfl/v1/get_result?id={TASK}"]


# The rest -------------------------------------------------------------------------------------------------------------


def test_a_picture_travels_as_raw_base64() -> None:
    assert BFL.prepare(GLOBAL, Reference(sha256="x"), b"\x89PNG") == Inline(value=base64.b64encode(b"\x89PNG").decode())
    assert BFL.prepare(GLOBAL, Reference(url="https://a.example/x.png"), b"") == Inline(value="https://a.example/x.png")


def test_a_picture_over_20_mb_is_refused_by_name() -> None:
    with pytest.raises(InvalidReference, match=r"cat\.png has 20,000,001 bytes"):
        BFL.prepare(GLOBAL, Reference(sha256="x", name="cat.png"), bytes(20_000_001))


def test_there_are_no_uploads_no_cancel_and_no_stream() -> None:
    upload = Upload(call=BFL.account(GLOBAL))
    assert isinstance(BFL.uploaded(upload, reply(200)), ProviderError)
    assert BFL.cancel(GLOBAL, TICKET) is None
    assert BFL.watch(GLOBAL, TICKET) is None


def test_the_key_and_the_calls_that_cost_nothing() -> None:
    assert BFL.key_headers("k") == {"x-key": "k"}
    account, published = BFL.account(LOCAL), BFL.published(LOCAL, "flux-2-pro")
    assert (account.method, account.url) == ("GET", "http://127.0.0.1:7861/bfl/v1/credits")
    assert (published.method, published.url) == ("GET", "http://127.0.0.1:7861/bfl/openapi.json")
    assert account.key
    assert not published.key
    assert BFL.takes_key(LOCAL, account.url)


@pytest.mark.parametrize(
    ("status", "body", "offered"),
    [
        (200, {"paths": {"/v1/flux-2-pro": {"post": {}}}}, True),
        (200, {"paths": {"/v1/flux-2-pro": {"get": {}}}}, False),
        (200, {"paths": {"/v1/credits": {"get": {}}}}, False),
        (200, {"paths": {}}, None),
        (200, {"paths": []}, None),
        (200, b"<html>", None),
        (500, {"paths": {"/v1/flux-2-pro": {"post": {}}}}, None),
    ],
)
def test_what_the_published_specification_offers(status: int, body: object, offered: bool | None) -> None:
    assert BFL.offers("flux-2-pro", reply(status, body)) is offered


def test_errors_name_the_provider_and_not_the_caller() -> None:
    errors: list[FluxroomError] = []
    for status in FINAL:
        outcome = accepted(status, {"detail": "no"})
        assert isinstance(outcome, Rejected)
        errors.append(outcome.error)
    assert all(error.context["provider"] == "bfl" for error in errors)
    assert all(error.as_dict()["charge"] == "not_charged" for error in errors)
