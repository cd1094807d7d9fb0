"""What `fluxroom doctor` looks at, one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.told import Provider

from fluxroom.cli.checkup import findings
from fluxroom.cli.checkup.findings import Finding
from fluxroom.settings import load


def listed() -> dict[str, Finding]:
    """The findings about the environment by name."""
    return {found.what: found for found in findings.environment(load())}


def test_versions_say_what_runs_here() -> None:
    found = findings.versions()
    assert found.level == "good"
    assert found.detail.startswith("fluxroom ")


class TestEnvironment:
    def test_only_what_is_set(self) -> None:
        assert set(listed()) == {
            "FLUXROOM_DATA",
            "FLUXROOM_POLL_FIRST",
            "FLUXROOM_POLL_MAX",
            "FLUXROOM_SANDBOX_SPEED",
        }

    @pytest.mark.parametrize("name", ["BFL_API_KEY", "FAL_KEY", "FAL_API_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET"])
    def test_of_secrets_only_that_they_are_set(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, "top-secret")
        assert listed()[name].detail == "set"
        assert "top-secret" not in str(listed())

    def test_a_dot_env_file_counts(self) -> None:
        Path(".env").write_text("BFL_API_KEY=top-secret\nFLUXROOM_BFL_CAP=3\n", "utf-8")
        assert listed()["BFL_API_KEY"].detail == "set"
        assert listed()["FLUXROOM_BFL_CAP"].detail == "3"

    def test_raw_without_the_one_that_is_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FAL_KEY", "top-secret")
        monkeypatch.setenv("FLUXROOM_WAIT", "soon")
        found = {one.what: one.detail for one in findings.raw_environment("FLUXROOM_WAIT")}
        assert found["FAL_KEY"] == "set"
        assert "FLUXROOM_WAIT" not in found
        assert found["FLUXROOM_POLL_MAX"] == "0.2"


class TestWhere:
    def test_sandbox_because_no_key_is_set(self) -> None:
        assert "because no key is set" in findings.where(load()).detail

    def test_sandbox_as_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BFL_API_KEY", "x")
        assert "as asked for" in findings.where(load(sandbox=True)).detail

    def test_real(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BFL_API_KEY", "x")
        monkeypatch.setenv("FAL_KEY", "a:b")
        assert findings.where(load()).detail == "bfl real, fal real"

    @pytest.mark.usefixtures("provider")
    def test_a_sandbox_that_somebody_started(self) -> None:
        assert findings.where(load()).detail.count("sandbox on this machine") == 2

    def test_none(self) -> None:
        assert findings.where(load(sandbox=False)).detail == "none"


class TestFolder:
    def test_there(self, tmp_path: Path) -> None:
        found = findings.folder(tmp_path)
        assert found.level == "good"
        assert "GB free" in found.detail

    def test_not_there_yet(self, tmp_path: Path) -> None:
        found = findings.folder(tmp_path / "a" / "b")
        assert found.level == "good"
        assert found.detail.endswith("made when it is needed")
        assert not (tmp_path / "a").exists()

    def test_a_file_in_its_place(self, photo: Path) -> None:
        found = findings.folder(photo)
        assert (found.level, found.exit_code) == ("bad", 11)

    def test_looking_leaves_nothing_behind(self, tmp_path: Path) -> None:
        before = sorted(tmp_path.iterdir())
        findings.folder(tmp_path)
        assert sorted(tmp_path.iterdir()) == before


@pytest.mark.anyio
class TestDatabase:
    async def test_none_yet(self, tmp_path: Path) -> None:
        (found,) = [one async for one in findings.database(tmp_path)]
        assert "none yet" in found.detail

    async def test_it_answers(self, tmp_path: Path) -> None:
        assert [one.detail async for one in findings.database(tmp_path / "data")] == ["answers"]


@pytest.mark.anyio
class TestKeys:
    async def test_not_asked_in_the_built_in_sandbox(self) -> None:
        assert [one async for one in findings.keys(load())] == []

    async def test_both_work(self, provider: Provider) -> None:
        found = [one async for one in findings.keys(load())]
        assert [one.level for one in found] == ["good", "good"]
        assert provider.submits() == []

    async def test_none_set(self) -> None:
        found = [one async for one in findings.keys(load(sandbox=False))]
        assert [one.detail for one in found] == ["not set", "not set"]


def test_as_json_without_empty_fields() -> None:
    assert Finding("good", "a", "b").as_dict() == {"level": "good", "what": "a", "detail": "b"}
    assert Finding("bad", "a", "b", "c", 3).as_dict()["next"] == "c"
