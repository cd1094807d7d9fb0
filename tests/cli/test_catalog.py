"""`fluxroom catalog`: read what the providers publish, see what is new, use it, forget it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.told import Process, Provider, Run, Told
from tests.remote.gateways import Gate

from fluxroom.catalog import overlay
from fluxroom.catalog.overlay import FILE, Overlay
from fluxroom.sandbox import fal_catalog


@pytest.fixture(autouse=True)
def as_shipped(tmp_path: Path) -> Iterator[None]:
    fal_catalog.apps.cache_clear()
    yield
    fal_catalog.apps.cache_clear()
    overlay.use(tmp_path / "none")
    overlay.lay(Overlay())


@pytest.fixture
def dream(monkeypatch: pytest.MonkeyPatch) -> None:
    """fal publishes an endpoint that this version has never heard of."""
    row = copy.deepcopy(fal_catalog.endpoints()["fal-ai/flux/dev"])
    monkeypatch.setitem(fal_catalog.endpoints(), "fal-ai/flux-9-dream", row)


@pytest.mark.usefixtures("dream")
def test_from_the_difference_to_a_picture(run: Run, tmp_path: Path) -> None:
    assert "as it came with this version" in run("catalog").err
    dry = run("catalog", "sync", "--dry-run")
    assert dry.code == 0, dry.err
    assert "added      fal fal-ai/flux-9-dream as flux-9-dream" in dry.out
    assert "takes acceleration" in dry.out
    assert "Nothing was changed" in dry.err
    assert "sandbox" in dry.err
    assert not (tmp_path / "data" / FILE).exists()
    assert run("generate", "x", "-m", "flux-9-dream").code == 2

    wet = run("catalog", "sync")
    assert wet.code == 0, wet.err
    assert "-m flux-9-dream" in wet.err
    assert (tmp_path / "data" / FILE).exists()
    assert "flux-9-dream" in run("models").out
    assert "num_inference_steps" in run("models", "show", "flux-9-dream").out
    assert run("generate", "x", "-m", "flux-9-dream", "--seed", 1).last["images"][0]["model"] == "flux-9-dream"
    shown = run("catalog", "--json").document
    assert shown["models"] == ["flux-9-dream"]
    assert "fal fal-ai/flux-9-dream" in shown["endpoints"]
    assert "1 new models" in run("catalog").out

    assert run("catalog", "reset").out == "The catalog is as it came with this version.\n"
    assert run("catalog", "reset").out == "It was already.\n"
    assert run("generate", "x", "-m", "flux-9-dream").code == 2
    assert run("jobs", "--json").document[0]["route"] == "fal/flux-9-dream"  # what was made stays


def test_for_programs(run: Run) -> None:
    told = run("catalog", "sync", "--json").document
    assert told["asked"] == ["bfl", "fal"]
    assert (told["written"], told["sandbox"]) == (True, True)
    assert {change["kind"] for change in told["changes"]} == {"removed"}
    assert run("catalog", "sync", "--dry-run", "--json").document["written"] is False


def test_nobody_answers(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BFL", "FAL_QUEUE", "FAL_API"):
        monkeypatch.setenv(f"FLUXROOM_{name}_URL", "http://127.0.0.1:9")
    told = run("catalog", "sync")
    assert told.code == 5
    assert told.err.count("did not answer") == 2
    assert not (tmp_path / "data" / FILE).exists()


def test_one_answers(run: Run, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    assert provider.box.url
    monkeypatch.setenv("FLUXROOM_FAL_API_URL", "http://127.0.0.1:9")
    told = run("catalog", "sync")
    assert told.code == 0, told.err
    assert "fal did not answer" in told.err
    assert "Nothing differs" in told.out


@pytest.mark.usefixtures("dream")
def test_through_a_gateway(
    run: Run, spawn: Callable[..., Process], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def apart(*words: str) -> Told:
        """In a process of its own: within one, there is one catalog."""
        return spawn(*words).end()

    gate = Gate(tmp_path / "gateway").start()
    try:
        monkeypatch.setenv("FLUXROOM_URL", gate.url)
        assert apart("catalog", "sync").code == 0
        assert "flux-9-dream" in apart("models").out
        assert apart("models", "show", "flux-9-dream").code == 0
        assert apart("generate", "x", "-m", "flux-9-dream").code == 0
        assert apart("catalog", "--json").document["models"] == ["flux-9-dream"]
        assert "cannot be done through a gateway" in run("catalog", "reset").err
    finally:
        gate.stop()
    assert (tmp_path / "gateway" / FILE).exists()
    assert not (tmp_path / "data" / FILE).exists()


def test_a_garbled_overlay_stops_no_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data" / FILE).write_text('{"version": 1, "rows": {"x": ')
    assert run("models").code == 0
    assert run("generate", "a fox", "-m", "fal/flux-schnell").code == 0
    assert run("catalog", "sync").code == 0
