"""A comparison as one picture, whatever has become of its cells; and axes that somebody has made up."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.worlds import sandbox, settings_for

from fluxroom.client import AsyncClient
from fluxroom.errors import FluxroomError, InvalidParams, NotFound, RequestError
from fluxroom.flows import comparisons
from fluxroom.flows.comparisons import MOST_CELLS, Comparison, comparison
from fluxroom.imaging.contact_sheet import Cell, contact_sheet

pytestmark = pytest.mark.anyio

MODEL = "flux-2-klein-4b"
SMALL = {"prompt": "a fox", "model": MODEL, "image_size": "256x256"}


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """What the last contact sheet was drawn of."""
    drawn: list[Cell] = []

    def draw(title: str, columns: Any, rows: Any, found: Any) -> bytes:
        drawn[:] = found
        return contact_sheet(title, columns, rows, found)

    monkeypatch.setattr(comparisons, "contact_sheet", draw)
    return drawn


async def finished(client: AsyncClient, found: Comparison) -> dict[str, Any]:
    run: dict[str, Any] = await client.runs.rest((await client.runs.begin_comparison(found))["id"])
    assert run["state"] == "finished"
    return run


def size_of(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as sheet:
        sheet.load()
        return sheet.size


async def test_a_cell_whose_bytes_are_gone_or_broken_is_said_and_the_others_are_drawn(
    tmp_path: Path, cells: list[Cell]
) -> None:
    """One lost file was a 404 for the whole sheet, and for what people had said about it."""
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        run = await finished(client, comparison("c", SMALL, [("seed", [1, 2, 3])]))
        items = await client.runs.items(run["id"])
        gone, broken, _ = [client.engine.store.blobs.local_path(one["images"][0]["sha256"]) for one in items]
        assert gone
        assert broken
        gone.unlink()
        broken.write_bytes(broken.read_bytes()[:200])
        await client.runs.say_winner(run["id"], 0)
        assert size_of(await client.runs.contact_sheet(run["id"])) == (12 + 3 * 396, 56 + 22 + 396 + 22)
        assert [one.picture is None for one in cells] == [True, True, False]
        assert [one.below for one in cells[:2]] == ["its bytes are no longer there"] * 2
        assert [one.best for one in cells] == [True, False, False], "who was best stays so"
        assert "256 × 256" in cells[2].below


async def test_cells_that_failed_say_why_under_their_place(tmp_path: Path, cells: list[Cell]) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        box.world.plan_fault("moderated-output", times=1)
        found = comparison("c", SMALL, [("model", [f"bfl/{MODEL}", "flux-99"])])
        run = await finished(client, found)
        assert run["counts"] == {"failed": 1, "invalid": 1}
        await client.runs.contact_sheet(run["id"])
        assert [one.picture for one in cells] == [None, None]
        assert "moderat" in cells[0].below.lower()
        assert "flux-99" in cells[1].below


async def test_a_sheet_can_be_drawn_while_nothing_is_made_yet(tmp_path: Path, cells: list[Cell]) -> None:
    async with sandbox(seconds=30) as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        begun = await client.runs.begin_comparison(comparison("c", SMALL, [("seed", [1, 2])]))
        assert (await client.runs.contact_sheet(begun["id"])).startswith(b"\x89PNG")
        assert all(one.picture is None and one.below in {"waiting", "submitted"} for one in cells)
        await client.runs.cancel(begun["id"])


async def test_the_cells_hold_small_pictures(tmp_path: Path, cells: list[Cell]) -> None:
    """Four hundred whole pictures are more than a small machine has memory for."""
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        whole = SMALL | {"image_size": "1536x1024"}
        run = await finished(client, comparison("c", whole, [("seed", [1])]))
        await client.runs.contact_sheet(run["id"])
        assert cells[0].picture
        with Image.open(io.BytesIO(cells[0].picture)) as held:
            assert max(held.size) <= 512
        assert "1536 × 1024" in cells[0].below, "what is told is the whole one"


async def test_only_a_comparison_has_a_sheet_and_a_winner(tmp_path: Path) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        run = await finished(client, comparison("c", SMALL, [("seed", [1, 2])]))
        for position in (2, -1, 400):
            with pytest.raises(RequestError, match="has 2 cells, from 0 to 1"):
                await client.runs.say_winner(run["id"], position)
        assert (await client.runs.say_winner(run["id"], 1))["spec"]["winner"] == 1
        assert (await client.runs.say_winner(run["id"], None))["spec"]["winner"] is None
        found = comparisons.comparison("p", SMALL, [("seed", [1])])
        assert found.y.values == (None,)
        for wrong in ("0" * 22, "", "x"):
            with pytest.raises(NotFound):
                await client.runs.contact_sheet(wrong)


# axes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "name", "value", "cell"),
    [
        ({"extra": {"bfl": {"x": 1}}}, "extra.bfl.x", 2, {"extra": {"bfl": {"x": 2}}}),
        ({"loras": [{"path": "a", "scale": 1}]}, "loras.0", {"path": "b"}, {"loras": [{"path": "b"}]}),
        ({"references": ["a", "b"]}, "references.1", "c", {"references": ["a", "c"]}),
        ({}, "prompt", None, {"prompt": None}),
        ({"image_size": "square"}, "image_size", {"width": 64}, {"image_size": {"width": 64}}),
    ],
)  # fmt: skip
def test_a_name_with_dots_leads_to_one_value(
    request_: dict[str, Any], name: str, value: Any, cell: dict[str, Any]
) -> None:
    shared = {"model": "m", "prompt": "x", **request_}
    (only,) = comparison("c", shared, [(name, [value])]).cells()
    assert {key: only[key] for key in cell} == cell
    assert shared == {"model": "m", "prompt": "x", **request_}, "what cells share is not changed"


@pytest.mark.parametrize(
    "name", ["loras.1.scale", "loras.x.scale", "loras.0.scale.x", "prompt.0", "loras.", ".", "seed.a", "extra.bfl"]
)
def test_a_name_that_leads_nowhere_is_refused(name: str) -> None:
    shared: dict[str, Any] = {"model": "m", "prompt": "x", "seed": 1, "loras": [{"path": "a", "scale": 1}]}
    with pytest.raises(InvalidParams, match=r"The request has nothing at '.*' to vary"):
        comparison("c", shared, [(name, [1])]).cells()


values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
names = st.sampled_from(
    ["model", "provider", "mode", "seed", "prompt", "loras.0.scale", "extra.fal", "x", "", ".", "0"]
)


@given(st.lists(st.tuples(names, st.lists(values, max_size=25)), max_size=3))
def test_whatever_the_axes_are_there_are_cells_or_one_of_our_errors(axes: list[tuple[str, list[Any]]]) -> None:
    shared: dict[str, Any] = {"prompt": "x", "model": "bfl/m", "loras": [{"path": "a", "scale": 1}]}
    try:
        found = comparison("c", shared, axes)
        cells, digest = found.cells(), found.digest
    except FluxroomError:
        return
    assert 1 <= len(cells) == len(found.x.values) * len(found.y.values) <= MOST_CELLS
    assert all(cell["on_unsupported"] == "report" for cell in cells)
    assert comparison("c", shared, axes).digest == digest, "the same comparison goes on, whatever seed was drawn"
