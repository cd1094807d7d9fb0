"""Files of assistants and chat models: what is shipped is accepted, and every fault is one clear line."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from fluxroom import catalog
from fluxroom.errors import InvalidParams, NotFound, StorageUnwritable
from fluxroom.flows.assistants.files import Assistant, ChatModel, read
from fluxroom.flows.assistants.schemas import LANGUAGES, STARTERS
from fluxroom.flows.assistants.shelf import Shelf, switched
from fluxroom.flows.assistants.telling import a_chat_model, an_assistant, everything
from fluxroom.settings import Settings
from fluxroom.types import Request

SHIPPED = files("fluxroom.flows.assistants").joinpath("shipped")
ASSISTANTS = ("flux-image-generator", "flux-photo-editor")
MODELS = ("flux-2-klein-4b", "flux-2-max", "flux-2-pro", "flux-kontext-pro")

SEED_EXAMPLE = """
{
  "id": "flux-2-pro",
  "modelId": "flux-2-pro",
  "name": {"en": "FLUX.2 Pro", "de": "FLUX.2 Pro"},
  "description": {
    "en": "Production-ready image generation at scale. Fast and high quality.",
    "de": "Produktionsbereite Bildgenerierung im großen Maßstab. Schnell und hochwertig."
  },
  "url": "https://api.bfl.ai/v1/flux-2-pro",
  "provider": "bfl",
  "tokenLimit": 0,
  "supportsImageGeneration": true,
  "imageGeneration": {
    "width": 1024,
    "height": 1024,
    "aspectRatio": "1:1",
    "maxReferenceImages": 10,
    "supportsGrounding": false
  },
  "apiKeyEnvVar": "BFL_API_KEY",
  "enabled": true
}
"""
"""As the requirements have it (R162)."""


def model_raw(**change: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SEED_EXAMPLE)
    return found | change


def images(**change: Any) -> dict[str, Any]:
    return model_raw(imageGeneration=model_raw()["imageGeneration"] | change)


def assistant_raw(**change: Any) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(SHIPPED.joinpath("flux-image-generator.yaml").read_text("utf-8"))
    return deepcopy(found) | change


def without(raw: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key != name}


def faults(raw: Any, name: str = "my.json") -> list[str]:
    with pytest.raises(InvalidParams) as refused:
        read(json.dumps(raw), name)
    told: list[str] = refused.value.context["faults"]
    assert refused.value.detail == "; ".join(told)
    assert all(one.startswith(f"{name}: ") and "\n" not in one for one in told)
    return [one.removeprefix(f"{name}: ") for one in told]


def nowhere() -> Shelf:
    return Shelf(Path("/nonexistent/assistants"))


# shipped -------------------------------------------------------------------------------------------------------------


def test_two_assistants_and_four_models_are_shipped_accepted_and_off() -> None:
    kept = nowhere().kept()
    assert kept.faults == ()
    assert tuple(sorted(kept.assistants)) == ASSISTANTS
    assert tuple(sorted(kept.models)) == MODELS
    assert not any(one.enabled for one in kept.assistants.values())
    assert not any(one.enabled for one in kept.models.values())


@pytest.mark.parametrize("name", ASSISTANTS)
def test_a_shipped_assistant_greets_proposes_and_guides_in_both_languages(name: str) -> None:
    found = nowhere().kept().assistants[name]
    assert len(found.starters) == STARTERS == 5
    for language in LANGUAGES:
        told = an_assistant(found, language)
        texts = [told["name"], told["description"], told["greeting"]]
        texts += [text for one in told["starters"] for text in (one["title"], one["message"])]
        assert all(text and "\n" not in text for text in texts)
    english, german = (an_assistant(found, language) for language in LANGUAGES)
    assert english["greeting"] != german["greeting"]
    pairs = zip(english["starters"], german["starters"], strict=True)
    assert all(one["message"] != other["message"] for one, other in pairs)
    assert found.guidance.count("\n  - ") + found.guidance.count("\n- ") >= 7, "best practice, point by point"
    assert found.defaults["model"] in found.models


@pytest.mark.parametrize("name", ASSISTANTS)
def test_the_starters_can_be_sent_to_every_model_of_their_assistant(name: str) -> None:
    """A starter that its own assistant refuses would be the first thing a person sees."""
    found = nowhere().kept().assistants[name]
    messages = [words for starter in found.starters for words in starter["message"].values()]
    for model in found.models:
        for message in messages:
            plan = catalog.check(Request(model=model, prompt=message), provider="bfl")
            assert 0 < plan.quote.low < Decimal(str(found.limits["dollars"]))


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_model_has_exactly_the_facts_of_the_requirement(name: str) -> None:
    raw = json.loads(SHIPPED.joinpath(f"{name}.json").read_text("utf-8"))
    assert set(raw) == set(model_raw())
    assert set(raw["imageGeneration"]) == {*model_raw()["imageGeneration"], "safetyTolerance"}
    assert (raw["tokenLimit"], raw["enabled"], raw["apiKeyEnvVar"]) == (0, False, "BFL_API_KEY")
    found = nowhere().kept().models[name]
    assert found.model == f"bfl/{name}"
    assert found.grounding is (name == "flux-2-max")
    assert found.defaults == {"image_size": {"width": 1024, "height": 1024}, "safety_tolerance": 2}


def test_the_examples_of_the_seed_are_accepted_as_they_stand() -> None:
    found = read(SEED_EXAMPLE, "flux-2-pro.json")
    assert isinstance(found, ChatModel)
    assert (found.enabled, found.references, found.grounding) == (True, 10, False)
    largest = model_raw(id="flux-2-max", modelId="flux-2-max", url="https://api.bfl.ai/v1/flux-2-max")
    largest["imageGeneration"]["supportsGrounding"] = True
    other = read(json.dumps(largest), "flux-2-max.json")
    assert isinstance(other, ChatModel)
    assert other.grounding


# models --------------------------------------------------------------------------------------------------------------


def test_every_fact_about_pictures_may_be_missing() -> None:
    for raw in (without(model_raw(), "imageGeneration"), model_raw(imageGeneration={})):
        found = read(json.dumps(raw), "my.json")
        assert isinstance(found, ChatModel)
        assert (found.defaults, found.references, found.grounding) == ({}, None, False)


def test_a_ratio_without_pixels_is_a_default() -> None:
    found = read(json.dumps(model_raw(imageGeneration={"aspectRatio": "16:9"})), "my.json")
    assert isinstance(found, ChatModel)
    assert found.defaults == {"aspect_ratio": "16:9"}


@pytest.mark.parametrize(("host", "region"), [("api.eu.bfl.ai", "eu"), ("api.us.bfl.ai", "us"), ("api.bfl.ai", None)])
def test_the_address_says_the_region(host: str, region: str | None) -> None:
    found = read(json.dumps(model_raw(url=f"https://{host}/v1/flux-2-pro")), "my.json")
    assert isinstance(found, ChatModel)
    assert found.defaults.get("region") == region


def test_a_model_at_fal_is_one_too() -> None:
    raw = model_raw(provider="fal", url="https://queue.fal.run/fal-ai/flux-2-pro", apiKeyEnvVar="FAL_KEY")
    raw["imageGeneration"]["maxReferenceImages"] = 9
    found = read(json.dumps(raw), "my.json")
    assert isinstance(found, ChatModel)
    assert found.model == "fal/flux-2-pro"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (without(model_raw(), "url"), "url is missing"),
        (without(without(model_raw(), "url"), "name"), "name is missing"),
        (model_raw(name={"en": "x"}), "name.de is missing"),
        (model_raw(name={"en": "x", "de": ""}), "name.de must not be empty, not ''"),
        (model_raw(name="FLUX"), "name must be a table of keys, not 'FLUX'"),
        (model_raw(tokenLimit=4096), "tokenLimit must be 0, not 4096"),
        (model_raw(supportsImageGeneration=False), "supportsImageGeneration must be true, not False"),
        (model_raw(provider="openai"), "provider must be one of bfl, fal, not 'openai'"),
        (model_raw(enabled="yes"), "enabled must be true or false, not 'yes'"),
        (model_raw(id="FLUX 2"), "id must look like my-assistant (small letters, digits, - . _), not 'FLUX 2'"),
        (
            model_raw(url="http://api.bfl.ai/v1/flux-2-pro"),
            "url must look like https://…, not 'http://api.bfl.ai/v1/flux-2-pro'",
        ),
        (images(safetyTolerance=7), "imageGeneration.safetyTolerance must be at most 6, not 7"),
        (images(safetyTolerance="2"), "imageGeneration.safetyTolerance must be a number, not '2'"),
        (images(width=0), "imageGeneration.width must be at least 1, not 0"),
        (images(aspectRatio="wide"), "imageGeneration.aspectRatio must look like 16:9, not 'wide'"),
        (model_raw(apiKeyEnvVar="MY_KEY"), "apiKeyEnvVar must be BFL_API_KEY, not 'MY_KEY'"),
        (model_raw(apiKeyEnvVar="FAL_KEY"), "apiKeyEnvVar must be BFL_API_KEY, not 'FAL_KEY'"),
        (model_raw(url="https://example.com/v1/flux-2-pro"), "url: example.com is no address of bfl"),
        (model_raw(url="https://queue.fal.run/fal-ai/flux-2-pro"), "url: queue.fal.run is no address of bfl"),
        (
            model_raw(url="https://api.bfl.ai/v1/flux-9"),
            "url: flux-9 is no endpoint of bfl/flux-2-pro, which has flux-2-pro, flux-2-pro",
        ),
        (
            images(maxReferenceImages=11),
            "imageGeneration.maxReferenceImages must be at most 8: so many takes bfl/flux-2-pro",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_a_model_is_named_with_its_key(raw: dict[str, Any], said: str) -> None:
    assert said in faults(raw)


def test_a_misspelt_key_is_refused_with_those_that_are_known() -> None:
    (said,) = faults(images(safety_tolerance=2))
    assert said.startswith("imageGeneration.safety_tolerance is not known here; known are aspectRatio, height")
    (said,) = faults(model_raw(apikey="sk-1"))
    assert said.startswith("apikey is not known here")


def test_what_the_catalog_does_not_know_or_refuses_is_a_fault() -> None:
    (said,) = faults(model_raw(modelId="flux-99"))
    assert said.startswith("modelId: ")
    assert "flux-99" in said
    (said,) = faults(images(safetyTolerance=6))
    assert said.startswith("imageGeneration: ")
    assert "safety_tolerance" in said, "BFL's FLUX.2 takes 0 to 5"
    (said,) = faults(images(width=16))
    assert "width 16 is below 64" in said
    raw = images()
    del raw["imageGeneration"]["height"]
    assert faults(raw) == ["imageGeneration.width and imageGeneration.height go together"]


def test_several_faults_are_several_lines() -> None:
    said = faults(without(model_raw(tokenLimit=1, provider="x"), "id"))
    assert len(said) == 3


# assistants ----------------------------------------------------------------------------------------------------------


def test_an_assistant_in_json_is_the_same_as_in_yaml() -> None:
    text = SHIPPED.joinpath("flux-image-generator.yaml").read_text("utf-8")
    assert read(json.dumps(yaml.safe_load(text)), "a.json") == read(text, "a.yaml")


def test_texts_over_several_lines_become_one_and_guidance_keeps_its_lines() -> None:
    raw = assistant_raw(greeting={"en": "Hello,\n  there.", "de": "Hallo\nda."}, guidance="- one\n- two\n")
    found = read(json.dumps(raw), "a.json")
    assert isinstance(found, Assistant)
    assert found.greeting == {"en": "Hello, there.", "de": "Hallo da."}
    assert found.guidance == "- one\n- two"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (without(assistant_raw(), "guidance"), "guidance is missing"),
        (assistant_raw(starters=assistant_raw()["starters"][:4]), "starters has 4 entries, not 5"),
        (
            assistant_raw(starters=[*assistant_raw()["starters"], assistant_raw()["starters"][0]]),
            "starters has 6 entries, not 5",
        ),
        (assistant_raw(greeting={"title": "Hi"}), "greeting.de is missing"),
        (assistant_raw(models=[]), "models has 0 entries, not 1"),
        (
            assistant_raw(models=["flux-2-pro", "flux-2-pro"]),
            "models must name each only once, not ['flux-2-pro', 'flux-2-pro']",
        ),
        (assistant_raw(limits={"dollars": 0}), "limits.dollars must be above 0, not 0"),
        (assistant_raw(limits={"num_images": 1.5}), "limits.num_images must be a whole number, not 1.5"),
        (assistant_raw(defaults={}), "defaults.model is missing"),
        (assistant_raw(defaults={"model": "flux-2-flex"}), "defaults.model 'flux-2-flex' is not one of models"),
        (
            assistant_raw(defaults={"model": "flux-2-pro", "prompt": "x"}),
            "defaults.prompt is said by each message, not by an assistant",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_an_assistant_is_named_with_its_key(raw: dict[str, Any], said: str) -> None:
    assert said in faults(raw)


def test_a_starter_says_message_and_no_prompt() -> None:
    raw = assistant_raw()
    raw["starters"][2] = {"title": raw["starters"][2]["title"], "prompt": raw["starters"][2]["message"]}
    assert sorted(faults(raw)) == [
        "starters.2.message is missing",
        "starters.2.prompt is not known here; known are message, title",
    ]


@pytest.mark.parametrize("name", ["seed", "safety_tolerance", "size", "quality", "output_format"])
def test_a_default_that_a_model_refuses_is_a_fault_before_anybody_pays(name: str) -> None:
    said = faults(assistant_raw(defaults={"model": "flux-2-pro", name: "nonsense"}))
    assert all(name in one and "nonsense" in one for one in said)


def test_what_only_some_models_take_is_no_fault() -> None:
    defaults = {"model": "flux-2-pro", "guidance_scale": 3.5, "quality": "high", "size": "16:9"}
    found = read(json.dumps(assistant_raw(defaults=defaults)), "a.json")
    assert isinstance(found, Assistant)
    assert found.defaults == defaults


@pytest.mark.parametrize("text", ["", "id: [", "- a\n- b", "{", "just words", "a: &x [1]\nb: *x", "null"])
def test_what_is_no_configuration_is_told_with_its_file(text: str) -> None:
    with pytest.raises(InvalidParams, match=r"^broken\.yaml: "):
        read(text, "broken.yaml")


def test_an_assistant_allows_its_models_by_whatever_name() -> None:
    found = read(json.dumps(assistant_raw(models=["flux-2-pro", "fal/flux-2-max"])), "a.json")
    assert isinstance(found, Assistant)
    allowed = ["flux-2-pro", "bfl/flux-2-pro", "fal/flux-2-pro", "fal-ai/flux-2-pro", "fal/flux-2-max"]
    assert [model for model in allowed if not found.allows(model)] == []
    assert not any(found.allows(model) for model in ("bfl/flux-2-max", "flux-2-max", "flux-2-flex", "flux-99"))


# the shelf -----------------------------------------------------------------------------------------------------------


def test_switching_on_puts_the_file_into_the_folder_and_nothing_else_changes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "own")
    before = SHIPPED.joinpath("flux-photo-editor.yaml").read_text("utf-8")
    kept = shelf.switch("flux-photo-editor", on=True)
    assert kept.assistant("flux-photo-editor").enabled
    written = (tmp_path / "own" / "flux-photo-editor.yaml").read_text("utf-8")
    assert written == before.replace("enabled: false", "enabled: true")
    assert [one.name for one in (tmp_path / "own").iterdir()] == ["flux-photo-editor.yaml"]
    assert not shelf.switch("flux-photo-editor", on=False).assistants["flux-photo-editor"].enabled
    assert (tmp_path / "own" / "flux-photo-editor.yaml").read_text("utf-8") == before


def test_a_model_is_switched_in_json(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.kept().model("flux-2-max") is None
    kept = shelf.switch("flux-2-max", on=True)
    found = kept.model("flux-2-max")
    assert found
    assert found.model == "bfl/flux-2-max"
    assert json.loads((tmp_path / "flux-2-max.json").read_text("utf-8"))["enabled"] is True


def test_what_a_person_wrote_stays_as_it_is(tmp_path: Path) -> None:
    text = SHIPPED.joinpath("flux-photo-editor.yaml").read_text("utf-8").replace("enabled: false\n", "")
    (tmp_path / "mine.yaml").write_text(text.replace("# Changes a picture", "# MINE. Changes a picture"), "utf-8")
    shelf = Shelf(tmp_path)
    assert shelf.switch("flux-photo-editor", on=True).assistant("flux-photo-editor").enabled
    assert (tmp_path / "mine.yaml").read_text("utf-8").startswith("# MINE.")
    assert [one.name for one in tmp_path.iterdir()] == ["mine.yaml"], "the person's file, and no second one"


def test_a_persons_file_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    raw = assistant_raw(name={"en": "Ours", "de": "Unserer"}, enabled=True)
    (tmp_path / "ours.json").write_text(json.dumps(raw), "utf-8")
    (tmp_path / "notes.txt").write_text("not a configuration", "utf-8")
    kept = Shelf(tmp_path).kept()
    assert kept.assistant("flux-image-generator").name["de"] == "Unserer"
    assert kept.faults == ()


def test_faults_are_told_and_the_rest_works(tmp_path: Path) -> None:
    strange = assistant_raw(id="mine", models=["flux-99"], defaults={"model": "flux-99"})
    (tmp_path / "a.json").write_text(json.dumps(strange), "utf-8")
    (tmp_path / "b.yaml").write_text("id: b\nname: x\n", "utf-8")
    (tmp_path / "c.json").write_text(json.dumps(model_raw(id="twice")), "utf-8")
    (tmp_path / "d.json").write_text(json.dumps(model_raw(id="twice")), "utf-8")
    kept = Shelf(tmp_path).kept()
    assert tuple(sorted(kept.assistants)) == ASSISTANTS
    assert f"{tmp_path / 'a.json'}: models: there is no model flux-99" in kept.faults
    assert any(one.startswith(f"{tmp_path / 'b.yaml'}: name must be a table") for one in kept.faults)
    assert f"{tmp_path / 'd.json'}: id twice is used by {tmp_path / 'c.json'} already" in kept.faults


def test_a_file_that_cannot_be_read_is_a_fault_and_the_rest_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file that belongs to somebody else, or was just taken away, must not stop every conversation."""
    (tmp_path / "secret.yaml").write_text("id: secret")
    (tmp_path / "broken.yaml").write_text("id: [")
    read_text = Path.read_text

    def refused(self: Path, *given: Any, **more: Any) -> str:
        if self.name == "secret.yaml":
            raise PermissionError(13, "Permission denied")
        return read_text(self, *given, **more)

    monkeypatch.setattr(Path, "read_text", refused)
    kept = Shelf(tmp_path).kept()
    assert set(kept.assistants) == set(ASSISTANTS)
    assert kept.faults[1] == f"{tmp_path / 'secret.yaml'}: it cannot be read"
    assert len(kept.faults) == 2
    assert Shelf(tmp_path).switch(ASSISTANTS[0], on=True).assistants[ASSISTANTS[0]].enabled
    with pytest.raises(NotFound):
        Shelf(tmp_path).switch("secret", on=True)


def test_an_assistant_may_name_a_chat_model_of_its_own(tmp_path: Path) -> None:
    europe = model_raw(id="pro-in-europe", url="https://api.eu.bfl.ai/v1/flux-2-pro")
    (tmp_path / "eu.json").write_text(json.dumps(europe), "utf-8")
    raw = assistant_raw(id="mine", models=["pro-in-europe", "flux-2-max"], defaults={"model": "pro-in-europe"})
    (tmp_path / "mine.json").write_text(json.dumps(raw), "utf-8")
    kept = Shelf(tmp_path).kept()
    assert kept.faults == ()
    assert kept.assistants["mine"].allows("pro-in-europe")


def test_a_broken_file_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "flux-photo-editor.yaml").write_text("id: flux-photo-editor\n# half written\n", "utf-8")
    with pytest.raises(InvalidParams, match="name is missing"):
        Shelf(tmp_path).switch("flux-photo-editor", on=True)
    assert "half written" in (tmp_path / "flux-photo-editor.yaml").read_text("utf-8")
    (tmp_path / "flux-2-max.json").write_text(json.dumps(model_raw(id="other")), "utf-8")
    with pytest.raises(InvalidParams, match="stands in the way"):
        Shelf(tmp_path).switch("flux-2-max", on=True)


def test_what_is_not_there_or_off_is_said(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with pytest.raises(NotFound, match="no assistant or chat model 'nobody'"):
        shelf.switch("nobody", on=True)
    with pytest.raises(NotFound, match="no assistant 'nobody'"):
        shelf.kept().assistant("nobody")
    with pytest.raises(InvalidParams, match="is switched off") as off:
        shelf.kept().assistant("flux-photo-editor")
    assert "fluxroom assistants on flux-photo-editor" in off.value.next_step


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(StorageUnwritable, match="cannot be written"):
        Shelf(tmp_path / "file" / "own").switch("flux-2-pro", on=True)


def test_the_folder_is_in_the_data_folder_unless_it_is_named(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data=tmp_path)
    assert Shelf.of(settings).folder == tmp_path / "assistants"
    elsewhere = Settings(_env_file=None, data=tmp_path, assistants=tmp_path / "x")
    assert Shelf.of(elsewhere).folder == tmp_path / "x"


def test_the_switch_of_a_file_without_one_is_added() -> None:
    assert switched("id: x\n", on=True) == "id: x\nenabled: true\n"
    assert switched("id: x\nenabled : yes please # really\nname: y\n", on=False) == "id: x\nenabled: false\nname: y\n"
    assert switched("a:\n  enabled: false\n", on=True).endswith("\nenabled: true\n"), "only its own switch is turned"


def test_everything_is_told_in_one_language(tmp_path: Path) -> None:
    told = everything(Shelf(tmp_path).kept(), "de")
    assert json.loads(json.dumps(told)) == told
    (generator,) = [one for one in told["assistants"] if one["id"] == "flux-image-generator"]
    assert generator["name"] == "FLUX-Bildgenerator"
    assert generator["limits"] == {"num_images": 4, "references": 8, "dollars": "1.0"}
    assert [one["id"] for one in told["models"]] == list(MODELS)
    largest = Shelf(tmp_path).kept().models["flux-2-max"]
    assert a_chat_model(largest, "de")["description"].startswith("Höchste Qualität")
    assert a_chat_model(largest, "fr")["description"].startswith("Highest quality"), "another language is English"
