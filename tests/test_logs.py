from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator

import pytest

from fluxroom import logs
from fluxroom.settings import load

SIGNATURE = "planted-signature"
KEY = "planted-id-1234:planted-secret-5678"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    monkeypatch.setenv("FAL_KEY", KEY)
    monkeypatch.setenv("BFL_API_KEY", "planted-bfl-key")
    monkeypatch.setenv("FLUXROOM_LOG_LEVEL", "debug")
    root = logging.getLogger("fluxroom")
    before, stream = list(root.handlers), io.StringIO()
    root.handlers = [logging.StreamHandler(stream)]
    logs.configure(load())
    yield stream
    root.handlers = before
    root.setLevel(logging.NOTSET)


def _break() -> None:
    raise RuntimeError("broke with " + KEY + " at https://delivery.bfl.ai/a.png?sig=" + SIGNATURE)


def test_no_secret_of_any_kind_reaches_a_line(lines: io.StringIO) -> None:
    picture = base64.b64encode(bytes(range(256)) * 4).decode()
    try:
        _break()
    except RuntimeError:
        logs.get_logger("fluxroom.test").exception(
            "event with planted-bfl-key",
            headers={"Authorization": f"Key {KEY}", "x-key": "planted-bfl-key"},
            half="planted-secret-5678",
            url="see https://v3.fal.media/files/x.png?token=planted-signature&x=1#part",
            payload={"input_image": picture, "nested": [{"image_url": f"data:image/png;base64,{picture}"}]},
            raw=picture.encode(),
            webhook_secret="planted-webhook",
            fal_api_key="planted-any",
        )
    text = lines.getvalue()
    assert "planted" not in text
    assert picture[:60] not in text
    assert "https://v3.fal.media/files/x.png?…" in text
    assert "RuntimeError" in text


def test_a_prompt_is_cut_at_200_characters_unless_asked_for(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = "a fox " * 100
    logs.get_logger("fluxroom.test").info("x", prompt=prompt)
    assert prompt not in lines.getvalue()
    assert prompt[:200] in lines.getvalue()
    monkeypatch.setenv("FLUXROOM_LOG_PROMPTS", "1")
    logs.configure(load())
    logs.get_logger("fluxroom.test").info("x", prompt=prompt, negative_prompt="b " * 150)
    assert prompt in lines.getvalue()
    assert "b " * 150 in lines.getvalue()


def test_json_lines_are_json(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXROOM_LOG_FORMAT", "json")
    logs.configure(load())
    logs.get_logger("fluxroom.test").info("stored", job="j1", seconds=1.5)
    monkeypatch.delenv("FLUXROOM_LOG_FORMAT")
    logs.configure(load())
    line = json.loads(lines.getvalue())
    assert (line["event"], line["job"], line["seconds"], line["level"]) == ("stored", "j1", 1.5, "info")


def test_an_application_that_uses_the_library_hears_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    logs.get_logger("fluxroom.quiet").warning("nobody asked")
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_cleaning_leaves_ordinary_values_alone() -> None:
    value = {"steps": 28, "guidance_scale": 3.5, "loras": [{"path": "owner/name", "scale": 1.0}], "seed": None}
    assert logs.clean(value) == value
