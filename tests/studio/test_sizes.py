"""What a browser has to fetch: the budgets of the build, held from the build itself."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fluxroom.server import page

STUDIO = Path(__file__).parents[2] / "studio"
MOST_LINES = 200
"""Of a component. Dictionaries and what is generated are no components."""

built = pytest.mark.skipif(not (page.BUILD / "index.html").is_file(), reason="no build: make studio")


@built
@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_the_build_keeps_to_its_budgets() -> None:
    done = subprocess.run(
        ["node", "tools/sizes.mjs", str(page.BUILD)], cwd=STUDIO, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^ok ", done.stdout, re.MULTILINE)) == 4


@built
@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_a_build_over_its_budget_is_refused(tmp_path: Path) -> None:
    shutil.copytree(page.BUILD, tmp_path / "build")
    script = _first_scripts(tmp_path / "build")[-1]
    noise = bytes(range(256)) * 16
    script.write_bytes(script.read_bytes() + b"".join(gzip.compress(noise[place:]) for place in range(2000)))
    done = subprocess.run(
        ["node", "tools/sizes.mjs", str(tmp_path / "build")], cwd=STUDIO, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout
    assert "OVER  firstScripts" in done.stdout


@built
def test_the_first_screen_asks_for_few_files() -> None:
    assert len(_first_scripts(page.BUILD)) <= 3
    manifest = json.loads((page.BUILD / "manifest.json").read_text())
    lazy = [one["file"] for one in manifest.values() if one.get("isDynamicEntry")]
    for screen in ("GalleryPage", "ImagePage", "ComparePage", "ChatPage", "SettingsPage", "ModelPicker", "Palette"):
        assert any(screen in file for file in lazy), f"{screen} is fetched when it is opened"


def test_components_are_short_and_nothing_is_any() -> None:
    sources = [path for path in (STUDIO / "src").rglob("*.ts*") if path.name != "schema.d.ts"]
    assert len(sources) > 150
    for path in sources:
        text = path.read_text()
        if path.suffix == ".tsx" and ".test." not in path.name:
            assert text.count("\n") <= MOST_LINES, f"{path} has {text.count(chr(10))} lines"
        assert not re.search(r"\bas any\b|: any\b|<any>|@ts-ignore", text), path


def _first_scripts(build: Path) -> list[Path]:
    html = (build / "index.html").read_text()
    return [build / name for name in re.findall(r'<script[^>]+src="/([^"]+)"', html)]
