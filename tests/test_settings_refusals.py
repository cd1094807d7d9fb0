"""Values of environment variables that cannot be used: refused by name, with the reason, and never repeated."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxroom.settings import BadSettings, Settings, is_loopback, listed, load
from fluxroom.store import open_store

POSITIVE = ("FLUXROOM_BFL_CAP", "FLUXROOM_FAL_CAP", "FLUXROOM_SUBMIT_GATE", "FLUXROOM_PER_MINUTE", "FLUXROOM_MOST_OPEN")
DURATIONS = (
    "FLUXROOM_POLL_FIRST", "FLUXROOM_POLL_MAX", "FLUXROOM_WAIT", "FLUXROOM_SANDBOX_SPEED", "FLUXROOM_HEARTBEAT",
    "FLUXROOM_WRITER_TIMEOUT",
)  # fmt: skip
DAYS = ("FLUXROOM_TRASH_DAYS", "FLUXROOM_KEEP_PICTURES_DAYS", "FLUXROOM_KEEP_RECORDS_DAYS")
BASES = (
    "FLUXROOM_BFL_URL", "FLUXROOM_FAL_QUEUE_URL", "FLUXROOM_FAL_RUN_URL", "FLUXROOM_FAL_REST_URL",
    "FLUXROOM_FAL_API_URL", "FLUXROOM_PUBLIC_URL",
)  # fmt: skip
HOSTS = ("FLUXROOM_HOSTS", "FLUXROOM_WEBHOOK_HOSTS")


def refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> BadSettings:
    """The error of one wrong variable; it names this one and says what to do."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSettings) as caught:
        load()
    monkeypatch.delenv(variable)
    error = caught.value
    assert error.detail.startswith(f"{variable}: ")
    assert error.context["field"] == variable
    assert "doctor" in error.next_step
    assert (error.exit_code, error.status, error.charge) == (2, 400, "not_charged")
    return error


def taken(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> Settings:
    monkeypatch.setenv(variable, value)
    found = load()
    monkeypatch.delenv(variable)
    return found


# numbers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", POSITIVE)
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "1e3x"])
def test_a_cap_is_a_whole_number_of_one_or_more(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    refused(monkeypatch, variable, value)


@pytest.mark.parametrize("variable", DURATIONS)
@pytest.mark.parametrize("value", ["0", "-0.1", "nan", "inf", "-inf", "1e9", "soon"])
def test_a_duration_is_finite_and_above_zero(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    refused(monkeypatch, variable, value)
    taken(monkeypatch, variable, "0.25")


@pytest.mark.parametrize("variable", DAYS)
@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1000000", "a month"])
def test_days_are_zero_or_more(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """A retention that is not a number must not become one that deletes everything, or nothing."""
    refused(monkeypatch, variable, value)
    taken(monkeypatch, variable, "0")
    taken(monkeypatch, variable, "0.5")


@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(("wait", "heartbeat", "trash_days")))
@settings(max_examples=80, deadline=None)
def test_every_number_that_is_taken_can_be_waited_for(value: float, name: str) -> None:
    try:
        found = load(_env_file=None, **{name: value})
    except BadSettings:
        return
    number = getattr(found, name)
    assert math.isfinite(number)
    assert number >= 0
    assert number > 0 or name == "trash_days"


# addresses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", BASES)
@pytest.mark.parametrize(
    "value", ["api.bfl.ai", "ftp://api.bfl.ai", "//api.bfl.ai", "http://api.bfl.ai", "http://127.0.0.1.example.org/x"]
)
def test_keys_travel_only_over_https_or_within_this_machine(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    refused(monkeypatch, variable, value)
    taken(monkeypatch, variable, "http://127.0.0.1:9000/x//")
    taken(monkeypatch, variable, "https://api.example.com")


@pytest.mark.parametrize("name", ["bfl_url", "fal_queue_url", "url", "public_url", "writer_url"])
def test_an_address_ends_without_a_stroke(name: str) -> None:
    """Paths are appended: two strokes would be another address, and a signature of another text."""
    assert getattr(load(_env_file=None, **{name: "https://a.example.com/x/"}), name) == "https://a.example.com/x"


@pytest.mark.parametrize("variable", ["FLUXROOM_URL", "FLUXROOM_WRITER_URL", "FLUXROOM_PUBLIC_URL"])
@pytest.mark.parametrize(
    "value",
    [
        "https://me:word@a.example.com",
        "https://a.example.com?x=1",
        "https://a.example.com/x#y",
        "https://",
        "https:///x",
        "https://a.example.com\\@b.example.com",
        "https://a b.example.com",
    ],
)
def test_an_address_has_no_user_name_query_or_fragment(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    error = refused(monkeypatch, variable, value)
    assert "word" not in str(error.as_dict()).replace("password", "")


def test_a_public_address_must_fit_into_what_providers_take(monkeypatch: pytest.MonkeyPatch) -> None:
    refused(monkeypatch, "FLUXROOM_PUBLIC_URL", f"https://a.example.com/{'x' * 1500}")
    taken(monkeypatch, "FLUXROOM_PUBLIC_URL", f"https://a.example.com/{'x' * 1400}")


@pytest.mark.parametrize("variable", HOSTS)
@pytest.mark.parametrize(
    "value", ["https://studio.lan", "studio.lan:7860", "studio.lan/x", "*", "a b@c", "[::1", "ok.lan,not/ok"]
)
def test_names_are_names_only(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    refused(monkeypatch, variable, value)
    taken(monkeypatch, variable, "studio.lan, [fd00::1], 10.0.0.7")


@pytest.mark.parametrize(
    "value",
    ["*", "null", "chat.example.com", "https://chat.example.com/", "https://*.example.com", "https://a.example.com/x"],
)
def test_an_origin_is_exactly_what_browsers_send(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    refused(monkeypatch, "FLUXROOM_CORS", value)
    assert taken(monkeypatch, "FLUXROOM_CORS", "https://a.example.com,http://b.example.com:8080").cors


@pytest.mark.parametrize("value", ["bfl;fal", "openai", "fal,,dall-e"])
def test_the_order_names_providers(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert "bfl, fal" in refused(monkeypatch, "FLUXROOM_ROUTE_ORDER", value).detail
    assert taken(monkeypatch, "FLUXROOM_ROUTE_ORDER", " fal , ").providers_by_order == ("fal", "bfl")


@pytest.mark.parametrize("value", ["gpt-image-2", "a=b=c", "=flux-2-pro", "a=", "a = b, c"])
def test_aliases_are_pairs(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    refused(monkeypatch, "FLUXROOM_OPENAI_ALIASES", value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FLUXROOM_BFL_REGION", "mars"),
        ("FLUXROOM_LOG_LEVEL", "chatty"),
        ("FLUXROOM_LOG_FORMAT", "xml"),
        ("FLUXROOM_ROUTING", "random"),
        ("FLUXROOM_OPENAI_UNSUPPORTED", "ignore"),
        ("FLUXROOM_FAL_LIFECYCLE", "{not json"),
        ("FLUXROOM_SANDBOX", "maybe"),
        ("FLUXROOM_TLS", "perhaps"),
        ("FLUXROOM_PORT", "http"),
    ],
)
def test_words_that_are_none_of_the_known_ones(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    refused(monkeypatch, variable, value)


# the database's address holds a password -----------------------------------------------------------------------------

UNREADABLE = [
    "postgresql://me:hunter[2@db.example.com/pictures",
    "postgresql://me:hunter]2@db.example.com/pictures",
    "postgresql://me:hunter2@[::1/pictures",
    "postgres://me:hunter2@[not-an-address]/pictures",
    "postgresql://me:hunter2\u2100@db.example.com/pictures",
]


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://me:hunter2@db/x", "me:hunter2@db/x", "POSTGRES://x"])
def test_another_database_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    error = refused(monkeypatch, "FLUXROOM_DATABASE_URL", url)
    assert "postgresql://" in error.detail
    assert "hunter2" not in str(error.as_dict())


@pytest.mark.parametrize("url", UNREADABLE)
def test_an_address_that_cannot_be_read_is_said_when_it_is_opened(url: str, tmp_path: Path) -> None:
    """A sign that belongs in a URL otherwise, as generated passwords have: a setting to mend, not a fault of ours."""
    found = load(_env_file=None, database_url=url)
    assert any("hunter" in secret for secret in found.secrets()), "logs hide it all the same"
    with pytest.raises(BadSettings) as caught:
        open_store(tmp_path, found.database)
    assert caught.value.context["field"] == "FLUXROOM_DATABASE_URL"
    assert "hunter" not in str(caught.value.as_dict())
    assert "postgresql://user:password@host" in caught.value.next_step


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("postgresql://me:plain@db/x", ["plain"]),
        ("postgresql://me:p%40ss@db/x", ["p%40ss", "p@ss"]),
        ("postgresql://db/x?user=me&password=query", ["query"]),
        ("postgresql://me:one@db/x?password=two", ["one", "two"]),
        ("postgresql://me@db/x", []),
    ],
)
def test_every_form_of_its_password_is_hidden(url: str, hidden: list[str]) -> None:
    assert load(_env_file=None, database_url=url).secrets() == hidden


# what this machine is ------------------------------------------------------------------------------------------------


@given(st.ip_addresses(v=4))
@settings(max_examples=150, deadline=None)
def test_loopback_is_127_and_nothing_else(address: object) -> None:
    assert is_loopback(f"http://{address}:80/x") is str(address).startswith("127.")


@pytest.mark.parametrize(
    "url", ["", "http://", "http://[::1", "127.0.0.1", "http://localhost.example.com", "file:///x"]
)
def test_what_is_no_address_is_not_this_machine(url: str) -> None:
    assert not is_loopback(url)


@given(st.lists(st.text("abc.-", min_size=1, max_size=8), max_size=5))
@settings(max_examples=60, deadline=None)
def test_a_list_is_read_as_it_was_written(parts: list[str]) -> None:
    assert listed(" , ".join(parts)) == parts
