"""Pictures that a pipeline's step names: found wherever a model of the catalog takes one, and never somebody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxroom import catalog
from fluxroom.errors import InvalidParams, UnknownModel
from fluxroom.flows import picture_places
from fluxroom.flows.pipelines.files import Step, read
from fluxroom.flows.pipelines.walk import new_run
from fluxroom.store.runs import Run
from fluxroom.types import JSON, Reference

pytestmark = pytest.mark.anyio

OWN, STOLEN = "a" * 64, "b" * 64
STEP = Step("shots", "edit", {})

FORM = """
version: 1
name: form
inputs: {photo: {kind: picture}, photos: {kind: pictures, default: []}, words: {kind: text}}
steps: [{name: shots, do: edit, model: flux-2-pro, references: ["{{inputs.photo}}"], prompt: "{{inputs.words}}"}]
"""


def a_run(pictures: tuple[str, ...] = (), **inputs: JSON) -> Run:
    return new_run(read(FORM), {"photo": "c" * 64, "words": "x", **inputs}, pictures=pictures)


def forms(schema: Mapping[str, Any], picture: str) -> Iterator[Any]:
    """Every form in which a value of this schema holds a picture."""
    if schema.get("format") == "image":
        yield picture
    for choice in schema.get("anyOf", ()):
        yield from forms(choice, picture)
    if isinstance(schema.get("items"), Mapping):
        yield from ([one] for one in forms(schema["items"], picture))
    for name, inner in schema.get("properties", {}).items():
        yield from ({name: one} for one in forms(inner, picture))


def taken() -> Iterator[tuple[str, str, Any]]:
    """Every field of every model that takes a picture, in every form, under both of its names."""
    for model, row in catalog.models().items():
        for provider, route in row.routes.items():
            for mode in route.modes:
                for wire, field in route.endpoint(mode).fields.items():
                    for value in forms(field.schema, STOLEN):
                        for name in {wire, field.canonical}:
                            yield f"{provider}/{model}", name, value


PLACES = sorted({(route, name, str(value)): (route, name, value) for route, name, value in taken()}.items())


def test_there_are_such_places() -> None:
    assert len(PLACES) > 100
    assert {"references", "mask"} <= {name for (_, name, _), _ in PLACES}
    assert any(isinstance(value, dict) for _, (_, _, value) in PLACES), "deep ones too"


@pytest.mark.parametrize("bare", [False, True], ids=["named", "bare"])
def test_wherever_a_model_takes_a_picture_somebody_elses_is_refused(bare: bool) -> None:
    """The whole catalog: a field that is not looked at would hand over any picture whose hash is known."""
    run, own = a_run(), a_run((STOLEN,))
    for _, (route, name, value) in PLACES:
        asked = {"model": route.partition("/")[2] if bare else route, "prompt": "x", name: value}
        assert STOLEN in list(picture_places.pictures(asked)), (route, name, value)
        with pytest.raises(InvalidParams, match="which was not given to the run"):
            picture_places.check(run, STEP, asked)
        picture_places.check(own, STEP, asked)


@pytest.mark.parametrize(
    "source",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "HTTPS://example.com/a.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "photo.png",
        STOLEN[:12],
        STOLEN.upper(),
        "0" * 22,
        "",
        None,
        5,
        ["nested"],
        {"url": "x"},
    ],
)
def test_only_own_pictures_and_public_addresses_may_be_named(source: Any) -> None:
    run = a_run((OWN,))
    for asked in (
        {"model": "flux-2-pro", "references": [source]},
        {"model": "flux-2-pro", "references": [OWN, source]},
    ):
        with pytest.raises(InvalidParams, match=r"Step shots names .* as a picture"):
            picture_places.check(run, STEP, asked)
    picture_places.check(run, STEP, {"model": "flux-2-pro", "references": [OWN, "https://example.com/a.png"]})


def test_own_are_what_was_given_and_what_was_made() -> None:
    given_, more, made = "c" * 64, "d" * 64, "e" * 64
    run = a_run((OWN,), photos=[more])
    run.spec["results"]["first"] = {"images": [{"id": "1", "sha256": made}], "texts": [STOLEN]}
    for own in (OWN, given_, more, made):
        picture_places.check(run, STEP, {"model": "flux-2-pro", "references": [own]})
    for other in (STOLEN, "x"):
        with pytest.raises(InvalidParams):
            picture_places.check(run, STEP, {"model": "flux-2-pro", "references": [other]})
    words = a_run(words=STOLEN)
    with pytest.raises(InvalidParams):
        picture_places.check(words, STEP, {"model": "flux-2-pro", "references": [STOLEN]})


def test_a_message_shows_no_more_of_a_name_than_it_must() -> None:
    with pytest.raises(InvalidParams) as refused:
        picture_places.check(a_run(), STEP, {"model": "flux-2-pro", "references": ["x" * 10_000]})
    assert len(refused.value.detail) < 200
    assert refused.value.context["field"] == "steps.shots"


def test_a_model_that_is_none_is_said() -> None:
    for model in ("flux-99", "", None):
        with pytest.raises(UnknownModel):
            picture_places.places({"model": model, "references": ["x"]})


# taken in ------------------------------------------------------------------------------------------------------------


class Shelf:
    """Takes everything in, and remembers what."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    async def __call__(self, source: Any) -> Reference:
        self.taken.append(source)
        return Reference(sha256=f"{len(self.taken):064x}", name=str(source))


async def test_pictures_in_steps_are_taken_in_once_each_and_fields_are_left_for_later() -> None:
    found = read(
        """
version: 1
name: p
inputs: {photo: {kind: picture}, model: {kind: text, default: flux-2-pro}}
steps:
  - {name: a, do: edit, model: flux-2-pro, references: [one.png, "{{inputs.photo}}"], prompt: x}
  - {name: b, do: edit, model: "{{inputs.model}}", references: [two.png], prompt: x}
  - {name: c, do: edit, model: flux-99, references: [three.png], prompt: x}
  - {name: d, do: select, from: "{{steps.a.images}}"}
  - {name: e, do: tool, tool: fill, model: flux-pro-fill, references: "{{steps.d.image}}", mask: mask.png, prompt: x}
"""
    )
    shelf = Shelf()
    whole, own = await picture_places.taken(found, shelf)
    assert shelf.taken == ["one.png", "mask.png"]
    assert own == [f"{1:064x}", f"{2:064x}"]
    raw = {step["name"]: step for step in whole.raw["steps"]}
    assert raw["a"]["references"] == [own[0], "{{inputs.photo}}"]
    assert raw["e"]["mask"] == own[1]
    assert (raw["b"]["references"], raw["c"]["references"]) == (["two.png"], ["three.png"])
    assert found.raw["steps"][0]["references"][0] == "one.png", "the file itself is not changed"


async def test_inputs_are_taken_in_by_their_kind_and_nothing_else_is() -> None:
    found = read(
        """
version: 1
name: p
inputs:
  photo: {kind: picture, default: own.png}
  photos: {kind: pictures, default: []}
  words: {kind: text, default: photo.png}
steps: [{name: a, do: generate, model: flux-2-pro, prompt: x}]
"""
    )
    shelf = Shelf()
    assert await picture_places.inputs_taken(found, {"photos": "one.png", "words": "two.png"}, shelf) == {
        "photo": f"{1:064x}",
        "photos": [f"{2:064x}"],
        "words": "two.png",
    }
    assert shelf.taken == ["own.png", "one.png"]
    assert await picture_places.inputs_taken(found, {"photo": [], "photos": []}, Shelf()) == {
        "photo": None,
        "photos": [],
    }
    unknown = await picture_places.inputs_taken(found, {"colour": "x.png"}, shelf)
    assert unknown["colour"] == "x.png", "what is unknown is told by the inputs' own check"


words = st.text(max_size=8) | st.sampled_from([OWN, STOLEN, "https://e.com/a.png", "/etc/passwd"])
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["image_url", "x"]), inner, max_size=2),
    max_leaves=5,
)


@given(
    st.sampled_from(["flux-2-pro", "fal/flux-general", "flux-pro-fill"]),
    st.dictionaries(
        st.sampled_from(["references", "mask", "image_url", "image_urls", "ip_adapters", "fill_image", "x"]), json_like
    ),
)
def test_whatever_is_asked_for_nothing_is_let_through_that_is_not_own(model: str, asked: dict[str, Any]) -> None:
    run = a_run((OWN,))
    named = list(picture_places.pictures({**asked, "model": model}))
    foreign = [one for one in named if one != OWN and not str(one).startswith("https://")]
    try:
        picture_places.check(run, STEP, {**asked, "model": model})
    except InvalidParams:
        assert foreign
    else:
        assert not foreign
