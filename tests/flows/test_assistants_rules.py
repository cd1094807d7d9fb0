"""What holds for a message: whose word wins, what is allowed, and what it may cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxroom import catalog
from fluxroom.errors import BudgetExceeded, InvalidParams, NotFound, UnknownModel
from fluxroom.flows.assistants.files import Assistant, ChatModel
from fluxroom.flows.assistants.rules import Rules, rules
from fluxroom.flows.assistants.shelf import Kept, Shelf
from fluxroom.types import Request

SHIPPED = Shelf(Path("/nonexistent/assistants")).kept()


def on(*, assistant: dict[str, Any] | None = None, model: dict[str, Any] | None = None) -> Kept:
    """The shipped generator and pro, switched on and changed."""
    helper: Assistant = replace(SHIPPED.assistants["flux-image-generator"], enabled=True, **(assistant or {}))
    chat: ChatModel = replace(SHIPPED.models["flux-2-pro"], enabled=model is not None, **(model or {}))
    return Kept({helper.id: helper}, {chat.id: chat})


NAME = "flux-image-generator"


def test_the_nearer_word_wins() -> None:
    kept = on(
        assistant={"defaults": {"model": "flux-2-pro", "seed": 2, "safety_tolerance": 1}, "limits": {}},
        model={"defaults": {"seed": 1, "safety_tolerance": 0, "region": "eu"}},
    )
    assert rules(kept, NAME).asked == {
        "seed": 2, "safety_tolerance": 1, "region": "eu", "model": "bfl/flux-2-pro",
    }  # fmt: skip
    assert rules(kept, NAME, {"seed": 3}).asked["seed"] == 3
    assert rules(kept, NAME, {"seed": 3}, {"seed": 4}).asked["seed"] == 4
    assert rules(kept, NAME, {"seed": 3}, {"seed": None}).asked["seed"] == 3


def test_without_an_assistant_there_are_no_limits() -> None:
    held = rules(Kept(), "", {"model": "flux-2-max", "num_images": 50})
    assert held == Rules({"model": "flux-2-max", "num_images": 50})


def test_the_smaller_number_of_pictures_holds() -> None:
    for own, model, most in ((3, 5, 3), (5, 3, 3), (None, 4, 4), (4, None, 4), (None, None, None), (0, 4, 0)):
        limits = {} if own is None else {"references": own}
        kept = on(assistant={"limits": limits}, model={"references": model})
        assert rules(kept, NAME).references == most


@pytest.mark.parametrize("name", ["flux-2-pro", "bfl/flux-2-pro", "fal/flux-2-pro", "flux-2-klein-4b"])
def test_an_allowed_model_by_whatever_name(name: str) -> None:
    assert rules(on(), NAME, {"model": name}).asked["model"] == name


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"model": "flux-2-flex"}, InvalidParams, "works with flux-2-pro, flux-2-max, flux-2-klein-4b, and not with"),
        ({"model": "flux-99"}, InvalidParams, "and not with flux-99"),
        ({"model": ""}, InvalidParams, "needs a model"),
        ({"model": 7}, InvalidParams, "needs a model"),
        ({"num_images": 5}, InvalidParams, "num_images 5 is above 4"),
    ],
)
def test_what_an_assistant_does_not_allow(said: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        rules(on(), NAME, said)


def test_who_is_not_there_or_off() -> None:
    with pytest.raises(NotFound):
        rules(Kept(), NAME)
    with pytest.raises(InvalidParams, match="is switched off"):
        rules(SHIPPED, NAME)
    with pytest.raises(UnknownModel):
        rules(on(), "", {"model": "flux-99"})
    with pytest.raises(InvalidParams, match="needs a model"):
        rules(on(), "")


def test_a_chat_model_is_the_catalogs_while_it_is_off() -> None:
    assert rules(on(), "", {"model": "flux-2-pro"}).asked == {"model": "flux-2-pro"}
    held = rules(on(model={}), "", {"model": "flux-2-pro"})
    assert held.asked["model"] == "bfl/flux-2-pro"
    assert held.asked["image_size"] == {"width": 1024, "height": 1024}
    assert rules(on(model={}), "", {"model": "bfl/flux-2-pro"}).asked == {"model": "bfl/flux-2-pro"}


@given(
    st.dictionaries(st.sampled_from(["size", "quality", "seed", "image_size", "aspect_ratio"]), st.text(max_size=5)),
    st.dictionaries(st.sampled_from(["size", "quality", "seed", "image_size", "aspect_ratio"]), st.text(max_size=5)),
)
def test_what_a_message_says_is_always_what_is_asked(settings: dict[str, str], message: dict[str, str]) -> None:
    asked = rules(Kept(), "", {"model": "flux-2-pro", **settings}, message).asked
    assert {name: asked[name] for name in message} == message


def plan_of(model: str, **params: Any) -> Any:
    provider = next(iter(catalog.models()[model].routes))
    return catalog.check(Request(model=model, prompt="a fox", params=params), provider=provider)


def test_a_message_costs_no_more_than_it_may() -> None:
    plan = plan_of("flux-2-pro")
    assert plan.quote.high is not None
    Rules({}).check_price(plan)
    Rules({}, dollars=plan.quote.high).check_price(plan)
    with pytest.raises(
        BudgetExceeded, match=r"costs \$0\.03 for this; the assistant allows \$0\.02 a message"
    ) as refused:
        Rules({}, dollars=Decimal("0.02")).check_price(plan)
    assert refused.value.charge == "not_charged"
    assert refused.value.context == {"provider": "bfl", "model": "flux-2-pro"}


def test_what_nobody_can_price_is_not_sent_where_there_is_a_limit() -> None:
    plan = plan_of("flux-2-pro")
    unpriced = replace(plan, quote=replace(plan.quote, high=None))
    Rules({}).check_price(unpriced)
    with pytest.raises(BudgetExceeded, match="costs at least"):
        Rules({}, dollars=Decimal(100)).check_price(unpriced)
