"""Decisions about runs over a wire that loses answers: the client asks again, and nothing is paid a second time."""

from __future__ import annotations

import pytest
from tests.remote.gateways import FAST, Drops, Gate, client_settings

from fluxroom.client import AsyncClient
from fluxroom.flows.pipelines.files import pipeline

pytestmark = pytest.mark.anyio

ONE_STEP = {
    "version": 1,
    "name": "one",
    "steps": [{"name": "fox", "do": "generate", "model": f"bfl/{FAST}", "prompt": "a fox"}],
}


async def test_a_step_that_is_made_again_over_a_broken_wire_is_made_again_once(gate: Gate) -> None:
    async with Drops(gate.port, "/v1/pipelines/") as wire, AsyncClient(settings=client_settings(wire.url)) as client:
        begun = await client.runs.begin_pipeline(pipeline(ONE_STEP), {})
        assert (await client.runs.rest(begun["id"]))["counts"] == {"done": 1}
        wire.swallow_answers = 1
        assert (await client.runs.redo(begun["id"], "fox", {"prompt": "a cat"}))["id"] == begun["id"]
        assert len(wire.posts) == 2  # it was asked again, because nobody had answered
        ended = await client.runs.rest(begun["id"])
        assert (ended["state"], ended["counts"]) == ("finished", {"done": 1, "replaced": 1})
        made = [job for job in await client.jobs() if job.state == "succeeded" and job.run == begun["id"]]
        assert len(made) == 2
