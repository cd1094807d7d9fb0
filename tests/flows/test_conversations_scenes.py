"""Which pictures go along with a message, and what is said about the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxroom import catalog
from fluxroom.errors import UnknownModel
from fluxroom.flows.conversations.scenes import Turn, before, fitting, room
from fluxroom.types import PROVIDERS, Provider

BOTH = frozenset(PROVIDERS)
NOW = Turn("user")


def made(*pictures: str) -> Turn:
    return Turn("assistant", pictures)


def said(*pictures: str) -> Turn:
    return Turn("user", pictures)


def test_the_last_picture_made_goes_along() -> None:
    assert before(NOW, [made("b"), said(), made("a"), said()]) == ("b",)


def test_of_several_that_were_made_together_the_last_one() -> None:
    assert before(NOW, [made("a", "b", "c"), said()]) == ("c",)
    assert before(NOW, [made("a", "b", "c"), said()], whole=True) == ("c", "b", "a")


def test_what_was_given_since_goes_along_before_it() -> None:
    """An answer that was moderated has no picture: what was given for it is still wanted."""
    assert before(NOW, [made(), said("hat", "coat"), made("a"), said("old")]) == ("hat", "coat", "a")


def test_a_choice_takes_the_place_of_everything() -> None:
    chosen = Turn("user", ("a",), chosen=True)
    assert before(chosen, [made("b"), said("c")]) == ()
    assert before(chosen, [made("b"), said("c")], whole=True) == ("b", "c"), "unless the whole talk is asked for"


def test_an_attached_picture_that_is_no_choice_leaves_the_last_one_in_place() -> None:
    assert before(Turn("user", ("hat",)), [made("b")]) == ("b",)


def test_other_speakers_have_no_pictures_of_interest() -> None:
    assert before(NOW, [Turn("system", ("x",)), made("a")]) == ("a",)
    assert before(NOW, []) == ()


def test_no_more_is_looked_at_than_needed() -> None:
    looked: list[str] = []

    def turns() -> Iterator[Turn]:
        for name in ("c", "b", "a"):
            looked.append(name)
            yield made(name)

    assert before(NOW, turns()) == ("c",)
    assert looked == ["c"]


@given(
    st.lists(
        st.builds(
            Turn, st.sampled_from(["user", "assistant", "system"]), st.lists(st.sampled_from("abcdefgh"), max_size=3)
        ),
        max_size=10,
    ),
    st.booleans(),
)
def test_nothing_comes_twice_and_the_newest_first(turns: list[Turn], whole: bool) -> None:
    found = before(NOW, turns, whole=whole)
    assert len(set(found)) == len(found)
    everything = before(NOW, turns, whole=True)
    assert set(found) <= set(everything)
    if found and not whole:
        newest = next(turn for turn in turns if turn.role in {"user", "assistant"} and turn.pictures)
        assert found[0] in newest.pictures


@pytest.mark.parametrize(
    ("model", "providers", "mode", "number"),
    [
        ("flux-2-pro", BOTH, None, 9),
        ("flux-2-pro", {"bfl"}, None, 8),
        ("bfl/flux-2-pro", BOTH, None, 8),
        ("bfl/flux-2-pro", {"fal"}, None, 8),
        ("flux-2-flex", BOTH, None, 10),
        ("flux-2-klein-4b", BOTH, None, 4),
        ("flux-kontext-dev", BOTH, None, 1),
        ("fal-ai/flux-2/edit", BOTH, None, 4),
        ("flux-schnell", BOTH, None, 0),
        ("flux-schnell", BOTH, "vary", 1),
        ("flux-pro-1.1-ultra", BOTH, None, 0),
        ("flux-pro-redux", BOTH, None, 1),
        ("flux-pro-fill", BOTH, None, 1),
        ("flux-2-pro", BOTH, "generate", 9),
        ("flux-pro-new", BOTH, None, 0),
        ("flux-pro", BOTH, None, 0),
    ],
)
def test_how_many_a_model_takes_along(model: str, providers: set[Provider], mode: str | None, number: int) -> None:
    assert room(model, providers, mode=mode) == number


@pytest.mark.parametrize("model", sorted(catalog.models()))
def test_no_model_takes_more_than_its_routes_say(model: str) -> None:
    row = catalog.models()[model]
    limits = [route.max_references(mode) for route in row.routes.values() for mode in route.modes]
    assert 0 <= room(model, BOTH) <= max(limits, default=0)


def test_a_model_that_is_not_there_is_said() -> None:
    with pytest.raises(UnknownModel):
        room("flux-99", BOTH)


def test_the_oldest_are_left_out_and_told() -> None:
    fits = fitting(("c", "b", "a"), attached=0, most=2)
    assert (fits.pictures, fits.why) == (("c", "b"), "1 earlier picture(s) are left out: the model takes 2")
    assert fitting(("c", "b", "a"), attached=0, most=3).why == ""


def test_what_came_with_the_message_goes_first() -> None:
    fits = fitting(("c", "b"), attached=2, most=3)
    assert fits.pictures == ("c",)
    assert fitting(("c", "b"), attached=5, most=3).pictures == ()


def test_no_room_at_all_is_said_so() -> None:
    assert fitting(("a",), attached=0, most=0).why == "the model takes no pictures"
    assert fitting((), attached=0, most=0).why == ""
