"""Archives that are sent while they are packed: whole for every program that unpacks, safe in every spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.calls import picture as painted
from tests.store.rows import generation, picture, row

from fluxroom.flows.runs.packing import Archive
from fluxroom.imaging import metadata
from fluxroom.server.library.zipping import zipped
from fluxroom.store import Store, images, jobs, library, open_store
from fluxroom.store.library import Picture, Wanted

pytestmark = pytest.mark.anyio

MOMENT = 1_795_000_000.0  # 2026-11-18 11:06:40 UTC


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()


async def made(store: Store, data: bytes, prompt: str = "a fox", **more: Any) -> str:
    """A picture with its job; returns its id."""
    about = generation(prompt=prompt, created_at=MOMENT, references=[], params={})
    job = row(
        about, state="succeeded", charged=Decimal("0.03"), charge_state="charged", model=more.pop("model", "flux-2-pro")
    )
    await store.database.write(partial(jobs.add, generation=about, rows=[job]))
    one = picture(job["id"], sha256=store.blobs.put(data), size_bytes=len(data), created_at=MOMENT, **more)
    await store.database.write(partial(images.add, rows=[one]))
    return one.id


async def listed(store: Store) -> list[Picture]:
    found: Sequence[Picture] = await store.database.read(partial(library.page, wanted=Wanted(), limit=200))
    return list(found)


async def archive(store: Store, pictures: Sequence[Picture], *, with_facts: bool = False) -> zipfile.ZipFile:
    whole = b"".join([piece async for piece in zipped(store, pictures, metadata=with_facts)])
    found = zipfile.ZipFile(io.BytesIO(whole))
    assert found.testzip() is None
    return found


def table(found: zipfile.ZipFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found.read("images.csv").decode("utf-8-sig"), newline="")))


# packing -------------------------------------------------------------------------------------------------------------

names = st.text("abcdefghij-0123456789_ü雪 ", min_size=1, max_size=24).map(lambda text: f"{text}.png")
entries = st.lists(
    st.tuples(names, st.binary(max_size=4000), st.floats(0, 4_000_000_000)),
    max_size=8,
    unique_by=lambda entry: entry[0],
)


@given(entries)
@settings(max_examples=60, deadline=None)
def test_what_was_packed_in_pieces_is_unpacked_whole(packed: list[tuple[str, bytes, float]]) -> None:
    made = Archive()
    pieces = [made.add(name, data, at) for name, data, at in packed]
    whole = b"".join([*pieces, made.end()])
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        assert found.testzip() is None
        assert found.namelist() == [name for name, _, _ in packed]
        for name, data, _ in packed:
            assert found.read(name) == data
            assert 1980 <= found.getinfo(name).date_time[0] <= 2107


def test_each_piece_is_handed_over_at_once() -> None:
    """Memory for one picture at a time: what was handed over is no longer held."""
    made, size = Archive(), 200_000
    for number in range(10):
        piece = made.add(f"{number}.png", bytes(size))
        assert size < len(piece) < size + 1_000
    assert len(made.end()) < 3_000


def test_an_archive_that_nobody_reads_to_its_end_is_given_up_quietly() -> None:
    made = Archive()
    made.add("one.png", b"1")
    del made


# pictures ------------------------------------------------------------------------------------------------------------


async def test_pictures_of_one_second_have_names_of_their_own(store: Store) -> None:
    """Also where the ends of their ids are alike."""
    ids = [f"{letter}1kaz3x9f0m2n4pabcdef"[:22] for letter in "0123456789"]
    for number, one in enumerate(ids):
        await made(store, painted((number, 0, 0)), id=one)
    found = await archive(store, await listed(store))
    files = [name for name in found.namelist() if name != "images.csv"]
    assert len(set(files)) == len(files) == 10
    assert all(name.startswith("20261118-110640-flux-2-pro-") and name.endswith(".png") for name in files)
    assert {line["file"] for line in table(found)} == set(files)
    by_file = {line["file"]: line["id"] for line in table(found)}
    assert sorted(by_file.values()) == sorted(ids)


@pytest.mark.parametrize("model", ["flux-2-pro", "fal-ai/flux-2/edit", "a/b/c"])
async def test_a_name_is_no_path(store: Store, model: str) -> None:
    await made(store, painted(), model=model)
    [file, _] = (await archive(store, await listed(store))).namelist()
    assert "/" not in file
    assert "\\" not in file


async def test_bytes_are_the_providers_unless_facts_are_wanted(store: Store) -> None:
    data = painted()
    await made(store, data, "a fox in the snow")
    pictures = await listed(store)
    plain, told = await archive(store, pictures), await archive(store, pictures, with_facts=True)
    [name] = [one for one in plain.namelist() if one.endswith(".png")]
    assert plain.read(name) == data
    assert told.read(name) != data
    assert metadata.read(told.read(name))["prompt"] == "a fox in the snow"


@pytest.mark.parametrize("with_facts", [False, True])
async def test_a_picture_whose_bytes_are_gone_keeps_its_line(store: Store, *, with_facts: bool) -> None:
    gone, there = await made(store, painted((1, 2, 3))), await made(store, painted((3, 2, 1)))
    pictures = await listed(store)
    digest = next(one.sha256 for one in pictures if one.id == gone)
    assert store.blobs.remove(digest, older_than=-1.0)
    found = await archive(store, pictures, with_facts=with_facts)
    lines = {line["id"]: line for line in table(found)}
    assert lines[gone]["file"] == ""
    assert lines[gone]["charged"] == "0.03", "it was paid for"
    assert lines[there]["file"] in found.namelist()
    assert len(found.namelist()) == 2


@pytest.mark.parametrize(
    "prompt",
    ['=HYPERLINK("https://evil.example")', "+1+1", "-2", "@SUM(A1)", "\t=1", "\r=1", 'a, "quoted"\nprompt', "ü 雪 🦊"],
)
async def test_no_prompt_becomes_a_formula(store: Store, prompt: str) -> None:
    await made(store, painted(), prompt)
    [line] = table(await archive(store, await listed(store)))
    assert not line["prompt"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert line["prompt"].removeprefix("'") == prompt


async def test_the_table_says_what_each_picture_is(store: Store) -> None:
    data = painted(size=(320, 256))
    one = await made(store, data, seed=7, width=320, height=256)
    [line] = table(await archive(store, await listed(store)))
    assert (line["id"], line["created_at"], line["provider"], line["model"]) == (
        one,
        "2026-11-18T11:06:40Z",
        "bfl",
        "flux-2-pro",
    )
    assert (line["seed"], line["width"], line["height"], line["size_bytes"]) == ("7", "320", "256", str(len(data)))
    assert (line["charged"], line["charge_state"], line["sandbox"]) == ("0.03", "charged", "False")


async def test_more_than_are_read_together(store: Store) -> None:
    data = painted()
    for _ in range(120):
        await made(store, data)
    found = await archive(store, await listed(store))
    assert len(found.namelist()) == 121
    assert len({line["id"] for line in table(found)}) == 120


async def test_nothing_is_an_archive_too(store: Store) -> None:
    found = await archive(store, [])
    assert found.namelist() == ["images.csv"]
    assert table(found) == []
