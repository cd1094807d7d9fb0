"""What became of an item, however many jobs it had and wherever they went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.flows.orchestra import orchestra
from tests.server.rows import job, snapshot
from tests.worlds import billed, sandbox

from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.flows.runs import results
from fluxroom.flows.runs.outcome import outcome

pytestmark = pytest.mark.anyio

POOR = {"code": "insufficient_credits", "message": "There is no money at bfl.", "elsewhere": "fal"}
MODERATED = {"code": "moderated_output", "message": "The picture was moderated."}


def ended(*jobs: tuple[str, Any]) -> tuple[str, Any]:
    rows = [job(state, id=f"{number:022d}", error=error) for number, (state, error) in enumerate(jobs)]
    return outcome(snapshot(*rows))


@pytest.mark.parametrize(
    ("jobs", "state", "error"),
    [
        ([("succeeded", None)], "done", None),
        ([("failed", MODERATED)], "failed", MODERATED),
        ([("moderated_input", MODERATED)], "failed", MODERATED),
        ([("moderated_output", MODERATED)], "failed", MODERATED),
        ([("lost", None)], "failed", None),
        ([("cancelled", None)], "cancelled", None),
        ([("abandoned", None)], "cancelled", None),
        ([("cancelled", None), ("abandoned", None)], "cancelled", None),
        ([("cancelled", None), ("failed", MODERATED)], "failed", MODERATED),
        # A picture makes it done, and what went wrong besides is not forgotten.
        ([("succeeded", None), ("moderated_output", MODERATED)], "done", MODERATED),
        ([("cancelled", None), ("succeeded", None)], "done", None),
        # A doubt is about money: it is stronger than a picture.
        ([("succeeded", None), ("unknown", None)], "unknown", None),
        ([("unknown", None), ("cancelled", None)], "unknown", None),
        # Another provider was asked instead: what that one did is what became of it.
        ([("failed", POOR), ("succeeded", None)], "done", None),
        ([("failed", POOR), ("moderated_output", MODERATED)], "failed", MODERATED),
        ([("failed", POOR), ("cancelled", None)], "cancelled", None),
        ([("failed", POOR), ("unknown", None)], "unknown", None),
    ],
)
def test_how_an_item_ends(jobs: list[tuple[str, Any]], state: str, error: Any) -> None:
    assert ended(*jobs) == (state, error)


@given(st.lists(st.tuples(st.sampled_from(sorted(SETTLED)), st.sampled_from([None, POOR, MODERATED])), min_size=1))
def test_no_picture_is_forgotten_and_no_doubt(jobs: list[tuple[str, Any]]) -> None:
    state, error = ended(*jobs)
    last = [one for one, wrong in jobs if not (wrong or {}).get("elsewhere")]
    assert (state == "unknown") is (State.UNKNOWN in last)
    assert (state == "done") is (State.SUCCEEDED in last and State.UNKNOWN not in last)
    assert error is None or "elsewhere" not in error


async def test_an_item_that_another_provider_has_made_says_nothing_of_the_first(tmp_path: Path) -> None:
    """Its row in the table had the refusal of a provider beside the picture of another one."""
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        box.world.plan_fault("submit-402", provider="bfl", times=None)
        run = await all_of.begin([{"model": "flux-2-pro", "prompt": "a fox", "seed": 1}])
        assert (await all_of.conductor.rest(run.id)).state == "finished"
        (one,) = await results.page(all_of.client.engine.store, run.id)
        assert (one.item.state, one.item.error, [found.provider for found in one.jobs]) == (
            "done",
            None,
            ["bfl", "fal"],
        )
        assert (one.charge, len(one.images), len(billed(box))) == ("charged", 1, 1)


async def test_an_item_that_the_other_provider_moderates_says_so(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        box.world.plan_fault("submit-402", provider="bfl", times=None)
        box.world.plan_fault("moderated-output", provider="fal", times=None)
        run = await all_of.begin([{"model": "flux-2-pro", "prompt": "a fox", "seed": 1}])
        await all_of.conductor.rest(run.id)
        (item,) = await all_of.items(run.id)
        assert item.state == "failed"
        assert (item.error or {})["code"] == "moderated_output", "what to change is the prompt, not the account"
