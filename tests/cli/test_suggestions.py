"""What to try instead: the other provider, another variant, FLUX.1 (R56)."""

from __future__ import annotations

import pytest

from fluxroom import catalog
from fluxroom.cli.problems import sentence
from fluxroom.cli.suggestions import suggestions
from fluxroom.errors import (
    FluxroomError,
    InsufficientCredits,
    InvalidParams,
    MissingKey,
    ModeratedInput,
    ProviderError,
    RateLimited,
    SubmitUnknown,
    Unavailable,
    WaitEnded,
    tree,
)


def models_of(found: list[str]) -> list[str]:
    return [line.split()[1] for line in found]


def test_the_same_model_at_the_other_provider_comes_first() -> None:
    assert models_of(suggestions(Unavailable(), "bfl/flux-2-pro"))[0] == "fal/flux-2-pro"
    assert models_of(suggestions(RateLimited(), "fal/flux-2-pro"))[0] == "bfl/flux-2-pro"


def test_another_variant_and_flux_1_follow() -> None:
    found = models_of(suggestions(ProviderError(), "fal/flux-2-dev"))
    rows = [catalog.models()[name] for name in found]
    assert [row.family for row in rows] == ["flux-2", "flux-1"]
    assert all("generate" in row.modes and row.status == "active" for row in rows)
    assert "flux-2-dev" not in found


@pytest.mark.parametrize("error", [InsufficientCredits(), MissingKey()])
def test_a_closed_door_suggests_nothing_behind_it(error: FluxroomError) -> None:
    for route in ("bfl/flux-2-pro", "fal/flux-2-pro", "fal/flux-schnell", "bfl/flux-2-max"):
        provider = route.split("/")[0]
        found = models_of(suggestions(error, route))
        assert found
        assert not [name for name in found if name.startswith(f"{provider}/")]
        for name in found:
            assert catalog.find(name)


@pytest.mark.parametrize("error", [InvalidParams(), ModeratedInput(), SubmitUnknown(), WaitEnded()])
def test_no_suggestion_where_it_would_not_help_or_pay_twice(error: FluxroomError) -> None:
    assert suggestions(error, "bfl/flux-2-pro") == []


def test_no_route_no_suggestion() -> None:
    assert suggestions(Unavailable(), "") == []
    assert suggestions(Unavailable(), "acme/nothing") == []


def test_every_route_gets_routes_that_exist() -> None:
    for row in catalog.models().values():
        for route in row.routes.values():
            for name in models_of(suggestions(Unavailable(), route.name)):
                catalog.find(name)


@pytest.mark.parametrize("kind", tree(), ids=lambda kind: kind.code)
def test_every_error_is_one_line_with_a_next_step(kind: type[FluxroomError]) -> None:
    text = sentence(kind("It went wrong.", model="flux-2-pro", job="0123456789abcdefghjkmn"))
    assert "\n" not in text
    assert "It went wrong — " in text
    assert "MODEL`" not in text
    assert " ID`" not in text


def test_a_detail_that_repeats_the_sentence_is_said_once() -> None:
    text = sentence(SubmitUnknown("The provider may or may not have taken the job: dropped."))
    assert text.count("may or may not") == 1
    assert text.endswith("(Whether it was charged is not known.)")
