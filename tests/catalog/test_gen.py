from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from scripts import endpoints, gen

from fluxroom import catalog

ROOT = Path(__file__).resolve().parents[2]


def test_check_says_that_the_catalog_is_fresh(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gen.py", "--check"])
    fresh = gen.main() == 0
    named = capsys.readouterr().out
    assert fresh == (named == "")
    assert "catalog" not in named
    assert "models.md" not in named


def test_check_names_what_is_stale(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(gen, "ROOT", tmp_path)
    stale = {tmp_path / "a.json": "new", tmp_path / "b.json": "same"}
    (tmp_path / "b.json").write_text("same")
    (tmp_path / "old.json").write_text("gone")
    assert gen._settle(stale, [tmp_path / "old.json"], check=True)
    assert capsys.readouterr().out == "stale: a.json\nstale: old.json\n"
    assert not (tmp_path / "a.json").exists()
    assert gen._settle(stale, [tmp_path / "old.json"], check=False)
    assert (tmp_path / "a.json").read_text() == "new"
    assert not (tmp_path / "old.json").exists()
    assert not gen._settle(stale, [], check=True)


def test_the_page_names_every_model_and_price() -> None:
    page = gen.models_page()
    for model in catalog.models().values():
        assert f"`{model.id}`" in page
        assert model.description in page
    assert page == (ROOT / "docs/models.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("number 0-4, default 1", {"type": "number", "minimum": 0, "maximum": 4, "default": 1}),
        ("string, required: URL or path", {"type": "string", "description": "URL or path"}),
    ],
)
def test_fields_in_words_are_read(text: str, field: dict[str, object]) -> None:
    assert endpoints._described(text) == field


def test_importing_the_catalog_costs_nothing() -> None:
    code = "import sys, fluxroom.catalog; print([m for m in ('jsonschema', 'tomllib', 'orjson') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_offers_its_names_and_no_others() -> None:
    assert set(dir(catalog)) == set(catalog.__all__)
    for name in catalog.__all__:
        assert getattr(catalog, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        catalog.nonsense  # noqa: B018 - asking for it is the test


def test_examples_in_the_documentation_run() -> None:
    import doctest
    from importlib import import_module

    count = 0
    for name in ("planning", "names", "rows", "sizes", "pricing", "controls", "wire", "words", "values", "estimate"):
        result = doctest.testmod(import_module(f"fluxroom.catalog.{name}"))
        assert result.failed == 0, name
        count += result.attempted
    assert doctest.testmod(catalog).failed == 0
    assert count >= 20


def test_source_files_stay_small() -> None:
    for path in (ROOT / "src/fluxroom/catalog").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path
