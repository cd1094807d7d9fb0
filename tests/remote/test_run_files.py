"""A run's files, table and archive: the same here and at a gateway, whatever people have written."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from tests.remote.gateways import Gate
from tests.server.calls import FAST

from fluxroom.cli.following import exported, saved
from fluxroom.client import AsyncClient
from fluxroom.errors import StorageFull, StorageUnwritable
from fluxroom.flows.bulk.sheets import Sheet, table
from fluxroom.remote import line
from fluxroom.result import Image

pytestmark = pytest.mark.anyio

HOSTILE = [
    "an old Mac\rwrote this",
    "two\nlines",
    'a comma, a "quote"; a semicolon',
    "pasted\u2028from\u0085a\x0bweb\x0cpage\x1cand\x1d\x1e",
    "=HYPERLINK(1)",
    "../../etc/passwd",
    "con",
    "狐" * 200,
    "🦊" * 150,
    ".hidden",
    "a/b\\c:d*e?f",
    "x" * 3000,
]
"""Prompts that trip tables, file systems and archives."""

LEADING_OUT = ["../evil.png", "{out}/../evil.png", "..\\evil.png", "C:\\evil.png", "..", ".", ""]
"""Names of files that a gateway should not be believed."""


async def made(client: AsyncClient, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A run of these rows, finished."""
    defaults = {"model": f"bfl/{FAST}", "image_size": "256x256"}
    sheet = Sheet(name="files", rows=rows, defaults=defaults, **more)
    run: dict[str, Any] = await client.runs.rest((await client.runs.begin_sheet(sheet))["id"])
    assert run["counts"] == {"done": len(rows)}
    return run


def rows_of(table_of: bytes) -> list[dict[str, str]]:
    """The rows of a table, as strictly as it can be read."""
    return list(csv.DictReader(io.StringIO(table_of.decode("utf-8-sig"), newline=""), strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "out"
    found.mkdir()
    return found


def files_in(folder: Path, suffix: str = ".png") -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.suffix.endswith(suffix))


async def lose(client: AsyncClient, gate: Gate | None, sha256: str) -> None:
    """Take a picture's bytes away, as a disk does."""
    store = gate.app.state.gateway.engine.store if gate else client.engine.store
    path = store.blobs.local_path(sha256)
    assert path
    path.unlink()


@pytest.fixture
def there(request: pytest.FixtureRequest, client: AsyncClient) -> Gate | None:
    """The gateway that the client works at; None where it works here."""
    return request.getfixturevalue("gate") if client.settings.url else None


# names, tables, archives ---------------------------------------------------------------------------------------------


async def test_every_picture_becomes_a_file_whatever_its_prompt_is(
    client: AsyncClient, tmp_path: Path, folder: Path
) -> None:
    run = await made(client, *({"prompt": one, "seed": number} for number, one in enumerate(HOSTILE)))
    await saved(client, run, folder)
    rows = rows_of((folder / "results.csv").read_bytes())
    assert [row["prompt"].removeprefix("'") for row in rows] == HOSTILE
    assert sorted(row["file"] for row in rows) == files_in(folder)
    assert len({row["image"] for row in rows}) == len(HOSTILE)
    assert files_in(tmp_path) == [], "nothing beside the folder"

    assert await exported(client, run, tmp_path / "run.zip") == len(HOSTILE)
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted([*(row["file"] for row in rows), "results.csv"])
        assert archive.read("results.csv").decode("utf-8-sig") == (folder / "results.csv").read_bytes().decode()
        for name in archive.namelist():
            assert len(PurePosixPath(name).parts) == len(PureWindowsPath(name).parts) == 1, name


async def test_names_that_are_wanted_twice_are_given_once(client: AsyncClient, folder: Path) -> None:
    rows = [
        {"prompt": "a", "seed": 1, "file": "Cup"},
        {"prompt": "b", "seed": 2, "file": "cup"},
        {"prompt": "c", "seed": 3, "file": "cup-2"},
        {"prompt": "d", "seed": 4, "file": "../cup", "num_images": 2},
    ]
    run = await made(client, *rows)
    await saved(client, run, folder)
    names = [row["file"] for row in rows_of((folder / "results.csv").read_bytes())]
    assert names == ["Cup.png", "cup-2.png", "cup-2-2.png", "cup-3.png", "cup-2-3.png"]
    assert files_in(folder) == sorted(names)


async def test_of_several_pictures_only_the_missing_one_is_written(client: AsyncClient, folder: Path) -> None:
    run = await made(client, {"prompt": "a fox", "seed": 1, "num_images": 2})
    await saved(client, run, folder)
    mine, other = folder / "1-a-fox.png", folder / "1-a-fox-2.png"
    whole = other.read_bytes()
    mine.write_bytes(b"retouched")
    other.unlink()
    await saved(client, run, folder)
    assert mine.read_bytes() == b"retouched", "files that are there stay as they are"
    assert other.read_bytes() == whole


# what is no longer there ---------------------------------------------------------------------------------------------


async def test_a_picture_whose_bytes_are_gone_keeps_nobody_from_the_others(
    client: AsyncClient, there: Gate | None, tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await made(client, *({"prompt": f"fox {n}", "seed": n} for n in range(3)))
    items = await client.runs.items(run["id"])
    await lose(client, there, items[1]["images"][0]["sha256"])
    await saved(client, run, folder)
    assert files_in(folder) == ["1-fox-0.png", "3-fox-2.png"]
    assert "2 pictures and results.csv are in" in (said := capsys.readouterr().err)
    assert "1 that are no longer there are not" in said
    assert await exported(client, run, tmp_path / "run.zip") == 2
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert archive.namelist() == ["1-fox-0.png", "3-fox-2.png", "results.csv"]
        assert [row["prompt"] for row in rows_of(archive.read("results.csv"))] == ["fox 0", "fox 1", "fox 2"]


async def test_an_archive_that_could_not_be_written_is_not_there(
    client: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it would be found by the next try, which stops for it."""
    run = await made(client, {"prompt": "a", "seed": 1}, {"prompt": "b", "seed": 2})
    target = tmp_path / "run.zip"
    with monkeypatch.context() as patch:
        patch.setattr(Image, "with_metadata", full)
        with pytest.raises(StorageUnwritable, match="No space left"):
            await exported(client, run, target)
    assert not target.exists()
    assert await exported(client, run, target) == 2
    before = target.read_bytes()
    with pytest.raises(StorageUnwritable, match="exists already"):
        await exported(client, run, target)
    assert target.read_bytes() == before


def full(*_: object) -> bytes:
    raise OSError(28, "No space left on device")


async def test_a_picture_that_was_half_written_is_written_again(
    client: AsyncClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await made(client, {"prompt": "a fox", "seed": 1})
    whole = Path.write_bytes

    def half(self: Path, data: bytes) -> int:
        whole(self, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", half)
        with pytest.raises(StorageFull):
            await saved(client, run, folder)
    assert files_in(folder) == []
    await saved(client, run, folder)
    assert (folder / "1-a-fox.png").read_bytes().endswith(b"IEND\xaeB`\x82")


# a gateway that means harm -------------------------------------------------------------------------------------------


async def test_a_gateways_table_leads_to_no_other_folder(gate: Gate, tmp_path: Path) -> None:
    real, name = line.Line.call, ""

    async def lying(self: line.Line, method: str, path: str, **more: Any) -> line.Answer:
        answer = await real(self, method, path, **more)
        if path.endswith("/csv"):
            return line.Answer(200, answer.headers, answer.body.decode().replace("1-a-fox.png", name).encode())
        return answer

    async with gate.client() as client:
        run = await made(client, {"prompt": "a fox", "seed": 1})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(line.Line, "call", lying)
            for number, name in enumerate(LEADING_OUT):
                folder = tmp_path / str(number)
                folder.mkdir()
                name = name.format(out=folder)  # noqa: PLW2901  what `lying` says
                await saved(client, run, folder)
                assert set(files_in(folder, "")) <= {"evil.png", "results.csv"}
                assert not (tmp_path / "evil.png").exists()
                await exported(client, run, folder / "run.zip")
                with zipfile.ZipFile(folder / "run.zip") as archive:
                    assert set(archive.namelist()) <= {"evil.png", "results.csv"}


# tables that are read ------------------------------------------------------------------------------------------------


def test_a_line_of_json_ends_where_the_line_ends() -> None:
    """JSON may have every other separator within its texts."""
    told = '{"prompt": "a\u2028b\u0085c\u2029d"}\r\n\r\n{"prompt": "e"}\n'
    assert [row["prompt"] for row in table(told, "jsonl")] == ["a\u2028b\u0085c\u2029d", "e"]


async def lines_of(lines: AsyncIterator[str]) -> list[str]:
    return [one async for one in lines]


async def test_a_table_comes_in_lines_that_can_be_read_one_by_one(client: AsyncClient) -> None:
    run = await made(client, {"prompt": "a\u2028b\u0085c", "seed": 1}, {"prompt": "d", "seed": 2})
    lines = await lines_of(await client.runs.table(run["id"]))
    assert len(lines) == 3
    assert all(one.endswith("\n") for one in lines)
    assert [row["prompt"] for row in csv.DictReader(lines)] == ["a\u2028b\u0085c", "d"]
