"""The studio in a real browser, over a real gateway on the sandbox. What people do stands in `studio/browser/`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.studio.gateways import emulated_gateway, running_gateway

from fluxroom.server import page

STUDIO = Path(__file__).parents[2] / "studio"
FLOWS = re.findall(
    r"^export (?:async function|const) (\w+)", (STUDIO / "browser" / "flows.mjs").read_text(), re.MULTILINE
)
LOOKS = re.findall(r"^export const (\w+)", (STUDIO / "browser" / "looks.mjs").read_text(), re.MULTILINE)
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (page.BUILD / "index.html").is_file(), reason="no build: make studio"),
    pytest.mark.skipif(not shutil.which("node") or not CHROMIUM, reason="needs Node and Debian's chromium"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_gateway(tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.mark.parametrize("flow", [*FLOWS, *LOOKS])
def test_in_a_browser(base: str, flow: str) -> None:
    _browse(base, flow)


def test_every_parameter_of_three_models_goes_from_the_form_to_the_provider(tmp_path: Path) -> None:
    with emulated_gateway(tmp_path) as (address, sandbox):
        _browse(address, "every_parameter_of_three_models_arrives", SANDBOX=sandbox)


def _browse(base: str, flow: str, **more: str) -> None:
    done = subprocess.run(
        ["node", "browser/run.mjs", base, flow],
        cwd=STUDIO,
        env={**os.environ, "CHROMIUM": str(CHROMIUM), **more},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    if done.returncode:
        pytest.fail(done.stderr[-4000:], pytrace=False)
