"""The transport that remembers, and what `doctor --live` makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from tests.cli.told import Provider as Box

from fluxroom import catalog
from fluxroom.cli.checkup.live import Comparison, cheapest, write
from fluxroom.cli.checkup.recording import Recording
from fluxroom.cli.checkup.shapes import Exchange
from fluxroom.errors import FluxroomError, MissingKey, StorageUnwritable
from fluxroom.providers import Call, Reply
from fluxroom.settings import load
from fluxroom.types import Provider, Request

ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"


class Scripted:
    """A transport that answers what it was told to."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.closed = False
        self.headers: list[Mapping[str, str]] = []

    async def request(self, call: Call, headers: Mapping[str, str], *, timeout: float) -> Reply:  # noqa: ASYNC109  the protocol's
        assert call.url
        assert timeout
        self.headers.append(headers)
        return Reply(status=200, headers={"content-type": "application/json"}, body=self.body)

    async def stream(self, call: Call, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        assert call.url
        self.headers.append(headers)
        yield b'{"status": "IN_QUEUE"}'
        yield b'{"status": "COMPLETED"}'

    async def download(self, url: str, *, limit: int, timeout: float) -> Reply:  # noqa: ASYNC109  the protocol's
        assert url
        assert limit
        assert timeout
        return Reply(status=200, headers={"content-type": "image/png"}, body=b"\x89PNG")

    async def close(self) -> None:
        self.closed = True


def call(url: str, method: str = "GET", json: object = None) -> Call:
    return Call(method=method, url=url, json=json)


@pytest.fixture
def scripted() -> Scripted:
    return Scripted(b'{"id": "x"}')


@pytest.fixture
def recording(scripted: Scripted) -> Recording:
    return Recording(scripted, ["https://api.bfl.ai", "http://127.0.0.1:9/bfl", "https://queue.fal.run", ""])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("url", "role"),
    [
        ("https://api.bfl.ai/v1/flux-2-pro", "GET /v1/flux-2-pro"),
        (f"https://api.eu1.bfl.ai/v1/get_result?id={ID}", "GET /v1/get_result"),
        ("http://127.0.0.1:9/bfl/v1/get_result?id=1", "GET /v1/get_result"),
        ("http://127.0.0.1:10/bfl/v1/get_result", "GET /v1/get_result"),
        (f"https://queue.fal.run/fal-ai/flux-2/requests/{ID}/status?logs=1", "GET /fal-ai/flux-2/requests/{id}/status"),
    ],
)
async def test_calls_are_named_alike_wherever_they_go(recording: Recording, url: str, role: str) -> None:
    await recording.request(call(url), {}, timeout=1)
    assert recording.exchanges[0].role == role


@pytest.mark.anyio
async def test_what_is_kept_and_what_is_not(recording: Recording, scripted: Scripted) -> None:
    reply = await recording.request(
        call("https://api.bfl.ai/v1/x", "POST", {"prompt": "a"}), {"x-key": "secret"}, timeout=1
    )
    assert reply.body == b'{"id": "x"}'
    (kept,) = recording.exchanges
    assert kept == Exchange("POST /v1/x", 200, {"id": "x"}, {"prompt": "a"}, "application/json")
    assert scripted.headers == [{"x-key": "secret"}]
    assert "secret" not in repr(kept)


@pytest.mark.anyio
async def test_streams_and_downloads_pass_through(recording: Recording) -> None:
    read = [data async for data in recording.stream(call("https://queue.fal.run/a/b"), {})]
    assert len(read) == 2
    picture = await recording.download("https://delivery.bfl.ai/x?sig=1", limit=9, timeout=1)
    assert picture.body == b"\x89PNG"
    assert [kept.role for kept in recording.exchanges] == ["STREAM /a/b", "STREAM /a/b", "GET the picture"]
    assert recording.exchanges[-1].body is None
    assert "sig" not in repr(recording.exchanges)


@pytest.mark.anyio
async def test_an_answer_that_is_not_json(scripted: Scripted, recording: Recording) -> None:
    scripted.body = b"<html>"
    await recording.request(call("https://api.bfl.ai/v1/x"), {}, timeout=1)
    assert recording.exchanges[0].body is None


@pytest.mark.anyio
async def test_close_closes(scripted: Scripted, recording: Recording) -> None:
    await recording.close()
    assert scripted.closed


@pytest.mark.usefixtures("provider")
class TestCheapest:
    def test_one_per_provider(self) -> None:
        assert [plan.provider for plan in cheapest(load())] == ["bfl", "fal"]

    def test_there_is_no_cheaper_one(self) -> None:
        for plan in cheapest(load()):
            assert plan.quote.high is not None
            assert plan.quote.high <= Decimal("0.02")
            for row in catalog.models().values():
                other = quoted(row.id, plan.provider)
                assert other is None or row.status != "active" or other >= plan.quote.high

    def test_it_is_small_and_repeatable(self) -> None:
        for plan in cheapest(load()):
            assert str(plan.size) == "512x512"
            assert plan.params["seed"] == 7
            assert len(plan.wire) == 1


def quoted(model: str, provider: Provider) -> Decimal | None:
    params = {"image_size": {"width": 512, "height": 512}, "seed": 7}
    try:
        request = Request(model=model, prompt="a fox", params=params, mode="generate")
        return catalog.quote(request, provider=provider).high
    except FluxroomError:
        return None


def test_only_providers_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", "a:b")
    assert [plan.provider for plan in cheapest(load())] == ["fal"]


def test_no_key_at_all() -> None:
    with pytest.raises(MissingKey):
        cheapest(load())


class TestWrite:
    def found(self) -> Comparison:
        secret = {"polling_url": f"https://api.bfl.ai/v1/get_result?id={ID}&sig=abc", "image": "A" * 400}
        exchange = Exchange("POST /v1/x", 200, secret, {"prompt": "p" * 900})
        return Comparison(route="bfl/flux-2-pro", live=[exchange], practice=[exchange], job="j")

    def test_without_signed_addresses_and_long_texts(self, tmp_path: Path) -> None:
        file = write(tmp_path, self.found())
        text = file.read_text("utf-8")
        assert file.parent == tmp_path / "live"
        assert file.name.endswith("bfl-flux-2-pro.json")
        assert "sig=abc" not in text
        assert "A" * 200 not in text
        assert "p" * 300 not in text
        assert '"differences": []' in text

    def test_where_it_cannot_be_written(self, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.touch()
        with pytest.raises(StorageUnwritable):
            write(blocked, self.found())


@pytest.mark.anyio
async def test_the_provider_of_the_sandbox_is_not_touched_by_the_comparison(provider: Box) -> None:
    """The second half of a comparison runs in a sandbox and a folder of its own."""
    from fluxroom.cli.checkup.live import compared

    settings = load()
    (plan, *_) = cheapest(settings)
    found = await compared(settings, plan)
    assert found.error == ""
    assert found.practice_error == ""
    assert found.drift == []
    assert len(provider.box.world.tasks()) == 1
    assert found.job
