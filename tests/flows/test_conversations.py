"""Conversations: the last picture goes on, nothing is paid twice, and every failure is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.flows.orchestra import Orchestra, orchestra
from tests.worlds import billed, sandbox, submits

from fluxroom.engine.accounting import Accounting, checked_budget
from fluxroom.engine.intake import take_in
from fluxroom.errors import (
    BudgetExceeded,
    IdempotencyConflict,
    InvalidParams,
    InvalidReference,
    NotFound,
    UnknownModel,
)
from fluxroom.flows.assistants.shelf import Shelf
from fluxroom.flows.conversations import Conversations, _digest, _with_key
from fluxroom.identifiers import new_id
from fluxroom.sandbox import Sandbox
from fluxroom.store import conversations
from fluxroom.store.conversations import Message
from fluxroom.types import Running

pytestmark = pytest.mark.anyio

MODEL = {"model": "bfl/flux-2-pro"}


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("postgres").fresh()}


@asynccontextmanager
async def talks(box: Sandbox, data: Path, **more: Any) -> AsyncIterator[tuple[Conversations, Orchestra]]:
    async with orchestra(box, data, **more) as all_of:
        yield of(all_of), all_of


def of(all_of: Orchestra, owner: str = "local", only: str = "") -> Conversations:
    engine = all_of.client.engine
    take = partial(take_in, blobs=engine.store.blobs)
    return Conversations(
        engine=engine,
        plan_with=all_of.client.plan_with,
        take_in=take,
        shelf=Shelf.of(all_of.client.settings),
        owner=owner,
        only=only,
    )


async def answer(talk: Conversations, all_of: Orchestra, where: str, text: str, **more: Any) -> dict[str, Any]:
    told = await talk.say(where, text, **more)
    if told["generation"]:
        await all_of.client.engine.wait(told["generation"], 20)
    return dict((await talk.get(where))["messages"][-1])


async def taken(all_of: Orchestra, told: dict[str, Any]) -> None:
    """Wait until the provider has it."""
    async for event in all_of.client.engine.events(told["generation"], tick=0.02):
        if isinstance(event, Running):
            return


async def test_six_turns_go_on_with_the_last_picture(tmp_path: Path, base: dict[str, Any]) -> None:
    async with sandbox() as box, talks(box, tmp_path, **base) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        first = await answer(talk, all_of, where, "a fox in the snow")
        assert (first["complete"], first["finishReason"], first["content"]) == (
            True,
            "stop",
            ["Image generated successfully"],
        )
        assert first["images"][0]["metadata"]["dimensions"] == {"width": 1024, "height": 768}
        assert first["usage"] == {"images": 1, "input_tokens": 0, "output_tokens": 0}
        before = first
        for words in ("make it night", "add stars", "closer", "a red scarf", "as a drawing"):
            after = await answer(talk, all_of, where, words)
            assert after["asked"]["references"] == [before["images"][0]["sha256"]]
            before = after
        told = await talk.get(where)
        assert [one["role"] for one in told["messages"]] == ["user", "assistant"] * 6
        assert told["title"] == "a fox in the snow"
        assert len(billed(box)) == 6


async def test_a_picture_of_the_person_comes_before_the_last_one(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        first = await answer(talk, all_of, where, "a fox")
        second = await answer(talk, all_of, where, "an owl, alone", options={"seed": 3})
        picked = await answer(talk, all_of, where, "that fox at dusk", pictures=[first["images"][0]["sha256"]])
        assert picked["asked"]["references"] == [first["images"][0]["sha256"]]
        assert second["asked"]["seed"] == 3
        with pytest.raises(InvalidReference):
            await talk.say(where, "x", pictures=["nowhere.png"])
        assert len((await talk.get(where))["messages"]) == 6, "what cannot be carried out is not written down"


async def test_a_model_that_takes_no_pictures_paints_and_says_so(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin({"model": "fal/flux-schnell"}))["id"]
        await answer(talk, all_of, where, "a fox")
        second = await answer(talk, all_of, where, "an owl")
        assert second["finishReason"] == "stop"
        assert second["asked"]["references"] == []
        assert second["note"]["left_out"] == "the model takes no pictures"


async def test_moderation_and_budgets_are_told_and_the_talk_goes_on(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        box.world.plan_fault("moderated-output", times=1)
        refused = await answer(talk, all_of, where, "something")
        assert (refused["finishReason"], refused["images"], refused["error"]["code"]) == (
            "content_filter",
            [],
            "moderated_output",
        )
        books = Accounting(all_of.client.engine.store, all_of.client.engine.accounts)
        await books.set_budget(checked_budget("all", "total", "0.001"))
        with pytest.raises(BudgetExceeded):
            await talk.say(where, "more")
        poor = await talk.message(where)
        assert (poor["finishReason"], poor["error"]["code"], poor["generation"]) == ("error", "budget_exceeded", None)
        assert poor["error"]["status"] == 402
        await books.drop_budget("all", "total")
        assert (await answer(talk, all_of, where, "again"))["finishReason"] == "stop"
        with pytest.raises(UnknownModel):
            await talk.say(where, "x", options={"model": "flux-99"})


async def test_what_was_sent_and_not_noted_is_found_and_what_was_not_is_told(
    tmp_path: Path, base: dict[str, Any]
) -> None:
    async with sandbox() as box, talks(box, tmp_path, **base) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        first = await answer(talk, all_of, where, "a fox")
        database = all_of.client.engine.store.database

        def forget(connection: Any) -> None:
            """As after a kill between the generation's commit and the answer's."""
            whole = conversations.get(connection, where)
            assert whole
            found = conversations.said(connection, where)[1]
            conversations.drop(connection, where)
            conversations.add(connection, whole)
            conversations.say(connection, [replace(found, generation="")])
            conversations.say(connection, [replace(found, id="z" * 22, generation="", created_at=0)])

        await database.write(forget)
        found, lost = (await talk.get(where))["messages"]
        assert found["generation"] == first["generation"]
        assert (lost["finishReason"], lost["error"]["next"]) == ("error", "Say it again; nothing was paid.")
        assert len(submits(box)) == 1


async def test_stop_aborts_and_another_ones_talk_is_not_there(tmp_path: Path) -> None:
    async with sandbox(seconds=5) as box, talks(box, tmp_path, bfl_cap=1) as (talk, all_of):
        one, two = [(await talk.begin(MODEL))["id"] for _ in range(2)]
        await taken(all_of, await talk.say(one, "a fox"))
        await talk.say(two, "an owl")
        stopped = await talk.stop(two)
        assert stopped["said"] == ["cancelled before it was sent; not charged"]
        assert [job["state"] for job in stopped["jobs"]] == ["cancelled"]
        told = (await talk.get(two))["messages"][-1]
        assert (told["images"], told["finishReason"], told["money"]["charge"]) == ([], "cancelled", "not_charged")
        assert stopped["message"] == told
        (words,) = (await talk.stop(one))["said"]
        assert words == "bfl cannot cancel a job that it has taken: the picture arrives and is charged"
        assert await talk.stop(two) == {"said": [], "jobs": [], "message": None}, "nothing is under way any more"
        anna = of(all_of, "anna", "anna")
        with pytest.raises(NotFound):
            await anna.get(one)
        assert await anna.page() == []
        assert [row["id"] for row in await talk.page()] == [two, one]
        await talk.drop(one)
        assert [row["id"] for row in await talk.page()] == [two]


async def test_the_same_key_is_one_message_however_often_it_comes(tmp_path: Path, base: dict[str, Any]) -> None:
    async with sandbox() as box, talks(box, tmp_path, **base) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        told = await asyncio.gather(*(talk.say(where, "a fox", key="once") for _ in range(8)))
        assert len({one["id"] for one in told}) == 1
        assert len({one["generation"] for one in told if one["generation"]}) == 1
        await all_of.client.engine.wait((await talk.message(where))["generation"], 20)
        with pytest.raises(IdempotencyConflict):
            await talk.say(where, "an owl", key="once")
        other = await answer(talk, all_of, where, "a fox", key="twice")
        assert other["id"] != told[0]["id"]
        assert len(billed(box)) == 2
        spoken = (await talk.get(where))["messages"][0]
        assert spoken["asked"] == {}, "a key is nobody else's business"


async def test_a_key_is_known_however_much_was_said_since(tmp_path: Path, base: dict[str, Any]) -> None:
    """It was looked for among the last forty messages: what came again after that was paid again."""
    async with sandbox() as box, talks(box, tmp_path, **base) as (talk, all_of):
        where = (await talk.begin({**MODEL, "seed": 1}))["id"]
        key = 'a "key" of 100% \\ _odd_ signs'
        first = await answer(talk, all_of, where, "a fox", key=key)
        engine = all_of.client.engine

        def say_much(connection: Connection) -> None:
            for number in range(60):
                role = "assistant" if number % 2 else "user"
                one = Message(id=new_id(), conversation=where, role=role, text=f"a fox {key}", created_at=engine.now())
                conversations.say(connection, [one])

        await engine.store.database.write(say_much)
        assert (await talk.say(where, "a fox", key=key))["id"] == first["id"]
        with pytest.raises(IdempotencyConflict):
            await talk.say(where, "an owl", key=key)
        assert len(submits(box)) == 1
        for other in (key[:-1], f"{key}s", key.upper(), "%", "_"):
            assert (await talk.say(where, "a fox", key=other))["id"] != first["id"]


async def test_the_answer_of_a_key_is_its_own_even_if_another_message_came_between(
    tmp_path: Path, base: dict[str, Any]
) -> None:
    """Two messages of the same millisecond: both are written down before either answer."""
    async with sandbox() as box, talks(box, tmp_path, **base) as (talk, all_of):
        where = (await talk.begin({**MODEL, "seed": 1}))["id"]
        ids = sorted(new_id() for _ in range(5))
        body = _digest("a fox", (), {})
        asked = {"idempotency_key": ["k", body, ids[2]]}
        old = {"idempotency_key": ["old", body]}  # as a version before wrote it: the next answer is meant
        now = all_of.client.engine.now()
        said = [
            Message(id=ids[0], conversation=where, role="user", text="a fox", asked=asked, created_at=now),
            Message(id=ids[1], conversation=where, role="assistant", created_at=now, error={"code": "not_found"}),
            Message(id=ids[2], conversation=where, role="assistant", created_at=now, error={"code": "not_found"}),
            Message(id=ids[3], conversation=where, role="user", text="a fox", asked=old, created_at=now),
            Message(id=ids[4], conversation=where, role="assistant", created_at=now, error={"code": "not_found"}),
        ]
        await all_of.client.engine.store.database.write(lambda connection: conversations.say(connection, said))
        found = [
            await all_of.client.engine.store.database.read(
                partial(_with_key, conversation_id=where, key=key, body=body)
            )
            for key in ("k", "old", "ol", "")
        ]
        assert [one and one.id for one in found] == [said[2].id, said[4].id, None, None]


async def test_what_a_model_lacks_is_an_error_for_whoever_asks_for_that(tmp_path: Path, base: dict[str, Any]) -> None:
    """A message leaves it out and says so, unless it is told otherwise: that word was taken and not heeded."""
    async with sandbox() as box, talks(box, tmp_path, **base) as (talk, all_of):
        where = (await talk.begin({**MODEL, "guidance_scale": 3}))["id"]
        told = await answer(talk, all_of, where, "a fox")
        assert [one["name"] for one in told["note"]["not_sent"]] == ["guidance_scale"]
        with pytest.raises(InvalidParams, match="guidance_scale cannot be sent to flux-2-pro"):
            await talk.say(where, "a fox", options={"on_unsupported": "error"})
        assert (len(billed(box)), len((await talk.get(where))["messages"])) == (1, 2)


async def test_a_message_that_was_never_sent_is_sent_when_it_comes_again(tmp_path: Path, base: dict[str, Any]) -> None:
    """As after a kill between the message's commit and the generation's."""
    async with sandbox() as box, talks(box, tmp_path, **base) as (talk, all_of):
        where = (await talk.begin({**MODEL, "seed": 4}))["id"]
        first = await answer(talk, all_of, where, "a fox")
        said = {"options": {"quality": "medium", "size": "square"}, "key": "k"}
        told = await unsent(talk, all_of, where, "at night", **said)
        assert (told["generation"], told["complete"]) == (None, False)
        again = await answer(talk, all_of, where, "at night", **said)
        assert again["id"] == told["id"]
        assert again["asked"]["references"] == [first["images"][0]["sha256"]]
        assert (again["images"][0]["seed"], again["images"][0]["width"]) == (4, 2048)
        assert len((await talk.get(where))["messages"]) == 4
        assert len(billed(box)) == 2


async def test_going_on_sends_what_was_not_sent_and_takes_up_what_was(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        assert await talk.go_on(where) is None
        told = await unsent(talk, all_of, where, "a fox")
        gone = await talk.go_on(where)
        assert gone
        assert gone["id"] == told["id"]
        await all_of.client.engine.wait(gone["generation"], 20)
        done = await talk.go_on(where)
        assert done
        assert (done["finishReason"], done["generation"]) == ("stop", gone["generation"])
        assert len(billed(box)) == 1


async def test_a_failure_to_send_is_told_when_it_is_asked_for_again(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        books = Accounting(all_of.client.engine.store, all_of.client.engine.accounts)
        await books.set_budget(checked_budget("all", "total", "0.001"))
        with pytest.raises(BudgetExceeded):
            await talk.say(where, "a fox", key="k")
        refused = await talk.go_on(where)
        assert refused
        assert refused["error"]["code"] == "budget_exceeded"
        await books.drop_budget("all", "total")
        assert (await answer(talk, all_of, where, "a fox", key="k"))["finishReason"] == "stop"
        assert len((await talk.get(where))["messages"]) == 2
        assert len(billed(box)) == 1


async def test_killed_again_and_again_nothing_is_paid_twice(tmp_path: Path, base: dict[str, Any]) -> None:
    """Six messages; the process ends without a word in the middle of each one."""
    async with sandbox(seconds=0.3) as box:
        where, texts = "", ["a fox", "make it night", "add stars", "closer", "a red scarf", "as a drawing"]
        for number, text in enumerate(texts):
            async with talks(box, tmp_path, drain=0, **base) as (talk, all_of):
                where = where or (await talk.begin(MODEL))["id"]
                before = await talk.go_on(where)
                if before:
                    await all_of.client.engine.wait(before["generation"], 20)
                await taken(all_of, await talk.say(where, text, key=f"message {number}"))
        async with talks(box, tmp_path, **base) as (talk, all_of):
            last = await talk.go_on(where)
            assert last
            await all_of.client.engine.wait(last["generation"], 20)
            answers = [one for one in (await talk.get(where))["messages"] if one["role"] == "assistant"]
            made = [one["images"][0]["sha256"] for one in answers]
            assert [one["asked"]["references"] for one in answers] == [[], *([one] for one in made[:-1])]
            assert len(billed(box)) == 6


async def test_an_answer_in_doubt_is_told_so_and_never_sent_again(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        box.world.plan_fault("submit-504-taken", times=1)
        told = await answer(talk, all_of, where, "a fox", key="k")
        assert (told["complete"], told["finishReason"], told["error"]["code"]) == (True, "error", "submit_unknown")
        assert (told["error"]["status"], told["money"]["charge"]) == (502, "unknown")
        again = await talk.say(where, "a fox", key="k")
        assert again["generation"] == told["generation"]
        assert await talk.go_on(where) == told
        assert len(submits(box)) == 1


async def test_talks_are_found_by_what_was_said(tmp_path: Path, base: dict[str, Any]) -> None:
    async with sandbox() as box, talks(box, tmp_path, **base) as (talk, all_of):
        fox, owl = [(await talk.begin(MODEL, title=title))["id"] for title in ("100% Fox", "")]
        await answer(talk, all_of, owl, "an Owl in a_barn")
        for words, found in (
            ("fox", [fox]),
            ("owl", [owl]),
            ("A_B", [owl]),
            ("0% f", [fox]),
            ("%", [fox]),
            ("a%b", []),
            ("successfully", []),
            ("", [owl, fox]),
        ):
            assert [one["id"] for one in await talk.page(words=words)] == found, words
        assert [one["id"] for one in await of(all_of, "anna", "anna").page(words="fox")] == []


async def unsent(talk: Conversations, all_of: Orchestra, where: str, text: str, **more: Any) -> dict[str, Any]:
    """A message that was written down, and not sent because the process ended."""
    engine = all_of.client.engine

    async def killed(*_: Any) -> str:
        raise asyncio.CancelledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(engine), "submit", killed)
        with pytest.raises(asyncio.CancelledError):
            await talk.say(where, text, **more)
    return await talk.message(where)


async def test_what_is_changed_while_a_prompt_is_written_stays_changed(tmp_path: Path, base: dict[str, Any]) -> None:
    """A language model takes its time; meanwhile somebody renames the talk, and another one is forgotten."""
    async with sandbox() as box, talks(box, tmp_path, **base) as (bare, all_of):
        where, gone = [(await bare.begin({**MODEL, "write_prompt": True}))["id"] for _ in range(2)]

        class Slow:
            name = "slow"

            async def more(self, text: str, number: int, instruction: str) -> list[str]:
                del instruction
                await bare.change(where, title="Renamed", settings={**MODEL, "seed": 9})
                await bare.drop(gone)
                return [text] * number

        talk = replace(bare, writer=Slow())
        await answer(talk, all_of, where, "a fox")
        told = await bare.get(where)
        assert (told["title"], told["settings"]["seed"]) == ("Renamed", 9)
        assert len(told["messages"]) == 2
        forgotten = (await bare.begin({**MODEL, "write_prompt": True}))["id"]
        gone = forgotten
        with pytest.raises(NotFound):
            await talk.say(forgotten, "an owl")
        assert len(submits(box)) == 1


async def test_stop_stops_everything_that_is_under_way(tmp_path: Path) -> None:
    async with sandbox(seconds=5) as box, talks(box, tmp_path, bfl_cap=1) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        await taken(all_of, await talk.say(where, "one"))
        for text in ("two", "three"):
            await talk.say(where, text)
        stopped = await talk.stop(where)
        assert stopped["said"] == [
            "cancelled before it was sent; not charged",
            "cancelled before it was sent; not charged",
            "bfl cannot cancel a job that it has taken: the picture arrives and is charged",
        ]
        assert stopped["message"]["finishReason"] == "cancelled"
