"""`fluxroom models`: the list, one model with everything, and a check that costs nothing."""

from __future__ import annotations

import re

import pytest
from tests.cli.told import Provider, Run

from fluxroom import catalog
from fluxroom.cli.commands.model.schemas import default, takes


def test_the_list_as_json_is_an_array_with_ids(run: Run) -> None:
    rows = run("models", "--json").document
    assert [row["id"] for row in rows] == list(catalog.models())
    assert rows[0]["routes"]


def test_the_list_for_people(run: Run) -> None:
    told = run("models")
    assert told.code == 0
    for row in catalog.models().values():
        assert bool(re.search(rf"^  {re.escape(row.id)} ", told.out, re.MULTILINE)) == (row.status != "retired")
    assert "$0.03" in told.out
    assert "fluxroom models show" in told.err


def test_retired_models_on_demand(run: Run) -> None:
    assert "flux-pro " in run("models", "--retired").out


def test_the_list_in_german(run: Run) -> None:
    assert "Vorschau" in run("models", "--lang", "de").out
    german = run("models", "--json", "--lang", "de").document[0]["description"]
    assert german == catalog.models()["flux-2-pro"].descriptions["de"]


def test_show_has_every_parameter_of_every_provider(run: Run) -> None:
    told = run("models", "show", "flux-2-flex")
    assert told.code == 0
    for at, route in catalog.models()["flux-2-flex"].routes.items():
        assert route.name in told.out
        for mode in route.modes:
            for parameter in catalog.parameters("flux-2-flex", at, mode):
                assert parameter.name in told.out
    assert "1.5 to 10" in told.out  # range of guidance
    assert "(3.5)" in told.out  # fal's own default of it
    assert "up to 8: picture" in told.out
    assert "$0.05" in told.out
    assert "negative_prompt: FLUX.2 has no negative prompt" in told.out
    assert "region: regions" not in told.out


@pytest.mark.parametrize("name", list(catalog.models()))
def test_show_works_for_every_model_in_both_languages(run: Run, name: str) -> None:
    for lang in ("en", "de"):
        told = run("models", "show", name, "--lang", lang)
        assert told.code == 0, told.err
        assert name in told.out


def test_show_as_json(run: Run) -> None:
    found = run("models", "show", "flux-2-pro", "--json").document
    seeds = [row for row in found["parameters"]["bfl"]["generate"] if row["name"] == "seed"]
    assert seeds[0]["wire"] == ["seed"]
    assert found["why_not"]["guidance_scale"].startswith("flux-2-pro sets it itself")


def test_a_route_shows_that_provider_only(run: Run) -> None:
    told = run("models", "show", "fal/flux-2-pro")
    assert "fal/flux-2-pro" in told.out
    assert "bfl/flux-2-pro" not in told.out
    assert list(run("models", "show", "fal/flux-2-pro", "--json").document["parameters"]) == ["fal"]


def test_a_bare_name_is_shown_too(run: Run) -> None:
    assert run("models", "flux-2-pro").out == run("models", "show", "flux-2-pro").out


def test_german_words(run: Run) -> None:
    told = run("models", "show", "flux-2-flex", "--lang", "de")
    assert "ohne Angabe" in told.out
    assert "Was es nicht nimmt" in told.out
    assert "FLUX.2 hat keinen negativen Prompt" in told.out or "negative_prompt" in told.out


def test_one_that_is_not_there(run: Run) -> None:
    told = run("models", "show", "flux-9")
    assert told.code == 2
    assert "flux-" in told.err


class TestCheck:
    def test_offered(self, run: Run, provider: Provider) -> None:
        for route in ("bfl/flux-2-pro", "fal/flux-2-pro", "flux-schnell"):
            told = run("models", "check", route)
            assert told.code == 0, told.out + told.err
            assert f"{route}: offered" in told.out
        assert provider.submits() == []
        assert provider.box.world.tasks() == []

    def test_in_the_built_in_sandbox_it_says_so(self, run: Run) -> None:
        told = run("models", "check", "fal/flux-2-pro")
        assert told.code == 0
        assert "asked the sandbox" in told.out
        assert run("models", "check", "fal/flux-2-pro", "--json").document["sandbox"] is True

    def test_unknown(self, run: Run, provider: Provider) -> None:
        assert run("models", "check", "fal/nothing").code == 2
        assert provider.submits() == []

    def test_out_of_reach(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BFL_API_KEY", "x")
        monkeypatch.setenv("FLUXROOM_BFL_URL", "http://127.0.0.1:9")
        told = run("models", "check", "bfl/flux-2-pro")
        assert told.code == 5
        assert "cannot be told" in told.out


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer"}, "whole number"),
        ({"type": "number", "minimum": 0}, "0 or more"),
        ({"type": "number", "maximum": 2}, "up to 2"),
        ({"type": "integer", "minimum": 256, "maximum": 1440, "multipleOf": 32}, "256 to 1440 in steps of 32"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "0 to 1"),
        ({"type": "boolean"}, "true, false"),
        ({"type": ["string", "null"]}, "text"),
        ({"type": "string", "maxLength": 9}, "text, up to 9"),
        ({"type": "string", "format": "image"}, "picture"),
        ({"type": "string", "pattern": r"^\d+x\d+$"}, "WxH"),
        ({"type": "array", "items": {"type": "string", "format": "image"}, "maxItems": 4}, "up to 4: picture"),
        (
            {"type": "array", "items": {"type": "object", "properties": {"path": {}, "scale": {}}}},
            "list of {path, scale}",
        ),
        ({"type": "object"}, "JSON object"),
        ({"const": 1}, "1"),
        ({"anyOf": [{"type": "null"}, {"enum": ["a", "b"]}]}, "a, b"),
        ({"anyOf": [{"type": "string"}, {"type": "string"}]}, "text"),
        ({}, "any value"),
    ],
)
def test_takes(schema: dict[str, object], words: str) -> None:
    assert takes(schema) == words


def test_every_schema_of_the_catalog_has_words() -> None:
    for row in catalog.models().values():
        for at, route in row.routes.items():
            for mode in route.modes:
                for parameter in catalog.parameters(row.id, at, mode):
                    assert takes(parameter.schema), parameter
                    assert isinstance(default(parameter), str)
