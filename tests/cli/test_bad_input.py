"""Every mistake gives one clear line with the next step, the right exit code, and costs nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cli.told import Provider, Run, Told, picture_file


def refused(told: Told, *, code: int, kind: str, words: str) -> None:
    """One line on standard error, an object on standard output, the exit code of the class."""
    assert told.code == code, told.err
    assert told.last["event"] == "error"
    assert told.last["error"]["code"] == kind
    assert told.last["error"]["exit_code"] == code
    first = told.err.splitlines()[0]
    assert first.startswith("Error: ")
    assert words in first
    assert " — " in first
    assert "Traceback" not in told.err


def test_unknown_model(run: Run, provider: Provider) -> None:
    told = run("generate", "a fox", "-m", "flux-2-por")
    refused(told, code=2, kind="unknown_model", words="flux-2-pro")
    assert "fluxroom models" in told.err
    assert provider.submits() == []


def test_retired_model(run: Run) -> None:
    refused(run("generate", "a fox", "-m", "flux-pro"), code=2, kind="unknown_model", words="retired")


def test_a_provider_that_does_not_have_it(run: Run) -> None:
    refused(run("generate", "a fox", "-m", "bfl/flux-2-dev"), code=2, kind="unknown_model", words="fal has it")


def test_unknown_parameter(run: Run, provider: Provider) -> None:
    told = run("generate", "a fox", "-m", "bfl/flux-2-flex", "-p", "guidence_scale=3")
    refused(told, code=2, kind="invalid_params", words="guidance_scale")
    assert "fluxroom models show flux-2-flex" in told.err
    assert provider.submits() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-m", "bfl/flux-2-flex", "--steps", 500], "50"),
        (["-m", "bfl/flux-2-flex", "--guidance-scale", 99], "10"),
        (["-m", "bfl/flux-2-pro", "--safety-tolerance", 9], "5"),
        (["-m", "fal/flux-2-dev", "--size", "99999x99999"], "2048"),
        (["-m", "bfl/flux-2-pro", "--output-format", "gif"], "png"),
        (["-m", "bfl/flux-2-pro", "-n", 0], "1"),
        (["-m", "bfl/flux-2-pro", "--mode", "dance"], "generate"),
        (["-m", "bfl/flux-2-pro", "--size", "big"], "size"),
    ],
)
def test_a_value_out_of_range_names_the_range(run: Run, provider: Provider, words: list[object], said: str) -> None:
    told = run("generate", "a fox", *words)
    refused(told, code=2, kind="invalid_params", words=said)
    assert provider.submits() == []


class TestReferences:
    def test_not_there(self, run: Run, provider: Provider) -> None:
        told = run("edit", "nowhere.png", "dusk")
        refused(told, code=2, kind="invalid_reference", words="nowhere.png")
        assert provider.submits() == []

    def test_a_folder(self, run: Run, tmp_path: Path) -> None:
        refused(run("edit", tmp_path, "dusk"), code=2, kind="invalid_reference", words="directory")

    def test_not_readable(self, run: Run, photo: Path) -> None:
        photo.chmod(0)
        if os.access(photo, os.R_OK):
            pytest.skip("root reads everything")
        refused(run("edit", photo, "dusk"), code=2, kind="invalid_reference", words="denied")

    def test_not_a_picture(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "notes.png"
        file.write_text("just words", "utf-8")
        refused(run("edit", file, "dusk"), code=2, kind="invalid_reference", words="notes.png")

    def test_empty(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "empty.png"
        file.touch()
        refused(run("edit", file, "dusk"), code=2, kind="invalid_reference", words="empty.png")

    def test_larger_than_20_mb(self, run: Run, photo: Path) -> None:
        with photo.open("ab") as file:
            file.truncate(20 * 1024 * 1024 + 1)
        refused(run("edit", photo, "dusk"), code=2, kind="invalid_reference", words="20 MB")

    def test_more_than_40_megapixels(self, run: Run, tmp_path: Path) -> None:
        huge = picture_file(tmp_path / "huge.png", (1, 2, 3), (8000, 6000))
        refused(run("edit", huge, "dusk"), code=2, kind="invalid_reference", words="40")

    @pytest.mark.parametrize(
        "address",
        [
            "file:///etc/passwd",
            "http://example.org/a.png",
            "https://127.0.0.1/a.png",
            "https://10.1.2.3/a.png",
            "https://169.254.169.254/latest/meta-data",
            "https://localhost/a.png",
            "https://intranet/a.png",
            "https://[::1]/a.png",
            "ftp://example.org/a.png",
        ],
    )
    def test_addresses_that_are_not_public_https(self, run: Run, provider: Provider, address: str) -> None:
        told = run("edit", address, "dusk")
        refused(told, code=2, kind="invalid_reference", words="")
        assert provider.submits() == []

    def test_a_mask_is_looked_at_too(self, run: Run, photo: Path, tmp_path: Path) -> None:
        mask = tmp_path / "mask.png"
        mask.write_text("no", "utf-8")
        told = run("edit", photo, "a door", "--mask", mask, "-m", "flux-general")
        refused(told, code=2, kind="invalid_reference", words="mask.png")


class TestKeys:
    def test_the_other_providers_key_is_missing(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BFL_API_KEY", "only-bfl")
        told = run("generate", "a fox", "-m", "fal/flux-2-pro")
        refused(told, code=3, kind="missing_key", words="FAL_KEY")
        assert "-m bfl/flux-2-pro" in told.err
        assert any("bfl/flux-2-pro" in hint for hint in told.last["error"]["suggestions"])

    def test_no_key_and_no_sandbox(self, run: Run) -> None:
        told = run("generate", "a fox", "--no-sandbox")
        refused(told, code=3, kind="missing_key", words="_KEY")

    def test_a_key_is_never_shown(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BFL_API_KEY", "very-secret-value")
        monkeypatch.setenv("FLUXROOM_BFL_URL", "http://127.0.0.1:9")
        for words in (("doctor",), ("doctor", "--json"), ("generate", "x", "-m", "fal/flux-schnell", "-vv")):
            told = run(*words)
            assert "very-secret-value" not in told.out + told.err


class TestFolders:
    def test_the_data_folder_is_a_file(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.touch()
        told = run("generate", "a fox", "--data", file)
        refused(told, code=11, kind="storage_unwritable", words=str(file))
        assert "FLUXROOM_DATA" in told.err

    def test_the_data_folder_cannot_be_written(self, run: Run, tmp_path: Path) -> None:
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
        target = Path("/proc/fluxroom") if os.access(folder, os.W_OK) else folder  # root may write everywhere else
        told = run("generate", "a fox", "--data", target)
        refused(told, code=11, kind="storage_unwritable", words=str(target))

    def test_the_result_has_no_folder(self, run: Run, provider: Provider) -> None:
        told = run("generate", "a fox", "-o", "nowhere/fox.png")
        refused(told, code=11, kind="storage_unwritable", words="nowhere")
        assert provider.submits() == []

    def test_the_result_cannot_be_written(self, run: Run, provider: Provider) -> None:
        told = run("generate", "a fox", "-o", "/proc/fox.png")
        assert told.code == 11
        if provider.submits():  # root: only the write itself tells; the picture is safe
            assert "jobs save" in told.err
            assert run("jobs", "--json").document[0]["state"] == "succeeded"

    def test_data_may_stand_on_either_side(self, run: Run, tmp_path: Path) -> None:
        before = run("--data", tmp_path / "other", "doctor", "--json").document
        after = run("doctor", "--json", "--data", tmp_path / "other").document
        for told in (before, after):
            (folder,) = [row for row in told["findings"] if row["what"] == "data folder"]
            assert str(tmp_path / "other") in folder["detail"]


class TestEnvironment:
    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("FLUXROOM_BFL_CAP", "0", "1 or more"),
            ("FLUXROOM_WAIT", "soon", "number"),
            ("FLUXROOM_BFL_URL", "ftp://x", "https://"),
            ("FLUXROOM_FAL_QUEUE_URL", "http://example.org", "this machine only"),
            ("FLUXROOM_ROUTE_ORDER", "acme", "acme"),
            ("FLUXROOM_SANDBOX", "perhaps", "boolean"),
        ],
    )
    def test_a_bad_value_names_the_variable(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
    ) -> None:
        monkeypatch.setenv(name, value)
        told = run("generate", "a fox")
        refused(told, code=2, kind="bad_settings", words=name)
        assert said in told.err
        doctor = run("doctor", "--json")
        assert doctor.code == 2
        assert doctor.document["findings"][-1]["what"] == name

    def test_models_need_no_settings(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLUXROOM_WAIT", "soon")
        assert run("models").code == 0


def test_no_prompt_at_all(run: Run) -> None:
    refused(run("generate", "-m", "bfl/flux-2-pro"), code=2, kind="invalid_params", words="prompt")


def test_json_is_only_on_standard_output(run: Run) -> None:
    told = run("generate", "a fox", "-m", "nothing", "--text")
    assert told.out == ""
    assert told.err.startswith("Error: ")
    listed = run("models", "show", "nothing", "--json")
    assert listed.document["error"]["code"] == "unknown_model"


def test_an_unexpected_fault_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr("fluxroom.cli.making.read_request", broken)
    told = run("generate", "a fox")
    assert told.code == 1
    assert told.err.count("\n") == 1
    assert "RuntimeError: first line" in told.err
    assert "FLUXROOM_LOG_LEVEL=debug" in told.err
    assert told.last["error"]["code"] == "internal"
    monkeypatch.setenv("FLUXROOM_LOG_LEVEL", "debug")
    from click.testing import CliRunner

    from fluxroom.cli.root import root

    assert "second line" in CliRunner().invoke(root, ["generate", "a fox"]).stderr
