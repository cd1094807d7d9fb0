"""Runs and their items as the store keeps them: who carries one, what may change, what is found. On both databases."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection
from tests.flows import orchestra
from tests.store.rows import generation, move, picture, row

from fluxroom.store import Store, images, jobs, run_results, runs
from fluxroom.store.runs import GOES_ON, STATES, UNFINISHED, Item, Run, Wanted

pytestmark = pytest.mark.anyio

T = TypeVar("T")
_NUMBERS = itertools.count()


async def asked(store: Store, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.read(lambda connection: work(connection, *arguments, **named))


async def done(store: Store, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.write(lambda connection: work(connection, *arguments, **named))


def a_run(**more: Any) -> Run:
    """A run; its id comes behind those of all that were made before, which ids of one millisecond do not promise."""
    return orchestra.a_run(**{"id": f"{next(_NUMBERS):022}", "tags": [], **more})


async def begun(store: Store, states: Sequence[str] = (), **more: Any) -> Run:
    """A run whose items are in these states."""
    run = a_run(**more)
    items = [an_item(run, number, state=state) for number, state in enumerate(states)]
    await done(store, runs.add, run, items)
    return run


def an_item(run: Run, position: int, **more: Any) -> Item:
    values: dict[str, Any] = {"key": f"row {position + 1}", "asked": {"prompt": f"picture {position}"}}
    return Item(run=run.id, position=position, **(values | more))


async def named(store: Store, wanted: Wanted, **more: Any) -> list[str]:
    found = await asked(store, runs.page, wanted, **{"limit": 100, **more})
    return [one.name for one in found]


# writing and reading -------------------------------------------------------------------------------------------------


async def test_what_is_written_comes_back_as_it_was(store: Store) -> None:
    spec = {"cap": None, "results": {"a": {"images": [{"sha256": "0" * 64}]}}, "n": 2**60, "words": "«Füchse» 🦊"}
    run = a_run(spec=spec, tags=["wip", "ä"], favourite=True, description="two\nlines", priority=-3, why="because")
    item = an_item(
        run,
        4,
        step="dusk",
        state="failed",
        generation="g" * 22,
        attempt=2,
        error={"code": "x"},
        note={"x": 0},
        changed_at=12.5,
    )
    await done(store, runs.add, run, [item])
    assert await asked(store, runs.get, run.id) == run
    assert await asked(store, runs.items, run.id) == [item]
    assert await asked(store, runs.item, run.id, 4) == item
    assert await asked(store, runs.item, run.id, 5) is None
    assert await asked(store, runs.get, "nobody") is None


async def test_a_run_without_items_is_one_and_gets_some_later(store: Store) -> None:
    run = await begun(store)
    assert await asked(store, runs.items, run.id) == []
    assert await asked(store, runs.last_position, run.id) == -1
    assert await asked(store, runs.counts, [run.id]) == {run.id: {}}
    await done(store, runs.extend, [])
    await done(store, runs.extend, [an_item(run, 0), an_item(run, 7)])
    assert await asked(store, runs.last_position, run.id) == 7
    assert await asked(store, runs.states, run.id) == {0: "waiting", 7: "waiting"}


async def test_a_position_is_taken_once(store: Store) -> None:
    run = await begun(store, ["done"])
    with pytest.raises(Exception, match=r"(?i)unique"):
        await done(store, runs.extend, [an_item(run, 1), an_item(run, 0)])
    assert await asked(store, runs.states, run.id) == {0: "done"}, "neither of the two, because they came together"


async def test_items_come_page_by_page_in_their_order(store: Store) -> None:
    run, other = await begun(store, ["waiting", "done", "failed", "done", "done"]), await begun(store, ["done"] * 3)

    async def positions(**more: Any) -> list[int]:
        return [one.position for one in await asked(store, runs.items, run.id, **more)]

    assert await positions() == [0, 1, 2, 3, 4]
    assert await positions(limit=2) == [0, 1]
    assert await positions(after=1, limit=2) == [2, 3]
    assert await positions(states=["done"], after=1) == [3, 4]
    assert await positions(states=[]) == []
    assert await positions(after=4) == []
    assert len(await asked(store, runs.items, other.id)) == 3


async def test_items_are_counted_for_each_run_by_itself(store: Store) -> None:
    one, two = await begun(store, ["done", "done", "failed"]), await begun(store, ["done", "waiting"])
    found = await asked(store, runs.counts, [one.id, two.id, "nobody"])
    assert found == {one.id: {"done": 2, "failed": 1}, two.id: {"done": 1, "waiting": 1}, "nobody": {}}
    assert await asked(store, runs.counts, []) == {}


# who carries it ------------------------------------------------------------------------------------------------------


async def test_of_two_that_claim_a_run_one_gets_it(store: Store) -> None:
    run = await begun(store)
    took = await asyncio.gather(*(done(store, runs.claim, run.id, holder=who, before="") for who in ("anna", "bob")))
    assert sorted(took) == [False, True]
    winner = "anna" if took[0] else "bob"
    found = await asked(store, runs.get, run.id)
    assert found
    assert found.holder == winner
    assert not await done(store, runs.claim, run.id, holder="carla", before="nobody")
    assert await done(store, runs.claim, run.id, holder="carla", before=winner), "whoever is dead is replaced"
    assert not await done(store, runs.claim, "nobody", holder="carla", before="")


async def test_only_its_holder_puts_a_run_down(store: Store) -> None:
    run = await begun(store, holder="anna")
    await done(store, runs.leave, run.id, "bob")
    assert (await asked(store, runs.get, run.id)) == run
    await done(store, runs.leave, run.id, "anna")
    assert (await asked(store, runs.get, run.id)) == replace(run, holder="")


@pytest.mark.parametrize(
    ("state", "holder", "carried"),
    [
        ("running", "", True),
        ("running", "anna", True),
        ("paused", "anna", True),
        ("paused", "", False),
        ("review", "", False),
        ("finished", "", False),
        ("cancelled", "anna", True),
        ("cancelled", "", False),
    ],
)
async def test_who_goes_on_or_is_still_held_is_carried(store: Store, state: str, holder: str, carried: bool) -> None:
    run = await begun(store, state=state, holder=holder)
    assert [one.id for one in await asked(store, runs.carried)] == ([run.id] if carried else [])


async def test_the_oldest_run_is_carried_first(store: Store) -> None:
    older, newer = a_run(), a_run()
    for run in (newer, older):
        await done(store, runs.add, run, [])
    assert [one.id for one in await asked(store, runs.carried)] == sorted([older.id, newer.id])


# states of a run -----------------------------------------------------------------------------------------------------


async def test_a_run_moves_only_from_where_it_is_expected(store: Store) -> None:
    run, other = await begun(store), await begun(store)
    assert not await done(store, runs.move, run.id, ["paused", "review"], "cancelled", why="no", at=5.0)
    assert await asked(store, runs.get, run.id) == run
    assert await done(store, runs.move, run.id, ["running", "review"], "paused", why="Its budget is used up.", at=7.5)
    found = await asked(store, runs.get, run.id)
    assert found == replace(run, state="paused", why="Its budget is used up.", changed_at=7.5)
    assert not await done(store, runs.move, run.id, [], "running", why="", at=9.0)
    assert await asked(store, runs.get, other.id) == other


@pytest.mark.parametrize("state", ["running", "paused", "review", "finished", "cancelled"])
async def test_only_a_running_run_goes_on(store: Store, state: str) -> None:
    run = await begun(store, state=state)
    assert await done(store, runs.going, run.id) is (state == "running")
    assert await done(store, runs.going, "nobody") is False


async def test_the_same_run_is_the_owners_newest_in_these_states(store: Store) -> None:
    anna = {"owner": "anna", "digest": "d"}
    old = await begun(store, **anna)
    new = await begun(store, state="finished", **anna)
    await begun(store, state="cancelled", **anna)
    await begun(store, owner="bob", digest="d")
    await begun(store, owner="anna", digest="e")

    async def found(*arguments: Any) -> str | None:
        one = await asked(store, runs.same, *arguments)
        return one.id if one else None

    assert await found("anna", "d") == new.id
    assert await found("anna", "d", GOES_ON) == new.id
    assert await found("anna", "d", UNFINISHED) == old.id
    assert await found("anna", "f") is None
    assert await found("carla", "d") is None
    assert await found("anna", "d", ()) is None


# states of items -----------------------------------------------------------------------------------------------------


async def test_news_of_an_attempt_that_was_sent_again_are_not_heard(store: Store) -> None:
    run = await begun(store, ["failed", "done", "cancelled"])
    first = await asked(store, runs.item, run.id, 0)
    assert first
    assert await done(store, runs.again, run.id, ["failed", "cancelled"], at=9.0) == 2
    late = replace(first, state="done", generation="g1", changed_at=10.0)
    assert not await done(store, runs.change, late)
    now = await asked(store, runs.item, run.id, 0)
    assert now == replace(first, state="waiting", attempt=1, changed_at=9.0)
    assert await done(store, runs.change, replace(late, attempt=1))
    assert await asked(store, runs.states, run.id) == {0: "done", 1: "done", 2: "waiting"}


async def test_sent_again_means_without_what_came_of_it_before(store: Store) -> None:
    run = a_run()
    failed = an_item(run, 0, state="failed", generation="g" * 22, error={"code": "x"}, note={"file": "a.png"})
    await done(store, runs.add, run, [failed])
    assert await done(store, runs.again, run.id, ["unknown"], at=9.0) == 0
    assert await done(store, runs.again, run.id, ["failed"], at=9.0) == 1
    found = await asked(store, runs.item, run.id, 0)
    assert found == replace(failed, state="waiting", generation="", error=None, attempt=1, changed_at=9.0)


async def test_what_was_taken_back_waits_and_its_last_attempt_is_not_heard(store: Store) -> None:
    run = a_run()
    sent = an_item(run, 0, state="submitted", generation="g" * 22, attempt=3)
    await done(store, runs.add, run, [sent, an_item(run, 1, state="submitted", attempt=3)])
    await done(store, runs.put_back, replace(sent, changed_at=8.0))
    assert await asked(store, runs.item, run.id, 0) == replace(
        sent, state="waiting", generation="", attempt=4, changed_at=8.0
    )
    assert not await done(store, runs.change, replace(sent, state="done"))
    assert await asked(store, runs.states, run.id) == {0: "waiting", 1: "submitted"}


async def test_stopping_leaves_everything_that_was_sent(store: Store) -> None:
    run, other = await begun(store, STATES), await begun(store, ["waiting"])
    assert await done(store, runs.stop, run.id, at=6.0) == 1
    found = await asked(store, runs.states, run.id)
    assert found == {number: "cancelled" if one == "waiting" else one for number, one in enumerate(STATES)}
    assert await asked(store, runs.states, other.id) == {0: "waiting"}
    assert await done(store, runs.stop, run.id, at=6.0) == 0


async def test_a_step_that_is_made_again_replaces_what_has_ended(store: Store) -> None:
    run = a_run()
    states = ["done", "failed", "submitted", "waiting"]
    listed = [an_item(run, number, step="dusk", state=state) for number, state in enumerate(states)]
    await done(store, runs.add, run, [*listed, an_item(run, 4, step="dawn", state="done")])
    assert await done(store, runs.replace_steps, run.id, ["dusk", "noon"], at=3.0) == 2
    found = await asked(store, runs.states, run.id)
    assert found == {0: "replaced", 1: "replaced", 2: "submitted", 3: "waiting", 4: "done"}
    assert await done(store, runs.replace_steps, run.id, [], at=3.0) == 0


# doubts --------------------------------------------------------------------------------------------------------------


async def doubted(store: Store, run: Run, *states: str) -> list[str]:
    """An item in doubt whose generation has jobs in these states; their ids."""
    made = generation()
    rows = [row(made, number=number, state=state) for number, state in enumerate(states)]

    def work(connection: Connection) -> list[str]:
        jobs.add(connection, made, rows)
        runs.add(connection, run, [an_item(run, 0, state="unknown", generation=made.id)])
        return [str(one["id"]) for one in rows]

    return await store.database.write(work)


async def test_a_doubt_that_a_person_ended_is_followed_again(store: Store) -> None:
    run, waits = a_run(state="finished"), a_run(state="finished")
    (identity,) = await doubted(store, run, "unknown")
    await doubted(store, waits, "unknown")
    assert not await asked(store, runs.doubtful)
    assert await done(store, runs.heal, at=4.0) == []
    job = await asked(store, jobs.get, identity)
    assert job
    await done(store, jobs.move, move(job, "failed"))
    assert await asked(store, runs.doubtful)
    assert await done(store, runs.heal, at=5.0) == [run.id]
    assert await asked(store, runs.states, run.id) == {0: "submitted"}
    assert await asked(store, runs.get, run.id) == replace(run, state="running", changed_at=5.0)
    assert await asked(store, runs.get, waits.id) == waits
    assert not await asked(store, runs.doubtful)


async def test_one_job_in_doubt_keeps_its_item_in_doubt(store: Store) -> None:
    run = a_run()
    await doubted(store, run, "succeeded", "unknown")
    assert await done(store, runs.heal, at=5.0) == []
    assert await asked(store, runs.states, run.id) == {0: "unknown"}


@pytest.mark.parametrize("state", ["paused", "cancelled", "review", "running"])
async def test_only_a_finished_run_goes_on_by_itself_after_a_doubt(store: Store, state: str) -> None:
    run = a_run(state=state)
    await doubted(store, run, "succeeded")
    assert await done(store, runs.heal, at=5.0) == [run.id]
    assert await asked(store, runs.get, run.id) == run
    assert await asked(store, runs.states, run.id) == {0: "submitted"}


# finding and describing ----------------------------------------------------------------------------------------------


async def test_runs_are_found_by_everything_that_is_given(store: Store) -> None:
    await begun(store, name="one", owner="anna", kind="bulk", favourite=True, tags=["wip", "red"])
    await begun(store, name="two", owner="anna", kind="pipeline", state="paused", tags=["redder"])
    await begun(store, name="three", owner="bob", kind="bulk", hidden=True)
    assert await named(store, Wanted()) == ["two", "one"]
    assert await named(store, Wanted(hidden=None)) == ["three", "two", "one"]
    assert await named(store, Wanted(hidden=True)) == ["three"]
    assert await named(store, Wanted(owner="anna", kind="bulk")) == ["one"]
    assert await named(store, Wanted(state="paused")) == ["two"]
    assert await named(store, Wanted(favourite=False)) == ["two"]
    assert await named(store, Wanted(favourite=True, kind="pipeline")) == []
    assert await named(store, Wanted(tag="red")) == ["one"], "a tag is a whole word"
    assert await named(store, Wanted(tag="re_")) == [], "no sign in it means another one"


async def test_runs_come_page_by_page_the_newest_first(store: Store) -> None:
    made = [await begun(store, name=str(number)) for number in range(3)]
    assert await named(store, Wanted(), limit=2) == ["2", "1"]
    assert await named(store, Wanted(), before=made[1].id) == ["0"]
    assert await named(store, Wanted(), before=made[0].id) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("SHOES", ["sheet"]),
        ("100%", ["sheet"]),
        ("100_", []),
        ("10%0", []),
        ("back\\slash", ["sheet"]),
        ("spring", ["sheet"]),
        ("picture 1", ["sheet", "prompts"]),
        ("nothing", []),
    ],
)
async def test_words_are_looked_for_as_they_stand(store: Store, words: str, found: list[str]) -> None:
    await begun(store, ["done"] * 2, name="prompts")
    await begun(store, ["done"] * 2, name="sheet", description="100% shoes, back\\slash, Spring")
    assert await named(store, Wanted(words=words)) == found


async def test_a_person_changes_what_is_shown_and_nothing_else(store: Store) -> None:
    run, other = await begun(store, name="a"), await begun(store, name="b")
    shown = {"name": "c", "description": "d", "tags": ("x",), "favourite": True, "hidden": True, "priority": 9}
    await done(store, runs.describe, run.id, shown)
    assert await asked(store, runs.get, run.id) == replace(run, **{**shown, "tags": ["x"]})  # type: ignore[arg-type]
    assert await asked(store, runs.get, other.id) == other
    for strange in ("state", "owner", "holder", "id"):
        with pytest.raises(ValueError, match=f"not to be changed by hand: \\['{strange}'\\]"):
            await done(store, runs.describe, run.id, {"name": "e", strange: "x"})


async def test_a_note_stays_with_its_item(store: Store) -> None:
    run = await begun(store, ["done", "done"])
    await done(store, runs.note, run.id, 1, {"chosen": ["a"], "ü": None})
    assert [one.note for one in await asked(store, runs.items, run.id)] == [{}, {"chosen": ["a"], "ü": None}]


async def test_what_items_have_made_comes_with_jobs_and_pictures_in_their_order(store: Store) -> None:
    run, made = a_run(), generation()
    rows = [row(made, number=number) for number in (1, 0)]
    drawn = [picture(rows[1]["id"], number, created_at=1.0) for number in (1, 0)] + [picture(rows[0]["id"], 2)]

    def work(connection: Connection) -> None:
        jobs.add(connection, made, rows)
        images.add(connection, drawn)
        runs.add(connection, run, [an_item(run, 0, state="done", generation=made.id), an_item(run, 1)])

    await store.database.write(work)
    found = await asked(store, run_results.made, await asked(store, runs.items, run.id))
    assert list(found) == [made.id]
    assert [job.number for job in found[made.id].jobs] == [0, 1]
    assert [one.id for one in found[made.id].images] == [drawn[1].id, drawn[0].id, drawn[2].id]
    assert await asked(store, run_results.made, []) == {}
    assert await asked(store, runs.ratings, [drawn[0].id, "nobody"]) == {drawn[0].id: 0}
