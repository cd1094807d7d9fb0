"""The overlay's file: written whole or not at all, and never able to break the catalog."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fluxroom import catalog
from fluxroom.catalog import overlay, wire
from fluxroom.catalog.overlay import FILE, Overlay

DOCUMENT: dict[str, Any] = {
    "provider": "bfl", "endpoint": "flux-9", "source": "BFL", "read": "2027-01-31", "type": "object",
    "properties": {"prompt": {"type": "string", "description": "What to make."}}, "required": ["prompt"],
}  # fmt: skip
ROW: dict[str, Any] = {
    "title": "FLUX 9", "family": "flux-2", "base": "FLUX 9", "seconds": 5, "en": "New.", "de": "Neu.",
    "bfl": {"generate": "flux-9", "price": {"kind": "unknown", "source": "nothing"}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def as_shipped(tmp_path: Path) -> Iterator[None]:
    yield
    overlay.use(tmp_path / "none")
    overlay.lay(Overlay())


def laid(folder: Path, told: Any) -> None:
    text = told if isinstance(told, str) else json.dumps(told)
    (folder / FILE).write_text(text)
    overlay.use(folder)


def whole(**more: Any) -> dict[str, Any]:
    parts = {"endpoints": {"bfl flux-9": DOCUMENT}, "rows": {"flux-9": ROW}, "removed": []}
    return {"version": 1, "read": "2027-01-31", **parts, **more}


def test_a_file_comes_into_use_and_goes(tmp_path: Path) -> None:
    count = len(catalog.models())
    laid(tmp_path, whole())
    assert catalog.models()["flux-9"].title == "FLUX 9"
    assert ("bfl", "flux-9") in wire.published()
    assert ("bfl", "flux-9") not in wire.shipped()
    (tmp_path / FILE).unlink()
    overlay.use(tmp_path)
    assert len(catalog.models()) == count


def test_another_folder_is_another_overlay(tmp_path: Path) -> None:
    laid(tmp_path, whole())
    overlay.use(tmp_path / "other")
    assert "flux-9" not in catalog.models()
    overlay.use(tmp_path)
    assert "flux-9" in catalog.models()


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    laid(tmp_path, whole())
    laid(tmp_path, whole(rows={"flux-9": ROW | {"title": "FLUX 9 [new]"}}))
    assert catalog.models()["flux-9"].title == "FLUX 9 [new]"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    made = Overlay(read="2027-01-31", endpoints={"bfl flux-9": DOCUMENT}, rows={"flux-9": ROW}, removed=("bfl flux-1",))
    assert overlay.write(tmp_path / "new", made) == tmp_path / "new" / FILE
    assert overlay.read(tmp_path / "new" / FILE).as_dict() == made.as_dict()
    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE]


def test_a_write_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overlay.write(tmp_path, Overlay(read="2027-01-01"))

    def broken(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="No space"):
        overlay.write(tmp_path, Overlay(read="2027-02-02"))
    assert overlay.read(tmp_path / FILE).read == "2027-01-01"
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "told",
    [
        "", "{", "null", "[]", "5", '{"version": 2}', '{"version": 1}', '{"version": 1, "endpoints": [], "rows": {}}',
        whole(endpoints=[]), whole(rows=None), whole(removed={}),
    ],
)  # fmt: skip
def test_a_garbled_file_is_no_overlay(tmp_path: Path, told: Any) -> None:
    laid(tmp_path, told)
    assert overlay.current() == Overlay()
    assert "flux-2-pro" in catalog.models()


@pytest.mark.parametrize(
    "row",
    [
        {}, {"title": "x"}, ROW | {"family": "unheard-of"}, ROW | {"bfl": {}}, ROW | {"bfl": {"generate": "flux-404"}},
        ROW | {"bfl": {"generate": 5, "price": {"kind": "unknown"}}}, ROW | {"bfl": {"generate": "../x"}},
        ROW | {"bfl": ROW["bfl"] | {"price": {"kind": "by_magic"}}}, ROW | {"seconds": "long"}, ROW | {"bfl": None},
    ],
)  # fmt: skip
def test_a_row_that_makes_no_model_is_left_out_and_the_others_stay(tmp_path: Path, row: dict[str, Any]) -> None:
    laid(tmp_path, whole(rows={"bad": row, "flux-9": ROW}))
    assert "bad" not in catalog.models()
    assert "flux-9" in catalog.models()
    assert catalog.find("flux-2-pro")[0].id == "flux-2-pro"


def test_a_schema_that_is_none_is_left_out(tmp_path: Path) -> None:
    bad = {"bfl a": 5, "bfl b": {}, "acme c": DOCUMENT, "bfl d": DOCUMENT | {"properties": {"x": 1}}}
    laid(tmp_path, whole(endpoints={**bad, "bfl flux-9": DOCUMENT}))
    assert list(overlay.current().endpoints) == ["bfl flux-9"]


def test_a_model_of_this_version_beats_one_of_the_overlay(tmp_path: Path) -> None:
    laid(tmp_path, whole(rows={"flux-2-pro": ROW}))
    assert catalog.models()["flux-2-pro"].title == "FLUX.2 [pro]"


def test_looking_again_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(tmp_path, whole())
    monkeypatch.setattr(overlay, "read", lambda _path: pytest.fail("it was read again"))
    for _ in range(100):
        overlay.use(tmp_path)
    assert stat.S_ISREG((tmp_path / FILE).stat().st_mode)
