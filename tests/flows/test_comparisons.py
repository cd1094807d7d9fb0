"""Comparisons: cells over two axes, at both providers, with what a model does not take left out and told."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.flows.orchestra import Orchestra, orchestra
from tests.worlds import billed, sandbox

from fluxroom.engine.intake import take_in
from fluxroom.errors import InvalidParams
from fluxroom.flows import comparisons
from fluxroom.flows.comparisons import Comparison, comparison
from fluxroom.flows.runs import results
from fluxroom.imaging.contact_sheet import Cell, contact_sheet
from fluxroom.store.runs import Run
from fluxroom.types import Reference

pytestmark = pytest.mark.anyio


async def compared(all_of: Orchestra, found: Comparison) -> Run:
    engine = all_of.client.engine

    async def taken(source: str) -> Reference:
        return await take_in(source, engine.store.blobs)

    priced = await comparisons.price(found, engine, all_of.client.plan_with, taken)
    return await comparisons.begin(found, priced, all_of.conductor)


def test_cells_stand_row_by_row_and_share_their_seed() -> None:
    found = comparison("c", {"prompt": "x", "model": "flux-2-pro"}, [("guidance_scale", [2, 4]), ("model", ["a", "b"])])
    cells = found.cells()
    assert [(cell["guidance_scale"], cell["model"]) for cell in cells] == [(2, "a"), (4, "a"), (2, "b"), (4, "b")]
    assert len({cell["seed"] for cell in cells}) == 1
    assert {cell["on_unsupported"] for cell in cells} == {"report"}


def test_a_seed_may_be_what_is_compared() -> None:
    found = comparison("c", {"prompt": "x", "model": "flux-2-pro"}, [("seed", [1, 2])])
    assert [cell["seed"] for cell in found.cells()] == [1, 2]


@pytest.mark.parametrize("old", ["fluxSeed", "flux_seed"])
def test_a_seed_under_its_old_name_is_a_seed(old: str) -> None:
    found = comparison("c", {"prompt": "x", "model": "m", old: 5}, [("guidance_scale", [1, 2])])
    assert [(cell[old], cell.get("seed")) for cell in found.cells()] == [(5, None)] * 2


def test_the_provider_goes_before_the_model_whichever_axis_it_is_on() -> None:
    providers: tuple[str, list[Any]] = ("provider", ["bfl", "fal"])
    models: tuple[str, list[Any]] = ("model", ["bfl/m"])
    for axes in ([providers, models], [models, providers]):
        found = comparison("race", {"prompt": "x"}, axes)
        assert [cell["model"] for cell in found.cells()] == ["bfl/m", "fal/m"]


def test_an_axis_may_lead_inside_a_list() -> None:
    request: dict[str, Any] = {"prompt": "x", "model": "m", "loras": [{"path": "p", "scale": 1}]}
    found = comparison("c", request, [("loras.0.scale", [0.5, 1.0])])
    assert [cell["loras"] for cell in found.cells()] == [[{"path": "p", "scale": 0.5}], [{"path": "p", "scale": 1.0}]]
    assert request["loras"][0]["scale"] == 1


@pytest.mark.parametrize(
    ("axes", "why"),
    [
        ([], "one or two axes"),
        ([("a", [1]), ("b", [1]), ("c", [1])], "one or two axes"),
        ([("seed", [])], "1 to 400 cells, not 0"),
        ([("seed", list(range(30))), ("guidance_scale", list(range(30)))], "not 900"),
        ([("seed", [1]), ("seed", [2])], "Both axes are seed"),
        ([("provider", ["amazon"])], "no provider 'amazon'"),
        ([("loras.0.scale", [1])], "nothing at 'loras.0.scale'"),
    ],
)
def test_what_cannot_be_compared_is_refused(axes: Any, why: str) -> None:
    with pytest.raises(InvalidParams, match=why):
        comparison("c", {"prompt": "x", "model": "m"}, axes).cells()


async def test_three_by_three_over_both_providers(tmp_path: Path) -> None:
    axes: list[tuple[str, list[Any]]] = [
        ("guidance_scale", [2, 4, 6]),
        ("model", ["fal/flux-2-dev", "bfl/flux-2-flex", "bfl/flux-2-pro"]),
    ]
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        run = await compared(all_of, comparison("3x3", {"prompt": "a fox", "seed": 7}, axes))
        assert (await all_of.conductor.rest(run.id)).state == "finished"
        cells = await results.page(all_of.client.engine.store, run.id)
        assert [one.item.state for one in cells] == ["done"] * 9
        assert [one.item.note["x"] for one in cells] == [0, 1, 2] * 3
        assert {job.provider for one in cells for job in one.jobs} == {"bfl", "fal"}
        # FLUX.2 pro takes no guidance: told, not sent, and the first of its three equal cells pays for the others.
        third = await all_of.client.snapshot(cells[6].item.generation)
        assert [note["name"] for note in third.generation.not_sent] == ["guidance_scale"]
        assert all(one.seconds is not None and one.charge == "charged" for one in cells)
        assert len(billed(box)) <= 9


async def test_a_cell_that_cannot_be_is_told_and_stops_nobody(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        axes = [("model", ["flux-2-pro", "flux-99"])]
        run = await compared(all_of, comparison("c", {"prompt": "x"}, axes))
        await all_of.conductor.rest(run.id)
        assert await all_of.states(run.id) == ["done", "invalid"]
        assert [item.key for item in await all_of.items(run.id)] == ["model flux-2-pro", "model flux-99"]


async def test_the_table_adds_up_and_no_cell_is_a_formula(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        rows = [{"prompt": "=HYPERLINK(1)", "seed": 1}, {"prompt": "b", "seed": 2, "num_images": 2}]
        run = await all_of.begin(rows)
        await all_of.conductor.rest(run.id)
        lines = [line async for line in results.as_csv(all_of.client.engine.store, run)]
        assert len(lines) == 4
        assert "'=HYPERLINK(1)" in lines[1]
        charged = [line.split(",")[results.COLUMNS.index("charged")] for line in lines[1:]]
        assert charged == ["0.03", "0.06", ""]
        names = [name async for *_, name in results.files(all_of.client.engine.store, run)]
        assert names == ["1-HYPERLINK-1.png", "2-b.png", "2-b-2.png"]


@pytest.mark.parametrize(
    ("name", "title"),
    [("make it du", "make it dusk"), ("make it dusk", "make it dusk"), ("race", "race: make it dusk")],
)
async def test_a_sheet_says_its_prompt_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, title: str
) -> None:
    titles: list[str] = []

    def draw(head: str, *_: object) -> bytes:
        titles.append(head)
        return b""

    monkeypatch.setattr("fluxroom.flows.comparisons.contact_sheet", draw)
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        run = await compared(all_of, comparison(name, {"prompt": "make it dusk"}, [("model", ["flux-99"])]))
        await comparisons.drawn(all_of.client.engine.store, run)
    assert titles == [title]


def test_a_contact_sheet_shows_every_cell_and_marks_the_best() -> None:
    out = io.BytesIO()
    Image.new("RGB", (800, 600), (200, 30, 30)).save(out, "PNG")
    cells = [Cell(out.getvalue(), "2.5 s · $0.03"), Cell(None, "moderated", best=True)]
    drawn = contact_sheet("a very long title " * 40, ["model a", "model b"], [""], cells)
    with Image.open(io.BytesIO(drawn)) as sheet:
        sheet.load()
        assert sheet.format == "PNG"
        colours = [sheet.getpixel((12 + 190, 56 + 22 + 192)), sheet.getpixel((12 + 396 - 2, 56 + 22 - 2))]
    red, blue = sorted(colours, reverse=True)  # type: ignore[type-var]
    assert blue == (47, 94, 224)
    assert max(abs(a - b) for a, b in zip(red, (200, 30, 30), strict=True)) <= 2  # type: ignore[arg-type]
