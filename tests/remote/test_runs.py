"""Sheets, comparisons and pipelines: the same in this process and at a gateway."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.server.calls import FAST, picture, settings_at

from fluxroom.client import AsyncClient
from fluxroom.errors import InvalidParams, NotFound, RequestError
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.flows.comparisons import comparison
from fluxroom.flows.pipelines.files import read
from fluxroom.local import open_books
from fluxroom.store.runs import Wanted

pytestmark = pytest.mark.anyio

MODEL = {"model": f"bfl/{FAST}"}


def sheet(rows: list[dict[str, Any]], name: str = "cups") -> Sheet:
    return Sheet(name=name, rows=rows, defaults=MODEL)


async def test_a_sheet_with_a_file_is_priced_carried_and_told(client: AsyncClient, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())
    rows: list[dict[str, Any]] = [
        {"prompt": "a cup", "seed": 1},
        {"prompt": "at dusk", "seed": 2, "references": [str(photo)]},
        {"prompt": "x", "references": [str(tmp_path / "missing.png")]},
    ]
    priced = await client.runs.check_sheet(sheet(rows))
    assert [row["state"] for row in priced["rows"]] == ["ok", "ok", "invalid"]
    begun = await client.runs.begin_sheet(sheet(rows))
    run = await client.runs.rest(begun["id"])
    assert (run["state"], run["counts"]) == ("finished", {"done": 2, "invalid": 1})
    found = await client.runs.items(run["id"], states=["done"])
    assert [one["key"] for one in found] == ["row 1", "row 2"]
    assert found[1]["images"][0]["mime"] == "image/png"
    lines = [line async for line in await client.runs.table(run["id"])]
    assert len(lines) == 4
    again = await client.runs.begin_sheet(sheet(rows))
    assert again["id"] == run["id"]
    listed = await client.runs.page(Wanted(kind="bulk", words="CUP"))
    assert [one["id"] for one in listed] == [run["id"]]


async def test_a_comparison_is_carried_judged_and_drawn(client: AsyncClient) -> None:
    found = comparison("race", {"prompt": "a fox", **MODEL, "seed": 3}, [("provider", ["bfl", "fal"])])
    assert (await client.runs.check_comparison(found))["ok"] == 2
    begun = await client.runs.begin_comparison(found, key="once")
    assert (await client.runs.begin_comparison(found, key="once"))["id"] == begun["id"]
    run = await client.runs.rest(begun["id"])
    assert run["counts"] == {"done": 2}
    assert (await client.runs.say_winner(run["id"], 1))["spec"]["winner"] == 1
    assert (await client.runs.contact_sheet(run["id"])).startswith(b"\x89PNG")
    with pytest.raises(RequestError, match="has 2 cells"):
        await client.runs.say_winner(run["id"], 2)


async def test_a_pipeline_is_reviewed_and_made_again(client: AsyncClient, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())
    found = read(
        f"""
version: 1
name: dusk
mode: manual
inputs: {{photo: {{kind: picture}}}}
steps: [{{name: dusk, do: edit, model: {FAST}, references: ["{{{{inputs.photo}}}}"], prompt: at dusk, seed: 3}}]
"""
    )
    begun = await client.runs.begin_pipeline(found, {"photo": str(photo)})
    run = await client.runs.rest(begun["id"])
    assert run["state"] == "review"
    await client.runs.redo(run["id"], "dusk", {"prompt": "at dawn"})
    run = await client.runs.rest(run["id"])
    assert run["counts"] == {"replaced": 1, "done": 1}
    await client.runs.approve(run["id"], "dusk")
    assert (await client.runs.rest(run["id"]))["state"] == "finished"
    with pytest.raises(InvalidParams, match="is missing"):
        await client.runs.begin_pipeline(found, {})


async def test_a_person_has_the_same_words(client: AsyncClient) -> None:
    begun = await client.runs.begin_sheet(sheet([{"prompt": "a", "seed": 9}], "words"))
    run = await client.runs.rest(begun["id"])
    changed = await client.runs.describe(run["id"], {"name": "better", "tags": ["wip"], "favourite": True})
    assert (changed["name"], changed["tags"], changed["favourite"]) == ("better", ["wip"], True)
    for word in (client.runs.pause, client.runs.resume, client.runs.retry):
        with pytest.raises(RequestError):
            await word(run["id"])
    with pytest.raises(RequestError):
        await client.runs.cancel(run["id"])
    with pytest.raises(NotFound):
        await client.runs.get("01kaz3x9f0m2n4p6q8r0st")


async def test_a_pipeline_is_priced_with_files_of_this_machine_and_prompts_are_expanded(
    client: AsyncClient, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())
    found = read(
        f"""
version: 1
name: dusk
inputs: {{photos: {{kind: pictures}}}}
steps:
  - {{name: words, do: prompt, template: "at {{dusk|dawn}}", expand: 2}}
  - name: dusk
    do: edit
    model: {FAST}
    each: "{{{{inputs.photos}}}}"
    references: ["{{{{item}}}}", "{photo}"]
    prompt: "{{{{steps.words.texts}}}}"
    seed: 3
"""
    )
    priced = await client.runs.check_pipeline(found, {"photos": [str(photo)]})
    assert [(step["state"], step["requests"]) for step in priced["steps"]] == [("ok", 0), ("ok", 4)]
    assert (priced["low"], priced["missing"]) == (priced["high"], [])
    run = await client.runs.begin_pipeline(found, {"photos": [str(photo)]}, budget="5")
    run = await client.runs.rest(run["id"])
    assert (run["state"], run["counts"], run["charged"]) == ("finished", {"done": 4}, priced["low"])
    assert "FLUXROOM_WRITER_URL" in run["notes"][0]
    changed = {"references": [str(photo)], "prompt": "at noon"}
    again = await client.runs.check_redo(run["id"], "dusk", changed)
    assert [(step["state"], step["requests"]) for step in again["steps"]] == [("made", 0), ("ok", 1)]
    await client.runs.redo(run["id"], "dusk", changed)
    assert (await client.runs.rest(run["id"]))["counts"] == {"replaced": 4, "done": 1}
    told = await client.runs.expand("a red fox", 3, model=FAST)
    assert (len(told["prompts"]), told["by"]) == (3, "template")


async def test_a_priority_is_the_runs_wherever_it_is_carried(client: AsyncClient, tmp_path: Path) -> None:
    """At a gateway it was taken and not heeded."""
    compared = comparison("c", {"prompt": "x", **MODEL}, [("seed", [1])])
    drawn = read(f"version: 1\nname: p\nsteps:\n- {{name: a, do: generate, model: bfl/{FAST}, prompt: x, seed: 1}}\n")
    for begun in (
        await client.runs.begin_comparison(compared, priority=7),
        await client.runs.begin_pipeline(drawn, {}, priority=7),
        await client.runs.begin_sheet(sheet([{"prompt": "x", "seed": 3}]), priority=7),
    ):
        ended = await client.runs.rest(begun["id"])
        assert ended["counts"] == {"done": 1}
    async with open_books(settings_at(tmp_path / ("gateway" if client.settings.url else "here"))) as books:
        assert [job.priority for job in await books.jobs()] == [7, 7, 7]


async def test_all_runs_are_those_that_are_shown_and_those_that_are_hidden(client: AsyncClient) -> None:
    begun = [await client.runs.begin_sheet(sheet([{"prompt": "x", "seed": 3}], name=str(n))) for n in range(4)]
    ids = [str(one["id"]) for one in begun]
    for one in ids:
        await client.runs.rest(one)
    await client.runs.describe(ids[1], {"hidden": True})

    async def listed(limit: int = 50, **wanted: Any) -> list[str]:
        return [str(one["id"]) for one in await client.runs.page(Wanted(**wanted), limit=limit)]

    assert await listed(hidden=None) == ids[::-1]
    assert await listed(hidden=None, limit=3) == ids[:0:-1]
    assert await listed() == [ids[3], ids[2], ids[0]]
    assert await listed(hidden=True) == [ids[1]]


GENERAL = "fal/flux-general"


async def test_files_are_brought_wherever_a_model_takes_a_picture(client: AsyncClient, tmp_path: Path) -> None:
    """At a gateway only references and masks were: any other file was a name that the gateway had to refuse."""
    photo, other = tmp_path / "photo.png", tmp_path / "other.png"
    photo.write_bytes(picture())
    other.write_bytes(picture((1, 2, 3)))
    adapter = {"path": "p", "image_encoder_path": "q", "scale": 0.5}
    rows: list[dict[str, Any]] = [
        {"prompt": "x", "seed": 1, "model": GENERAL, "reference_image_url": str(photo)},
        {"prompt": "x", "seed": 2, "model": GENERAL, "ip_adapters": [{**adapter, "image_url": str(other)}]},
        {"prompt": "x", "seed": 3, "references": str(other)},
    ]
    hashes = [hashlib.sha256(one.read_bytes()).hexdigest() for one in (photo, other)]
    found = (await client.runs.check_sheet(sheet(rows)))["rows"]
    assert [row["state"] for row in found] == ["ok"] * 3, [row["why"] for row in found]
    assert found[0]["asked"]["reference_image_url"] == hashes[0]
    assert found[1]["asked"]["ip_adapters"] == [{**adapter, "image_url": hashes[1]}]
    assert found[2]["asked"]["references"] == [hashes[1]]
    everywhere = Sheet(
        name="d", rows=[{"prompt": "x", "model": GENERAL}], defaults={**MODEL, "reference_image_url": str(photo)}
    )
    assert (await client.runs.check_sheet(everywhere))["rows"][0]["asked"]["reference_image_url"] == hashes[0]


async def test_a_comparison_may_be_over_files(client: AsyncClient, tmp_path: Path) -> None:
    photo, other = tmp_path / "photo.png", tmp_path / "other.png"
    photo.write_bytes(picture())
    other.write_bytes(picture((1, 2, 3)))
    files: list[Any] = [str(photo), str(other)]
    hashes = [hashlib.sha256(one.read_bytes()).hexdigest() for one in (photo, other)]
    over = comparison("c", {"prompt": "x", "model": GENERAL}, [("reference_image_url", files), ("seed", [1])])
    found = (await client.runs.check_comparison(over))["rows"]
    assert [row["asked"].get("reference_image_url") for row in found] == hashes, [row["why"] for row in found]
    models = comparison("m", {"prompt": "x", "reference_image_url": str(photo)}, [("model", [MODEL["model"], GENERAL])])
    found = (await client.runs.check_comparison(models))["rows"]
    assert found[1]["asked"]["reference_image_url"] == hashes[0]
    assert [note["name"] for note in found[0]["not_sent"]] == ["reference_image_url"]


async def test_a_step_may_be_made_again_with_a_file(client: AsyncClient, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())
    text = f"version: 1\nname: p\nsteps:\n- {{name: a, do: generate, model: {GENERAL}, prompt: x, seed: 1}}\n"
    begun = await client.runs.begin_pipeline(read(text), {})
    await client.runs.rest(begun["id"])
    fields: dict[str, Any] = {"reference_image_url": str(photo)}
    assert (await client.runs.check_redo(begun["id"], "a", fields))["steps"][0]["state"] == "ok"
    await client.runs.redo(begun["id"], "a", fields)
    ended = await client.runs.rest(begun["id"])
    assert ended["counts"] == {"done": 1, "replaced": 1}
    [item] = await client.runs.items(begun["id"], states=["done"])
    assert item["asked"]["reference_image_url"] == hashlib.sha256(photo.read_bytes()).hexdigest()
