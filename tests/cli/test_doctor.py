"""`fluxroom doctor`: looks, says what to do, and sends no request for a picture unless --live is said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.told import Provider, Run, Told

from fluxroom.cli.checkup.findings import Finding, folder, what_next
from fluxroom.cli.checkup.shapes import Exchange, by_role, differences, merged, shape, walk, without_ids
from fluxroom.settings import load


def row(told: Told, what: str) -> dict[str, Any]:
    (found,) = [finding for finding in told.document["findings"] if finding["what"] == what]
    return dict(found)


class TestLook:
    def test_without_a_key(self, run: Run) -> None:
        told = run("doctor")
        assert told.code == 0
        assert "built-in sandbox, because no key is set" in told.out
        assert "Next: Try it: fluxroom generate" in told.out
        assert "BFL_API_KEY or FAL_KEY" in told.out
        assert "Python 3." in told.out

    def test_nothing_is_made(self, run: Run, tmp_path: Path) -> None:
        assert run("doctor", "--data", tmp_path / "none").code == 0
        assert not (tmp_path / "none").exists()

    def test_with_keys_it_asks_and_submits_nothing(self, run: Run, provider: Provider) -> None:
        told = run("doctor", "--json")
        assert told.code == 0, told.out
        assert row(told, "bfl key")["detail"].startswith("works, ")
        assert row(told, "fal key")["detail"].startswith("works")
        assert row(told, "BFL_API_KEY")["detail"] == "set"
        assert "sandbox on this machine" in row(told, "providers")["detail"]
        assert provider.box.world.requests()
        assert provider.submits() == []
        assert provider.box.world.tasks() == []

    def test_a_key_that_is_refused(self, run: Run, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FAL_KEY", "")
        monkeypatch.setenv("BFL_API_KEY", "")
        monkeypatch.setattr(
            "fluxroom.engine.courier.Courier._headers", lambda *_: {}
        )  # the sandbox takes any key, but not none
        told = run("doctor", "--json")
        assert told.code == 3
        assert row(told, "bfl key")["level"] == "bad"

    def test_one_key_only(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BFL_API_KEY", "x")
        monkeypatch.setenv("FLUXROOM_BFL_URL", "http://127.0.0.1:9")
        told = run("doctor", "--json")
        assert told.code == 0
        assert row(told, "bfl key")["detail"] == "could not be reached"
        assert "FAL_KEY" in row(told, "fal key")["next"]

    def test_a_mistyped_variable(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLUXROOM_DTA", "x")
        monkeypatch.setenv("FLUXROOM_UNLIKE_ANYTHING", "x")
        told = run("doctor", "--json")
        assert "FLUXROOM_DATA" in row(told, "FLUXROOM_DTA")["next"]
        assert row(told, "FLUXROOM_UNLIKE_ANYTHING")["next"] == "Remove it."

    def test_a_data_folder_that_cannot_be_written(self, run: Run) -> None:
        told = run("doctor", "--data", "/proc/none")
        assert told.code == 11
        assert "FLUXROOM_DATA" in told.out

    def test_a_broken_database(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "data" / "fluxroom.db").write_bytes(b"not a database at all" * 100)
        told = run("doctor")
        assert told.code != 0
        assert "Traceback" not in told.err

    def test_little_room(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        import shutil

        monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10 * 2**20})())
        found = folder(tmp_path)
        assert found.level == "note"
        assert "only 0.0 GB" in found.detail

    def test_unfinished_and_doubtful_jobs(self, run: Run) -> None:
        run("generate", "x [[fault:submit-drop-after]]", "-m", "bfl/flux-2-klein-4b")
        run("generate", "x [[duration:60]]", "-m", "bfl/flux-2-klein-4b", "--no-wait")
        told = run("doctor")
        assert "1 in doubt" in told.out
        assert "1 unfinished" in told.out

    def test_what_is_bad_comes_first(self) -> None:
        found = [Finding("good", "a", ""), Finding("bad", "b", "", "Mend b.", 2)]
        assert what_next(load(), found) == "Mend b."

    @pytest.mark.usefixtures("provider")
    def test_with_keys_the_next_thing_is_a_picture(self) -> None:
        assert what_next(load(), []).startswith("Make a picture")


class TestLive:
    def test_the_sandbox_as_live_is_as_the_sandbox_says(self, run: Run, provider: Provider, tmp_path: Path) -> None:
        told = run("doctor", "--live", "--yes")
        assert told.code == 0, told.out + told.err
        assert told.out.count("as the sandbox says") == 2
        assert len(provider.box.world.tasks()) == 2  # one picture per provider, no more
        assert re.search(r"bfl/[\w.-]+: one picture of 512x512, \$0\.\d+", told.err)
        files = sorted((tmp_path / "data" / "live").glob("*.json"))
        assert len(files) == 2
        for file in files:
            text = file.read_text("utf-8")
            kept = json.loads(text)
            assert kept["differences"] == []
            assert kept["walk"]["live"]
            assert kept["live"][0]["request"]["prompt"] == "a red fox in fresh snow"
            assert "sandbox:key" not in text
            assert not re.search(r"[?&](sig|se|signature|token)=", text)

    @pytest.mark.usefixtures("provider")
    def test_the_pictures_are_kept(self, run: Run) -> None:
        assert run("doctor", "--live", "--yes", "--json").code == 0
        assert {job["state"] for job in run("jobs", "--json").document} == {"succeeded"}

    def test_a_drift_is_found(self, run: Run, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
        from fluxroom.cli.checkup import recording

        real = recording._decoded

        def drifted(data: bytes) -> Any:
            body = real(data)
            if isinstance(body, dict) and "polling_url" in body and str(provider.box.url) in body["polling_url"]:
                return {**body, "brand_new": 1, "id": 7}
            return body

        monkeypatch.setattr(recording, "_decoded", drifted)
        told = run("doctor", "--live", "--yes", "--json")
        assert told.code == 1
        (bfl,) = [found for found in told.document if found["route"].startswith("bfl/")]
        assert any("brand_new (number) is not in the sandbox's answer" in line for line in bfl["differences"])
        assert any("id is number, in the sandbox text" in line for line in bfl["differences"])

    def test_an_error_is_kept_too(self, run: Run, provider: Provider, tmp_path: Path) -> None:
        provider.box.world.plan_fault("submit-402", provider="bfl")
        told = run("doctor", "--live", "--yes")
        assert told.code == 1
        assert "no picture: insufficient_credits" in told.out
        assert len(list((tmp_path / "data" / "live").glob("*.json"))) == 2

    def test_nobody_to_ask(self, run: Run, provider: Provider) -> None:
        told = run("doctor", "--live")
        assert told.code == 2
        assert "--yes" in told.err
        assert provider.submits() == []

    def test_not_against_the_built_in_sandbox(self, run: Run) -> None:
        told = run("doctor", "--live", "--yes")
        assert told.code == 3
        assert "built-in sandbox" in told.err


class TestShapes:
    def test_types_instead_of_values(self) -> None:
        assert shape({"a": [1, {"b": None}], "c": "x", "d": True}) == {
            "": {"object"},
            "a": {"list"},
            "a[]": {"number", "object"},
            "a[].b": {"null"},
            "c": {"text"},
            "d": {"true/false"},
        }

    def test_merged(self) -> None:
        both = merged(shape({"a": 1}), shape({"a": None, "b": 2.5}))
        assert both["a"] == {"number", "null"}
        assert both["b"] == {"number"}

    def test_roles_keep_statuses_apart(self) -> None:
        found = by_role(
            [
                Exchange("GET /x", 200, {"status": "Pending"}),
                Exchange("GET /x", 200, {"status": "Ready", "result": {}}),
                Exchange("GET /x", 404, {"detail": "no"}),
                Exchange("GET the picture", 200, None),
            ]
        )
        assert list(found) == ["GET /x -> 200 Pending", "GET /x -> 200 Ready", "GET /x -> 404"]

    def test_only_what_both_said_is_compared(self) -> None:
        live = [Exchange("GET /x", 200, {"a": 1}), Exchange("GET /y", 200, {"b": 1})]
        assert differences(live, [Exchange("GET /x", 200, {"a": 2})]) == []
        assert differences(live, [Exchange("GET /x", 200, {"c": 2})]) == [
            "GET /x -> 200: a (number) is not in the sandbox's answer",
            "GET /x -> 200: c (number) is only in the sandbox's answer",
        ]

    def test_an_answer_that_is_no_object(self) -> None:
        assert differences([Exchange("GET /x", 200, [])], [Exchange("GET /x", 200, {})]) == [
            "GET /x -> 200: the answer is list, in the sandbox object"
        ]

    def test_walk(self) -> None:
        said = ["Pending", "Pending", "Ready", "Pending"]
        assert walk([Exchange("GET /x", 200, {"status": word}) for word in said]) == ["Pending", "Ready", "Pending"]

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/v1/get_result", "/v1/get_result"),
            ("/v1/flux-2-klein-4b", "/v1/flux-2-klein-4b"),
            ("/fal-ai/flux/requests/764cabcf-b745-4b3e-ae38-1200304cf45b", "/fal-ai/flux/requests/{id}"),
            ("/files/0123456789abcdef0123", "/files/{id}"),
        ],
    )
    def test_ids_are_left_out(self, path: str, expected: str) -> None:
        assert without_ids(path) == expected
