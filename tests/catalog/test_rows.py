from __future__ import annotations

import json
import time

import pytest

from fluxroom import catalog
from fluxroom.catalog import wire
from fluxroom.catalog.rows import Model, Route
from fluxroom.types import MODES, PROVIDERS, Mode, Provider

MODELS = catalog.models()
ROUTES = [(model, provider, route) for model in MODELS.values() for provider, route in model.routes.items()]
ROUTE_IDS = [route.name for _, _, route in ROUTES]

SEED_IDS = {  # requirements R36-R41 and R110-R120, exactly as written there
    "flux-2-dev", "flux-2-pro", "flux-2-flex", "flux-2-max", "flux-kontext-dev", "flux-kontext-pro",
    "flux-2-klein-4b", "flux-2-klein-9b", "flux-kontext-max", "flux-pro-1.1-ultra", "flux-pro-1.1", "flux-pro",
    "flux-dev",
}  # fmt: skip

ISSUE_IDS = {
    "flux-2-pro-preview", "flux-2-klein-9b-preview", "flux-2-klein-4b-base", "flux-2-klein-9b-base",
    "flux-2-klein-4b-lora", "flux-2-klein-9b-lora", "flux-2-flash", "flux-2-turbo", "flux-2-lora", "flux-3-image",
    "flux-kontext-lora", "flux-general", "flux-general-differential-diffusion", "flux-general-rf-inversion",
    "flux-lora", "flux-lora-canny", "flux-lora-depth", "flux-lora-fill", "flux-control-lora-canny",
    "flux-control-lora-depth", "flux-krea", "flux-krea-lora", "flux-srpo", "flux-schnell", "flux-pro-fill",
    "flux-pro-expand", "flux-outpaint", "flux-erase", "flux-deblur", "flux-vto-v1", "flux-vto-v2", "flux-vto",
    "flux-subject", "flux-pulid", "flux-vision-upscaler", "flux-pro-1.1-ultra-finetuned", "flux-pro-fill-finetuned",
}  # fmt: skip

LIMITS: list[tuple[str, Provider, Mode, int]] = [
    ("flux-2-pro", "fal", "edit", 9),
    ("flux-2-max", "fal", "edit", 9),
    ("flux-2-flex", "fal", "edit", 10),
    ("flux-2-dev", "fal", "edit", 4),
    ("flux-2-lora", "fal", "edit", 4),
    ("flux-2-klein-4b", "fal", "edit", 4),
    ("flux-2-klein-9b", "fal", "edit", 4),
    ("flux-2-klein-4b-base", "fal", "edit", 4),
    ("flux-2-klein-9b-base-lora", "fal", "edit", 4),
    ("flux-2-flash", "fal", "edit", 4),
    ("flux-2-turbo", "fal", "edit", 4),
    ("flux-3-image", "fal", "edit", 10),
    ("flux-3-image", "bfl", "edit", 10),
    ("flux-2-pro", "bfl", "edit", 8),
    ("flux-2-max", "bfl", "edit", 8),
    ("flux-2-flex", "bfl", "edit", 8),
    ("flux-2-klein-4b", "bfl", "edit", 4),
    ("flux-2-klein-9b", "bfl", "edit", 4),
    ("flux-kontext-pro", "bfl", "edit", 4),
    ("flux-kontext-max", "bfl", "edit", 4),
    ("flux-kontext-pro", "fal", "edit", 4),
    ("flux-kontext-dev", "fal", "edit", 1),
    ("flux-general", "fal", "edit", 1),
    ("flux-vto-v2", "bfl", "tryon", 2),
    ("flux-pro-1.1-ultra", "bfl", "vary", 1),
    ("flux-2-pro", "fal", "generate", 0),
]


def test_every_id_of_the_seeds_and_the_issue_exists() -> None:
    assert set(MODELS) >= SEED_IDS
    assert set(MODELS) >= ISSUE_IDS
    assert len(MODELS) >= 70
    assert len(ROUTES) >= 85


def test_seed_ids_lead_to_the_seed_endpoints() -> None:
    endpoints = {
        "flux-2-dev": "fal-ai/flux-2",
        "flux-2-pro": "fal-ai/flux-2-pro",
        "flux-2-flex": "fal-ai/flux-2-flex",
        "flux-2-max": "fal-ai/flux-2-max",
    }
    for name, endpoint in endpoints.items():
        assert MODELS[name].routes["fal"].endpoints["generate"] == endpoint
    assert MODELS["flux-kontext-dev"].routes["fal"].endpoints["edit"] == "fal-ai/flux-kontext/dev"
    assert MODELS["flux-kontext-pro"].routes["fal"].endpoints["edit"] == "fal-ai/flux-pro/kontext"
    assert MODELS["flux-general"].routes["fal"].endpoints["edit"] == "fal-ai/flux-general/image-to-image"
    assert MODELS["flux-2-lora"].routes["fal"].endpoints["edit"] == "fal-ai/flux-2/lora/edit"


@pytest.mark.parametrize(("name", "provider", "mode", "limit"), LIMITS)
def test_reference_limits(name: str, provider: Provider, mode: Mode, limit: int) -> None:
    assert MODELS[name].routes[provider].max_references(mode) == limit


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_row_has_texts_in_both_languages(model: Model) -> None:
    for texts in (model.titles, model.descriptions):
        assert set(texts) == {"en", "de"}
        assert all(text.strip() == text and "\n" not in text for text in texts.values())
    assert model.descriptions["en"] != model.descriptions["de"]
    assert 30 < len(model.description) < 420
    assert model.description.endswith(".")
    assert model.base
    assert model.seconds > 0


def test_no_two_models_share_a_text() -> None:
    for lang in ("en", "de"):
        assert len({model.descriptions[lang] for model in MODELS.values()}) == len(MODELS)
        assert len({model.titles[lang] for model in MODELS.values()}) >= len(MODELS) - 1  # retired flux-pro


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_status_and_successor_agree(model: Model) -> None:
    assert model.status in {"active", "legacy", "retired"}
    if model.status == "active":
        assert model.successor == ""
    else:
        assert MODELS[model.successor].status in {"active", "legacy"}
    assert bool(model.routes) == (model.status != "retired")


def test_aliases_are_nobody_elses_name() -> None:
    seen: set[str] = set(MODELS)
    for model in MODELS.values():
        for alias in model.aliases:
            assert alias not in seen
            seen.add(alias)


@pytest.mark.parametrize(("model", "provider", "route"), ROUTES, ids=ROUTE_IDS)
def test_route_is_complete(model: Model, provider: Provider, route: Route) -> None:
    assert route.name == f"{provider}/{model.id}"
    assert provider in PROVIDERS
    assert route.modes
    assert set(route.modes) <= set(MODES)
    assert set(route.many) <= set(route.modes)
    assert route.caps[provider] == {"bfl": 24, "fal": 40}[provider]
    for mode in route.modes:
        price = route.price(mode)
        assert price.source, mode
        assert price.text, mode
        endpoint = route.endpoint(mode)
        assert endpoint.provider == provider
    if route.limit is not None:
        assert route.limit_source


@pytest.mark.parametrize(("model", "provider", "route"), ROUTES, ids=ROUTE_IDS)
def test_lora_flag_says_what_the_schemas_say(model: Model, provider: Provider, route: Route) -> None:
    takes = any(route.endpoint(mode).named("loras") for mode in route.modes)
    assert takes == model.lora, provider


def test_caps_of_kontext_max_are_narrower_at_bfl() -> None:
    assert dict(MODELS["flux-kontext-max"].routes["bfl"].caps) == {"bfl": 24, "bfl/flux-kontext-max": 6}
    assert dict(MODELS["flux-kontext-max"].routes["fal"].caps) == {"fal": 40}


def test_flux_general_and_flux_2_lora_name_each_other() -> None:
    for lang in ("en", "de"):
        assert "flux-2-lora" in MODELS["flux-general"].descriptions[lang]
        assert "flux-general" in MODELS["flux-2-lora"].descriptions[lang]
        assert "FLUX.1" in MODELS["flux-general"].descriptions[lang]
        assert "FLUX.2" in MODELS["flux-2-lora"].descriptions[lang]
    assert MODELS["flux-general"].base != MODELS["flux-2-lora"].base


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("flux-2-pro", ("prompt adherence", "text rendering", "world", "4 megapixels")),
        ("flux-2-dev", ("open-weights", "consumer GPUs")),
        ("flux-2-flex", ("typography", "references")),
        ("flux-2-max", ("highest quality", "web")),
        ("flux-2-klein-4b", ("real time", "four references")),
        ("flux-2-klein-9b", ("quality and speed",)),
        ("flux-kontext-pro", ("in-context", "no mask")),
        ("flux-kontext-max", ("characters", "Text to image".lower())),
        ("flux-pro-1.1-ultra", ("Ultra-high resolution",)),
        ("flux-2-lora", ("style transfer", "domain-specific")),
    ],
)
def test_descriptions_say_what_the_seeds_ask_for(name: str, words: tuple[str, ...]) -> None:
    text = MODELS[name].description
    for word in words:
        assert word.lower() in text.lower(), word


def test_retired_model_names_its_successor() -> None:
    assert MODELS["flux-pro"].status == "retired"
    assert MODELS["flux-pro"].successor == "flux-pro-1.1"


def test_defaults_come_from_the_shared_table_and_the_row() -> None:
    pro = MODELS["flux-2-pro"].routes["bfl"]
    assert pro.ours("generate")["image_size"] == "landscape_4_3"
    assert "image_size" not in pro.ours("edit")
    assert pro.ours("edit")["safety_tolerance"] == 2
    assert MODELS["flux-general"].routes["fal"].ours("edit")["strength"] == 0.75
    assert "strength" not in MODELS["flux-lora"].routes["fal"].ours("edit")


@pytest.mark.parametrize("lang", ["en", "de"])
def test_rows_are_json(lang: str) -> None:
    for model in MODELS.values():
        shown = json.loads(json.dumps(model.as_dict(lang)))
        assert shown["id"] == model.id
        assert shown["title"] == model.titles[lang]
        assert shown["family_title"] == model.family_titles[lang]
        assert set(shown["routes"]) == set(model.routes)
        for name, why in shown["why_not"].items():
            assert why
            assert not model.takes(name)


def test_why_not_texts_exist_in_both_languages() -> None:
    for model in MODELS.values():
        for name, text in model.why_not.items():
            assert set(text) == {"en", "de"}, (model.id, name)


def test_negative_prompt_is_explained_only_where_there_is_none() -> None:
    assert "negative_prompt" in MODELS["flux-2-pro"].as_dict()["why_not"]
    assert "negative_prompt" not in MODELS["flux-2-klein-4b-base"].as_dict()["why_not"]
    assert "built in" in MODELS["flux-2-max"].as_dict()["why_not"]["grounding"]


def test_unknown_language_falls_back_to_english() -> None:
    assert MODELS["flux-2-pro"].as_dict("fr")["title"] == "FLUX.2 [pro]"


def test_modes_of_a_model_are_those_of_its_routes() -> None:
    assert MODELS["flux-dev"].modes == ("generate", "edit", "vary")
    assert MODELS["flux-dev"].routes["bfl"].modes == ("generate", "vary")


def test_conflicting_sources_are_noted_in_the_row() -> None:
    assert any("newer" in note for note in MODELS["flux-2-pro"].routes["fal"].notes)
    assert any("8" in note for note in MODELS["flux-2-flex"].routes["fal"].notes)


def test_loading_everything_is_fast() -> None:
    from fluxroom.catalog import rows

    best = 1.0
    for _ in range(3):
        rows.models.cache_clear()
        wire.endpoint.cache_clear()
        start = time.perf_counter()
        rows.models()
        for provider, name in wire.published():
            wire.endpoint(provider, name)
        best = min(best, time.perf_counter() - start)
    assert best < 0.2  # 60 ms is the aim on an idle machine; tests run beside others
