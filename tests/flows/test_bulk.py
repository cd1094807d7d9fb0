"""Bulk: every row is checked and priced before anything is sent, and what exists is not paid again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.flows.orchestra import Orchestra, orchestra
from tests.worlds import billed, sandbox, submits

from fluxroom.engine.intake import take_in
from fluxroom.flows import bulk
from fluxroom.flows.bulk import DryRun
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.types import Reference

pytestmark = pytest.mark.anyio


async def dry_run(all_of: Orchestra, sheet: Sheet, **more: Any) -> DryRun:
    engine = all_of.client.engine

    async def taken(source: str) -> Reference:
        return await take_in(source, engine.store.blobs)

    return await bulk.check(sheet, engine, all_of.client.plan_with, taken, **more)


def sheet(rows: list[dict[str, Any]], **more: Any) -> Sheet:
    return Sheet(**{"name": "spring", "rows": rows, "defaults": {"model": "flux-2-pro"}, **more})


async def test_a_dry_run_checks_and_prices_every_row_and_sends_nothing(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": "a", "seed": 1},
        {"prompt": "b", "model": "fal/flux-2-flex", "guidance_scale": 20},
        {"prompt": "c", "model": "flux-99"},
        {"prompt": "d", "fluxSeed": 4},
        {"prompt": "e", "references": ["nowhere.png"]},
        {"prompt": "f", "run": "x"},
    ]
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        found = await dry_run(all_of, sheet(rows))
        assert [row.state for row in found.rows] == ["ok", "invalid", "invalid", "ok", "invalid", "invalid"]
        assert "guidance_scale" in found.rows[1].why
        assert "no such file" in found.rows[4].why
        assert found.renamed == {"fluxSeed": "seed"}
        assert found.low == found.high == Decimal("0.06")
        assert found.text.startswith("0 exist, 2 to pay ($0.06), 4 invalid: row 2 ")
        assert submits(box) == []


async def test_a_sheet_is_carried_and_its_wrong_rows_stop_nobody(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": "a", "seed": 1},
        {"prompt": "b", "image_size": "9x9"},
        {"prompt": "c", "seed": 3, "file": "chosen"},
    ]
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        found = await dry_run(all_of, sheet(rows))
        run = await bulk.begin(found, all_of.conductor)
        assert (await all_of.conductor.rest(run.id)).state == "finished"
        items = await all_of.items(run.id)
        assert [item.state for item in items] == ["done", "invalid", "done"]
        assert (items[2].note, items[1].error and items[1].error["code"]) == ({"file": "chosen"}, "invalid_params")
        assert len(billed(box)) == 2


async def test_the_same_sheet_goes_on_and_another_one_pays_only_for_what_is_new(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"prompt": f"p{n}", "seed": n} for n in range(4)] + [{"prompt": "no seed"}]
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        first = await bulk.begin(await dry_run(all_of, sheet(rows)), all_of.conductor)
        await all_of.conductor.rest(first.id)
        again = await dry_run(all_of, sheet(rows))
        assert again.goes_on is not None
        assert (again.goes_on.id, again.open_rows) == (first.id, 0)
        assert first.id in again.rule
        assert (await bulk.begin(again, all_of.conductor)).id == first.id

        other = await dry_run(all_of, sheet([*rows, {"prompt": "new", "seed": 9}], name="summer"))
        assert other.goes_on is None
        assert [row.state for row in other.rows] == ["exists"] * 4 + ["ok", "ok"]
        assert "fixed seed" in other.rule
        assert other.text == "4 exist, 2 to pay ($0.06)"
        second = await bulk.begin(other, all_of.conductor)
        await all_of.conductor.rest(second.id)
        assert await all_of.states(second.id) == ["done"] * 6
        assert len(billed(box)) == 7


async def test_what_somebody_else_has_made_does_not_exist_for_me(tmp_path: Path) -> None:
    rows = [{"prompt": "a", "seed": 1}]
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        found = await dry_run(all_of, sheet(rows), owner="anna")
        run = await bulk.begin(found, all_of.conductor, bulk.new_run(found, owner="anna"))
        await all_of.conductor.rest(run.id)
        assert (await dry_run(all_of, sheet(rows), owner="anna")).count("exists") == 1
        mine = await dry_run(all_of, sheet(rows), owner="bert")
        assert (mine.count("ok"), mine.goes_on) == (1, None)


async def test_pictures_are_taken_in_once_and_written_down_by_hash(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    async with sandbox() as box, orchestra(box, tmp_path / "data") as all_of:
        made = await all_of.client.generate("a photo", model="flux-2-pro", seed=3)
        photo.write_bytes(made.bytes)
        taken: list[str] = []

        async def counting(source: str) -> Reference:
            taken.append(source)
            return await take_in(source, all_of.client.engine.store.blobs)

        rows: list[dict[str, Any]] = [{"prompt": f"edit {n}", "seed": n, "references": [str(photo)]} for n in range(3)]
        rows.append({"prompt": "fill", "model": "bfl/flux-pro-fill", "references": [str(photo)], "mask": str(photo)})
        found = await bulk.check(sheet(rows), all_of.client.engine, all_of.client.plan_with, counting)
        assert [row.state for row in found.rows] == ["ok"] * 4, [row.why for row in found.rows]
        assert taken == [str(photo)]
        photo.unlink()
        run = await bulk.begin(found, all_of.conductor)
        await all_of.conductor.rest(run.id)
        items = await all_of.items(run.id)
        assert [item.state for item in items] == ["done"] * 4
        assert items[3].asked["mask"] == items[3].asked["references"][0]
        assert str(tmp_path) not in str([item.asked for item in items])


async def test_a_picture_deep_inside_a_parameter_is_taken_in_for_whoever_asks(tmp_path: Path) -> None:
    """The plan would read a file for it: at a gateway that would be a file of somebody else's machine."""
    deep = {"ip_adapters": [{"path": "p", "image_encoder_path": "e", "scale": 1, "image_url": "its.png"}]}
    rows = [{"prompt": "a", "model": "flux-general", "mask_image_url": "mask.png", "references": "one.png", **deep}]
    seen: list[str] = []

    async def taken(source: str) -> Reference:
        seen.append(source)
        return Reference(sha256=f"{len(seen):064d}", mime="image/png", width=300, height=300, size_bytes=9)

    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        found = await bulk.check(sheet(rows), all_of.client.engine, all_of.client.plan_with, taken)
        [row] = found.rows
        assert (row.state, sorted(seen)) == ("ok", ["its.png", "mask.png", "one.png"])
        assert row.asked["references"] == [f"{seen.index('one.png') + 1:064d}"]
        assert row.asked["ip_adapters"][0]["image_url"] == f"{seen.index('its.png') + 1:064d}"
