from __future__ import annotations

from pathlib import Path

import pytest

from fluxroom.errors import RequestError
from fluxroom.settings import BadSettings, Settings, is_loopback, is_secret, load


def test_defaults_are_the_providers_own_hosts() -> None:
    settings = load()
    assert settings.submit_url("bfl") == "https://api.bfl.ai"
    assert settings.submit_url("bfl", "eu") == "https://api.eu.bfl.ai"
    assert settings.submit_url("fal") == "https://queue.fal.run"
    assert (settings.bfl_cap, settings.fal_cap, settings.submit_gate) == (24, 40, 8)
    assert (settings.poll_first, settings.poll_max, settings.wait) == (0.5, 5.0, 600.0)


@pytest.mark.parametrize(
    ("variables", "key"),
    [
        ({"FAL_KEY": "a:b"}, "a:b"),
        ({"FAL_API_KEY": "c:d"}, "c:d"),
        ({"FAL_KEY": "a:b", "FAL_API_KEY": "c:d"}, "a:b"),
        ({"FAL_KEY_ID": "id", "FAL_KEY_SECRET": "secret"}, "id:secret"),
        ({"FAL_KEY_ID": "id"}, ""),
        ({"FAL_KEY": "   "}, ""),
    ],
)
def test_fals_key_is_read_under_all_its_names(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], key: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load().key("fal") == key


def test_a_dotenv_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BFL_API_KEY=from-file\nFLUXROOM_BFL_CAP=7\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("FLUXROOM_BFL_CAP", "9")
    settings = load()
    assert settings.key("bfl") == "from-file"
    assert settings.bfl_cap == 9


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("FLUXROOM_BFL_CAP", "0", "must be 1 or more"),
        ("FLUXROOM_BFL_CAP", "many", "valid integer"),
        ("FLUXROOM_POLL_MAX", "0", "above 0"),
        ("FLUXROOM_WAIT", "inf", "above 0"),
        ("FLUXROOM_BFL_URL", "ftp://api.bfl.ai", "https://"),
        ("FLUXROOM_BFL_URL", "http://api.bfl.ai", "this machine only"),
        ("FLUXROOM_BFL_REGION", "mars", "global"),
        ("FLUXROOM_ROUTE_ORDER", "fal,replicate", "replicate"),
        ("FLUXROOM_LOG_LEVEL", "loud", "debug"),
    ],
)
def test_a_wrong_value_names_its_variable_and_the_reason(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings) as caught:
        load()
    assert caught.value.detail.startswith(f"{name}: ")
    assert reason in caught.value.detail
    assert isinstance(caught.value, RequestError)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXROOM_BFL_CAP", "")
    assert load().bfl_cap == 24


def test_secrets_hide_in_repr_and_are_listed_for_redaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BFL_API_KEY", "planted-bfl")
    monkeypatch.setenv("FAL_KEY", "planted:fal")
    settings = load()
    assert "planted" not in repr(settings)
    assert sorted(settings.secrets()) == ["planted-bfl", "planted:fal"]
    secret = {name for name, field in Settings.model_fields.items() if is_secret(field.annotation)}
    providers = {"bfl_api_key", "fal_key", "fal_api_key", "fal_key_id", "fal_key_secret"}
    assert secret == providers | {"database_url", "api_key", "writer_key"}


@pytest.mark.parametrize(
    ("variables", "order"),
    [
        ({}, ("bfl", "fal")),
        ({"FAL_KEY": "a:b"}, ("fal", "bfl")),
        ({"BFL_API_KEY": "a", "FAL_KEY": "a:b"}, ("bfl", "fal")),
        ({"BFL_API_KEY": "a", "FLUXROOM_ROUTE_ORDER": "fal, bfl"}, ("fal", "bfl")),
        ({"FLUXROOM_ROUTE_ORDER": "fal"}, ("fal", "bfl")),
    ],
)
def test_the_order_of_providers(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], order: tuple[str, ...]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load().providers_by_order == order


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:9/x", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("http://sandbox.localhost/x", True),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://192.168.0.1", False),
        ("http://2130706433", False),
        ("nonsense", False),
        ("http://[::1", False),
    ],
)
def test_what_counts_as_this_machine(url: str, *, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_every_variable_has_a_description_and_a_name_of_its_own() -> None:
    fields = Settings.model_fields.values()
    names = [field.validation_alias for field in fields]
    assert len(set(names)) == len(names)
    assert all(field.description and field.description.endswith(".") for field in fields)
