"""The studio in a real browser, over a real gateway on the sandbox. What people do stands in `studio/browser/`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from tests.studio.gateways import emulated_gateway, full_gateway, keyed_gateway, keys_of, running_gateway

from fluxroom.server import page

STUDIO = Path(__file__).parents[2] / "studio"
FLOWS = [
    name
    for file in [*sorted((STUDIO / "browser" / "flows").glob("*.mjs")), STUDIO / "browser" / "looks.mjs"]
    for name in re.findall(r"^export (?:async function|const) (\w+)", file.read_text(), re.MULTILINE)
]
"""What people do, by screen: each is a function of that name, called with a browser over a gateway of the module."""

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
LONGEST = 270.0  # seconds; the flow itself gives up before, and says where it stood

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(LONGEST + 30),
    pytest.mark.skipif(not (page.BUILD / "index.html").is_file(), reason="no build: make studio"),
    pytest.mark.skipif(not shutil.which("node") or not CHROMIUM, reason="needs Node and Debian's chromium"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_gateway(tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.mark.parametrize("flow", FLOWS)
def test_in_a_browser(base: str, flow: str) -> None:
    _browse(base, flow)


def test_every_parameter_of_three_models_goes_from_the_form_to_the_provider(tmp_path: Path) -> None:
    with emulated_gateway(tmp_path) as (address, sandbox):
        _browse(address, "every_parameter_of_three_models_arrives", SANDBOX=sandbox)


def test_a_gateway_for_a_team_asks_for_a_key(tmp_path: Path) -> None:
    with keyed_gateway(tmp_path) as (address, key):
        _browse(address, "a_key_opens_the_studio", KEY=key)


def test_a_key_that_is_revoked_in_the_middle_loses_no_draft(tmp_path: Path) -> None:
    with keyed_gateway(tmp_path) as (address, key):
        other = keys_of(tmp_path, "create", "successor").split()[0]
        with _started(address, "a_revoked_key_loses_no_draft", KEY=key, OTHER=other) as flow:
            assert flow.stdout is not None
            said = flow.stdout.readline()
            if said == "revoke\n":
                keys_of(tmp_path, "revoke", "artist")
            _, trouble = flow.communicate(timeout=LONGEST)
    assert flow.returncode == 0, trouble


def test_a_full_disk_is_said_and_loses_no_draft(tmp_path: Path) -> None:
    with full_gateway(tmp_path) as (address, mark):
        _browse(address, "a_full_disk_loses_no_draft", FULL=str(mark))


def test_a_first_paid_picture_in_two_clicks(tmp_path: Path) -> None:
    with emulated_gateway(tmp_path) as (address, sandbox):
        _browse(address, "first_paid_picture_in_two_clicks", SANDBOX=sandbox)


def test_a_key_that_the_provider_refuses_is_explained(tmp_path: Path) -> None:
    with emulated_gateway(tmp_path) as (address, sandbox):
        _browse(address, "a_refused_provider_key_is_explained", SANDBOX=sandbox)


def test_a_gateway_that_starts_again_loses_nothing(tmp_path: Path) -> None:
    with running_gateway(tmp_path) as address, _started(address, "a_restart_loses_nothing") as flow:
        assert flow.stdout is not None
        said = flow.stdout.readline()
    if said != "restart\n":
        pytest.fail(flow.communicate()[1], pytrace=False)
    with running_gateway(tmp_path, port=int(address.rsplit(":", 1)[1])):
        _, trouble = flow.communicate(timeout=LONGEST)
    assert flow.returncode == 0, trouble


def _started(base: str, flow: str, **more: str) -> nullcontext[subprocess.Popen[str]]:
    command = ["node", "browser/run.mjs", base, flow]
    environment = {**os.environ, "CHROMIUM": str(CHROMIUM), **more}
    pipe = subprocess.PIPE
    return nullcontext(subprocess.Popen(command, cwd=STUDIO, env=environment, stdout=pipe, stderr=pipe, text=True))


def _browse(base: str, flow: str, **more: str) -> None:
    done = subprocess.run(
        ["node", "browser/run.mjs", base, flow],
        cwd=STUDIO,
        env={**os.environ, "CHROMIUM": str(CHROMIUM), "PYTHON": sys.executable, **more},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if done.returncode:
        pytest.fail(done.stderr[-4000:], pytrace=False)
