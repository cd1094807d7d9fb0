"""What other processes commit, on its way to whoever reads it here: nothing told twice, nothing lost in silence."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxroom.store import postgres_news
from fluxroom.store.postgres_news import News, Reader

pytestmark = pytest.mark.anyio


def event(number: int) -> dict[str, Any]:
    return {"id": number, "job": "x"}


async def soon(reader: Reader) -> list[dict[str, Any]] | None:
    async with asyncio.timeout(60):
        return await reader.next()


async def test_rows_come_in_their_order_and_once() -> None:
    reader = Reader()
    for number in range(3):
        reader.tell(event(number))
    assert await soon(reader) == [event(0), event(1), event(2)]
    reader.tell(event(3))
    assert await soon(reader) == [event(3)]


async def test_what_was_missed_is_said_and_nothing_old_is_told_afterwards() -> None:
    reader = Reader()
    reader.tell(event(1))
    reader.tell(None)
    assert await soon(reader) is None, "everything may be different: look for yourself"
    reader.tell(event(2))
    assert await soon(reader) == [event(2)]


async def test_a_slow_reader_is_told_to_look_instead_of_filling_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_news, "_MOST_KEPT", 10)
    reader = Reader()
    for number in range(500):
        reader.tell(event(number))
        assert len(reader._rows) <= 10
    assert await soon(reader) is None
    reader.tell(event(501))
    assert await soon(reader) == [event(501)]


async def test_many_threads_tell_one_reader() -> None:
    reader = Reader()

    def many(number: int) -> None:
        for _ in range(200):
            reader.tell(event(number))

    threads = [threading.Thread(target=many, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    heard = 0
    while heard < 800:
        rows = await soon(reader)
        assert rows is not None
        heard += len(rows)
    for thread in threads:
        thread.join()
    assert heard == 800


def test_a_reader_whose_loop_has_ended_disturbs_nobody() -> None:
    async def make() -> Reader:
        return Reader()

    reader = asyncio.run(make())
    reader.tell(event(1))
    reader.tell(None)


@given(st.lists(st.sampled_from(["row", "missed", "read"]), max_size=40))
@settings(max_examples=80, deadline=None)
def test_whatever_the_order_nothing_is_lost_in_silence(steps: list[str]) -> None:
    """After each reading: the rows since the last one in order, or the word that some may be missing."""

    async def play() -> None:
        reader = Reader()
        waiting: list[int] = []
        missed = False
        for number, step in enumerate(steps):
            if step == "row":
                reader.tell(event(number))
                waiting.append(number)
            elif step == "missed":
                reader.tell(None)
                missed = True
            elif waiting or missed:
                found = await soon(reader)
                assert (found is None) is missed
                if found is not None:
                    assert [row["id"] for row in found] == waiting
                waiting, missed = [], False

    asyncio.run(play())


# the connection that listens -----------------------------------------------------------------------------------------


class Wire:
    """A connection of asyncpg's kind that breaks when it is told to."""

    def __init__(self) -> None:
        self.heard: Any = None
        self.gone = False
        self.terminated = False
        self.asked = 0

    async def add_listener(self, channel: str, heard: Any) -> None:
        assert channel == postgres_news.CHANNEL
        self.heard = heard

    def is_closed(self) -> bool:
        return self.gone

    async def execute(self, _statement: str, *, timeout: float) -> None:  # noqa: ASYNC109  asyncpg's own
        assert timeout > 0
        self.asked += 1
        if self.gone:
            raise ConnectionResetError

    def terminate(self) -> None:
        self.terminated = True


async def test_after_a_break_it_listens_again_and_says_that_some_may_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres_news, "_LOOK", 0.005)
    monkeypatch.setattr(postgres_news, "_PAUSE", 0.005)
    wires: list[Wire] = []
    refusals = [ConnectionRefusedError(), OSError("no route"), RuntimeError("a fault of ours")]

    async def connect() -> Wire:
        if wires and refusals:
            raise refusals.pop()
        wires.append(Wire())
        return wires[-1]

    news, reader = News(connect), Reader()
    news.add(reader)
    task = asyncio.create_task(news.listen())
    assert await soon(reader) is None, "what was committed before is not told"
    wires[0].heard(None, 7, "fluxroom_events", orjson.dumps(event(1)).decode())
    assert await soon(reader) == [event(1)]
    wires[0].gone = True
    assert await soon(reader) is None
    assert wires[0].terminated
    assert refusals == [], "it tried again until it was let in"
    wires[-1].heard(None, 7, "fluxroom_events", orjson.dumps(event(2)).decode())
    assert await soon(reader) == [event(2)]
    news.remove(reader)
    wires[-1].heard(None, 7, "fluxroom_events", orjson.dumps(event(3)).decode())
    assert reader._rows == [], "who has gone is told nothing"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(wire.terminated for wire in wires)


async def test_a_dead_connection_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that vanished without a word closes nothing; only a question shows it."""
    monkeypatch.setattr(postgres_news, "_LOOK", 0.001)
    monkeypatch.setattr(postgres_news, "_PULSE", 0.003)
    wire = Wire()
    looking = asyncio.create_task(postgres_news._until_gone(wire))
    async with asyncio.timeout(60):
        while wire.asked < 2:
            await asyncio.sleep(0.001)
    wire.gone = True
    async with asyncio.timeout(60):
        try:
            await looking
        except ConnectionResetError:
            return
    assert wire.is_closed()
