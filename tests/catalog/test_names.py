from __future__ import annotations

import pytest

from fluxroom import catalog
from fluxroom.catalog import names
from fluxroom.errors import InvalidParams, UnknownModel
from fluxroom.types import Mode, Provider, Reference, Request

PICTURE = Reference(sha256="a" * 64, width=1024, height=768)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("flux-2-pro", ("flux-2-pro", None, None)),
        ("FLUX-2-Pro", ("flux-2-pro", None, None)),
        (" flux-2-pro ", ("flux-2-pro", None, None)),
        ("bfl/flux-2-pro", ("flux-2-pro", "bfl", None)),
        ("fal/flux-2-pro", ("flux-2-pro", "fal", None)),
        ("fal-ai/flux-2", ("flux-2-dev", "fal", "generate")),
        ("fal-ai/flux-2/edit", ("flux-2-dev", "fal", "edit")),
        ("fal/fal-ai/flux-2/edit", ("flux-2-dev", "fal", "edit")),
        ("fal-ai/flux-2-pro", ("flux-2-pro", "fal", "generate")),
        ("fal-ai/flux-1/dev", ("flux-dev", "fal", "generate")),
        ("fal-ai/flux-1/schnell/redux", ("flux-schnell", "fal", "vary")),
        ("fal-ai/flux-pro/kontext/multi", ("flux-kontext-pro", "fal", "edit")),
        ("fal-ai/flux-general/image-to-image", ("flux-general", "fal", "edit")),
        ("fal-ai/flux-2/lora/edit", ("flux-2-lora", "fal", "edit")),
        ("fal-ai/flux-2-pro/outpaint", ("flux-outpaint", "fal", "expand")),
        ("flux-tools/erase-v1", ("flux-erase", "bfl", "erase")),
        ("bfl/flux-tools/erase-v1", ("flux-erase", "bfl", "erase")),
        ("flux-pro-1.0-fill", ("flux-pro-fill", "bfl", "fill")),
        ("blackforestlabs/flux-3/edit-image", ("flux-3-image", "fal", "edit")),
        ("rundiffusion-fal/juggernaut-flux/pro", ("juggernaut-flux-pro", "fal", "generate")),
        ("flux-2", ("flux-2-dev", None, None)),
        ("flux-kontext", ("flux-kontext-pro", None, None)),
        ("schnell", ("flux-schnell", None, None)),
        ("fal/schnell", ("flux-schnell", "fal", None)),
        ("outpaint", ("flux-outpaint", None, None)),
        ("flux-pro", ("flux-pro", None, None)),
    ],
)
def test_find(name: str, found: tuple[str, Provider | None, Mode | None]) -> None:
    model, provider, mode = catalog.find(name)
    assert (model.id, provider, mode) == found


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("flux-2-prp", "flux-2-pro"),
        ("flux2-pro", "flux-2-pro"),
        ("flux-kontext-pr", "flux-kontext-pro"),
        ("fal-ai/flux-2/edti", "fal-ai/flux-2/edit"),
        ("bfl/flux-2-dev", "fal has it"),
        ("bfl/flux-general", "fal has it"),
        ("fal/flux-deblur", "bfl has it"),
        ("bfl/flux-pro", "flux-pro-1.1"),
        ("bfl/fal-ai/flux-2", "not offered by bfl"),
        ("stable-diffusion", "no model 'stable-diffusion'"),
        ("", "no model ''"),
    ],
)
def test_unknown_names_say_what_is_near(name: str, says: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        catalog.find(name)
    assert says in caught.value.detail


def test_every_id_and_alias_finds_its_row() -> None:
    for model in catalog.models().values():
        for name in (model.id, *model.aliases):
            assert catalog.find(name)[0] is model


def test_a_name_with_another_provider_is_refused() -> None:
    with pytest.raises(UnknownModel):
        catalog.check(Request(model="bfl/flux-2-pro", prompt="a fox"), provider="fal")


@pytest.mark.parametrize("provider", ["bfl", "fal"])
def test_retired_model_is_refused_with_its_successor(provider: Provider) -> None:
    with pytest.raises(UnknownModel, match=r"retired.*flux-pro-1\.1"):
        catalog.check(Request(model="flux-pro", prompt="a fox"), provider=provider)


@pytest.mark.parametrize(
    ("request_", "provider", "mode"),
    [
        (Request(model="flux-2-pro", prompt="x"), "bfl", "generate"),
        (Request(model="flux-2-pro", prompt="x", references=(PICTURE,)), "bfl", "edit"),
        (Request(model="flux-2-pro", prompt="x", params={"image_url": "https://a/b.png"}), "fal", "edit"),
        (Request(model="flux-2-pro", prompt="x", params={"image_url": None}), "fal", "generate"),
        (Request(model="flux-general", prompt="x", references=(PICTURE,)), "fal", "edit"),
        (Request(model="flux-general", prompt="x", references=(PICTURE,), params={"mask": PICTURE}), "fal", "fill"),
        (Request(model="flux-lora", prompt="x", params={"mask_url": "https://a/b.png"}), "fal", "fill"),
        (Request(model="flux-erase", references=(PICTURE,), params={"mask": PICTURE}), "bfl", "erase"),
        (Request(model="flux-deblur", references=(PICTURE,)), "bfl", "deblur"),
        (Request(model="flux-pro-1.1", prompt="x", references=(PICTURE,)), "bfl", "vary"),
        (Request(model="flux-dev", prompt="x", references=(PICTURE,)), "fal", "edit"),
        (Request(model="flux-dev", prompt="x", references=(PICTURE,)), "bfl", "vary"),
        (Request(model="flux-outpaint", references=(PICTURE,), params={"expand_top": 64}), "fal", "expand"),
        (Request(model="flux-vto-v2", prompt="x", references=(PICTURE, PICTURE)), "bfl", "tryon"),
        (Request(model="flux-vision-upscaler", references=(PICTURE,)), "fal", "upscale"),
        (Request(model="flux-kontext-dev", prompt="x"), "fal", "edit"),
        (Request(model="flux-dev", prompt="x", references=(PICTURE,), mode="vary"), "fal", "vary"),
        (Request(model="fal-ai/flux/dev/redux", prompt="x", references=(PICTURE,)), "fal", "vary"),
    ],
)
def test_route_mode(request_: Request, provider: Provider, mode: Mode) -> None:
    assert catalog.route_mode(request_, provider) == mode


@pytest.mark.parametrize(
    ("alias", "model", "mode"),
    [("outpaint", "flux-outpaint", "expand"), ("inpaint", "flux-lora", "fill"), ("redux", "flux-dev", "vary")],
)
def test_mode_aliases(alias: str, model: str, mode: Mode) -> None:
    request = Request(model=model, mode=alias)  # type: ignore[arg-type]  # an alias is what is tested
    assert catalog.route_mode(request, "fal") == mode


def test_a_mode_that_the_route_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(InvalidParams, match="offers generate, edit") as caught:
        catalog.route_mode(Request(model="flux-2-pro", mode="upscale"), "bfl")
    assert caught.value.context["field"] == "mode"
    with pytest.raises(InvalidParams, match="is not a mode"):
        catalog.route_mode(Request(model="flux-2-pro", mode="dance"), "bfl")  # type: ignore[arg-type]  # wrong on purpose


def test_every_mode_alias_means_a_mode() -> None:
    from fluxroom.types import MODES

    assert set(names.MODE_ALIASES.values()) <= set(MODES)
