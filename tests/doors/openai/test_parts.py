"""The small parts of the OpenAI door: names, forms, masks, links, and answers that are written in pieces."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from tests.doors.openai.worlds import clear_mask, photo
from tests.server.rows import image, job, snapshot

from fluxroom import catalog
from fluxroom.errors import InvalidParams, InvalidReference, ModeratedInput, ProviderError, SubmitUnknown, WaitEnded
from fluxroom.server import problems
from fluxroom.server.doors.links import Links, is_link
from fluxroom.server.doors.openai import errors, speech, writing
from fluxroom.server.doors.openai.bodies import Sent, _Form, _value, _with_pictures
from fluxroom.server.doors.openai.names import aliases, created
from fluxroom.server.doors.openai.parameters import Reading
from fluxroom.server.doors.openai.pictures import white_where_clear
from fluxroom.server.doors.openai.writing import Base64
from fluxroom.settings import BadSettings, load
from fluxroom.store.blobs import Blobs
from fluxroom.types import Done, Queued, Running


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


# answers in pieces ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 3, 262_144, 786_431, 786_432, 786_433, 1_048_576, 3_000_001])
def test_base64_in_pieces_is_base64(blobs: Blobs, size: int) -> None:
    data = bytes(index * 7 % 251 for index in range(size))
    digest = blobs.put(data)
    pieces = list(writing.json_with(blobs, {"data": [{"b64_json": Base64(digest)}], "n": 1}))
    told = json.loads(b"".join(pieces))
    assert base64.b64decode(told["data"][0]["b64_json"]) == data
    assert max(len(piece) for piece in pieces) < 1_500_000


def test_several_pictures_stand_in_their_places_and_keep_their_prefix(blobs: Blobs) -> None:
    first, second = blobs.put(b"first"), blobs.put(b"second")
    answer = {"a": Base64(first, "data:image/png;base64,"), "b": ["x", {"c": Base64(second)}], "d": Base64(first)}
    told = json.loads(b"".join(writing.json_with(blobs, answer)))
    assert told["a"] == "data:image/png;base64," + base64.b64encode(b"first").decode()
    assert told["b"] == ["x", {"c": base64.b64encode(b"second").decode()}]
    assert told["d"] == base64.b64encode(b"first").decode()


def test_an_event_is_one_line_of_data(blobs: Blobs) -> None:
    told = b"".join(writing.event(blobs, {"b64_json": Base64(blobs.put(b"fox"))}, "image_generation.completed"))
    assert told == b'event: image_generation.completed\ndata: {"b64_json":"Zm94"}\n\n'
    assert writing.small({"a": "x\ny"}) == b'data: {"a":"x\\ny"}\n\n'


@given(
    st.recursive(
        st.text() | st.integers(-9, 9) | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_an_answer_without_pictures_is_plain_json(value: Any) -> None:
    class Nothing:
        def stream(self, _digest: str) -> Iterator[bytes]:
            raise AssertionError

    assert json.loads(b"".join(writing.json_with(Nothing(), {"value": value}))) == {"value": value}  # type: ignore[arg-type]


# links ---------------------------------------------------------------------------------------------------------------

LINKS = Links(b"k" * 32, "http://gateway:7860")


def test_a_link_names_its_picture_under_any_host() -> None:
    picture = image(3, id="01kaz3x9f0m2n4p6q8r0st", mime="image/jpeg")
    address = LINKS.of(picture)
    assert address.startswith("http://gateway:7860/files/01kaz3x9f0m2n4p6q8r0st/")
    assert address.endswith(".jpg")
    assert LINKS.named(address) == picture.id
    assert LINKS.named(f"see {address.replace('gateway:7860', 'elsewhere.example')}, please") == picture.id
    assert is_link("HEAD", address.removeprefix("http://gateway:7860"))


def test_an_upload_has_a_link_too() -> None:
    digest = "ab" * 32
    address = LINKS.of_asset(digest, "image/webp")
    assert LINKS.named(address) == digest
    assert address.endswith(".webp")


def test_a_link_of_another_installation_or_with_another_name_is_none_of_ours() -> None:
    picture = image(3, id="01kaz3x9f0m2n4p6q8r0st")
    address = LINKS.of(picture)
    assert Links(b"x" * 32).named(address) == ""
    assert LINKS.named(address.replace("r0st/", "r0sv/")) == ""
    assert LINKS.named("") == LINKS.named("https://example.com/files/a/b/c.png") == ""


def test_only_reading_goes_by_link() -> None:
    path = LINKS.of(image(3, id="01kaz3x9f0m2n4p6q8r0st")).removeprefix("http://gateway:7860")
    assert not is_link("POST", path)
    for other in ("/files/", "/files/../v1/keys", path + "/x", "/v1" + path, path.replace(".png", ".p/ng")):
        assert not is_link("GET", other), other


# forms ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("2.5", 2.5),
        ("true", True),
        ("null", None),
        ('[{"path": "x"}]', [{"path": "x"}]),
        ("16:9", "16:9"),
        ("", ""),
    ],
)
def test_a_field_of_a_form_is_read_as_json_has_it(text: str, value: Any) -> None:
    assert _value(text) == value


def test_the_fields_of_a_form_find_their_places() -> None:
    form = _Form()
    for name, data in (
        ("image[]", b"a"),
        ("image[0]", b"b"),
        ("image", "https://x"),
        ("mask", b"m"),
        ("seed", "7"),
        ("prompt", "7"),
    ):
        form.put(name, data)
    assert (form.pictures, form.mask) == ([b"a", b"b", "https://x"], b"m")
    assert form.fields == {"seed": 7, "prompt": "7"}
    with pytest.raises(InvalidParams, match="twice"):
        form.put("seed", "8")
    with pytest.raises(InvalidParams, match="only image and mask"):
        form.put("markup", b"x")


@pytest.mark.parametrize(
    "listed",
    [
        ["https://x/1.png"],
        [{"image_url": "https://x/1.png"}],
        [{"image_url": {"url": "https://x/1.png"}}],
        "https://x/1.png",
    ],
)
def test_pictures_of_a_body_in_json(listed: Any) -> None:
    sent = _with_pictures(Sent({"images": listed, "mask": {"image_url": "data:x"}, "prompt": "p"}, "print"))
    assert (sent.pictures, sent.mask, dict(sent.fields)) == (("https://x/1.png",), "data:x", {"prompt": "p"})


def test_file_ids_are_refused() -> None:
    with pytest.raises(InvalidParams, match="no file ids"):
        _with_pictures(Sent({"images": [{"file_id": "file-1"}]}, "print"))


# masks ---------------------------------------------------------------------------------------------------------------


def pixels(data: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(data)).convert("L")


def test_clear_becomes_white_and_half_clear_grey() -> None:
    white = pixels(white_where_clear(clear_mask()))
    assert (white.getpixel((0, 0)), white.getpixel((319, 0))) == (255, 0)
    half = io.BytesIO()
    Pillow.new("RGBA", (300, 300), (9, 9, 9, 128)).save(half, "PNG")
    assert pixels(white_where_clear(half.getvalue())).getpixel((5, 5)) == 127


def test_a_mask_of_our_own_kind_stays_byte_for_byte() -> None:
    ours = photo("white")
    assert white_where_clear(ours) is ours


def test_a_mask_with_a_clear_colour_in_its_palette() -> None:
    out = io.BytesIO()
    drawn = Pillow.new("P", (300, 300), 0)
    drawn.putpalette([0, 0, 0, 255, 255, 255])
    drawn.paste(1, (0, 0, 150, 300))
    drawn.save(out, "PNG", transparency=1)
    white = pixels(white_where_clear(out.getvalue()))
    assert (white.getpixel((10, 10)), white.getpixel((290, 10))) == (255, 0)


@pytest.mark.parametrize("data", [b"", b"not a picture", photo()[:200]])
def test_what_is_no_picture_is_no_mask(data: bytes) -> None:
    with pytest.raises(InvalidReference):
        white_where_clear(data)


# names and fields ----------------------------------------------------------------------------------------------------


def test_aliases_are_read_from_one_setting() -> None:
    assert dict(aliases("")) == {}
    assert aliases("a=b , c = fal/d")["c"] == "fal/d"
    with pytest.raises(BadSettings, match="ALIAS=MODEL"):
        load(openai_aliases="gpt-image-2")


def test_every_model_has_a_day_or_none() -> None:
    for model in catalog.models().values():
        assert created(model) == 0 or created(model) > 1_700_000_000, model.id


def test_fields_of_the_wrong_kind_are_named() -> None:
    read = Reading({"n": True, "model": 7, "stream": "yes", "null": None}, "error")
    for name, kind in (("n", int), ("model", str), ("stream", bool)):
        with pytest.raises(InvalidParams) as refused:
            read.take(name, kind)
        assert refused.value.context["field"] == name
    assert "null" not in read.rest


def test_a_note_instead_of_a_refusal_is_the_callers_choice() -> None:
    with pytest.raises(InvalidParams, match="say it") as refused:
        _refuse(Reading({}, "error"))
    assert "on_unsupported" in refused.value.next_step
    assert _refuse(Reading({"on_unsupported": "report"}, "error")) == [{"name": "style", "why": "say it"}]
    with pytest.raises(InvalidParams):
        _refuse(Reading({"on_unsupported": "error"}, "report"))


def _refuse(read: Reading) -> list[dict[str, str]]:
    read.refuse("style", "vivid", "say it")
    return read.reported


# words ---------------------------------------------------------------------------------------------------------------


def test_pictures_are_shown_twice_and_missing_ones_told() -> None:
    found = snapshot(
        job(), job("failed", id="0000000000000000000two"), images=(image(1),), prompt="a [red] fox!\nin (snow)"
    )
    message = speech.pictures(found, LINKS, form="link")
    assert message.content.startswith("![a red fox in snow](http://gateway:7860/files/")
    assert message.content.endswith("1 of 2 jobs made no picture.")
    assert message.images[0]["image_url"]["url"] in message.content
    assert speech.pictures(found, LINKS, form="data").images[0]["image_url"]["url"] == Base64(
        "ab" * 32, "data:image/png;base64,"
    )


def test_a_long_prompt_is_a_short_title() -> None:
    found = snapshot(job(), images=(image(1),), prompt="word " * 100)
    assert len(speech.pictures(found, LINKS, form="link").content.split("](")[0]) <= 82


def test_moderation_is_refused_in_both_fields_and_other_errors_are_not() -> None:
    message = speech.refused(ModeratedInput("It is not allowed"))
    assert message is not None
    assert message.content == message.refusal
    assert message.content.startswith("It is not allowed. Rephrase")
    assert speech.refused(ProviderError("broken")) is None


def test_what_is_wanting_is_said_and_other_mistakes_are_not() -> None:
    lacking = InvalidParams("needs one", field="references")
    assert speech.wanting(lacking, prompt="x", with_pictures=False) is not None
    assert speech.wanting(lacking, prompt="x", with_pictures=True) is None
    assert speech.wanting(InvalidParams("empty", field="prompt"), prompt=" ", with_pictures=False) is not None
    assert speech.wanting(InvalidParams("too long", field="prompt"), prompt="x", with_pictures=False) is None


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Queued(job="j"), "waiting\n"),
        (Queued(job="j", position=3), "waiting (position 3)\n"),
        (Running(job="j", elapsed=1.0, expected=5.0), "running\n"),
        (Running(job="j", elapsed=1.0, expected=5.0, progress=0.4, phase="IN_PROGRESS"), "in progress 40%\n"),
        (Done(job="j", state="succeeded"), ""),
    ],
)
def test_progress_in_few_words(event: Any, words: str) -> None:
    assert speech.progress(event) == words


# errors --------------------------------------------------------------------------------------------------------------


def test_what_does_not_end_a_request_is_asked_again_and_what_may_have_cost_is_not() -> None:
    for kind in (WaitEnded, SubmitUnknown):
        status, _, headers = errors.shape(problems.of(kind("x")))
        assert status >= 500
        assert headers["x-should-retry"] == "true"
    status, body, headers = errors.shape(problems.of(ProviderError("x", charge="unknown", job="j1")))
    assert (status, headers["x-should-retry"]) == (424, "false")
    assert body["error"]["fluxroom"] == {"code": "provider_error", "charge": "unknown", "job": "j1"}
    status, _, headers = errors.shape(problems.of(ProviderError("x")))
    assert (status, dict(headers)) == (502, {})


def test_our_names_of_parameters_become_openais() -> None:
    for ours, theirs in (("image_size", "size"), ("num_images", "n"), ("references", "image"), ("seed", "seed")):
        assert errors.of(InvalidParams("x", field=ours))["error"]["param"] == theirs
    told = errors.shape(problems.by_status(422, "x", errors=[{"field": "prompt", "message": "missing"}]))
    assert (told[0], told[1]["error"]["param"]) == (400, "prompt")
