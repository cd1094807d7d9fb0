"""What a conversation asks for: prompt and pictures, from messages as clients write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.rows import image

from fluxroom.errors import InvalidParams
from fluxroom.server.doors.links import Links
from fluxroom.server.doors.openai.conversation import Scene, scene_of
from fluxroom.store.images import StoredImage

LINKS = Links(b"k" * 32, "http://gateway:7860")
FOREIGN = "https://example.com/cat.png"
DATA = "data:image/png;base64,aGVsbG8="


def stored(number: int) -> StoredImage:
    return image(number, id=f"01kaz3x9f0m2n4p6q8r0s{number}")


def link(number: int) -> str:
    return LINKS.of(stored(number))


def user(text: str, *pictures: str) -> dict[str, Any]:
    parts = [{"type": "image_url", "image_url": {"url": one, "detail": "high"}} for one in pictures]
    return {"role": "user", "content": [{"type": "text", "text": text}, *parts]}


def made(*numbers: int) -> dict[str, Any]:
    return {"role": "assistant", "content": "\n\n".join(f"![a fox]({link(number)})" for number in numbers)}


def scene(*messages: Any, whole: bool = False) -> Scene:
    return scene_of(list(messages), LINKS, whole=whole)


def test_the_last_user_message_is_the_prompt() -> None:
    found = scene({"role": "system", "content": "Paint."}, user("a fox"), made(1), user("make it night"))
    assert (found.prompt, found.attached, found.before) == ("make it night", (), (link(1),))
    assert [note["name"] for note in found.notes] == ["messages.system", "messages"]


def test_text_in_several_parts_is_one_prompt() -> None:
    parts = [{"type": "text", "text": "a fox"}, {"type": "input_text", "text": "in snow"}, {"type": "text"}]
    assert scene({"role": "user", "content": parts}).prompt == "a fox\nin snow"


def test_without_a_picture_made_everything_attached_counts_newest_first() -> None:
    found = scene(user("one", DATA), {"role": "assistant", "content": "Go on."}, user("two", FOREIGN), user("both"))
    assert found.before == (FOREIGN, DATA)


def test_pictures_from_before_the_last_one_made_are_used_up() -> None:
    found = scene(user("combine", FOREIGN, DATA), made(1), user("now night"))
    assert found.before == (link(1),)
    everything = scene(user("combine", FOREIGN, DATA), made(1), user("now night"), whole=True)
    assert everything.before == (link(1), FOREIGN, DATA)


def test_of_several_that_were_made_the_last_one_is_meant() -> None:
    assert scene(user("foxes"), made(1, 2, 3), user("night")).before == (link(3),)
    assert scene(user("foxes"), made(1, 2, 3), user("night"), whole=True).before == (link(3), link(2), link(1))


def test_one_of_ours_that_is_attached_takes_the_place_of_the_last_one() -> None:
    found = scene(user("foxes"), made(1, 2), user("night", link(1)))
    assert (found.attached, found.before) == ((link(1),), ())


@pytest.mark.parametrize(
    "words",
    [
        "{} make it night",
        "make it night {}",
        "![the first]({}) make it night",
        "make ![]({}) it night",
        "<{}> make it night",
        '![x]({} "a title") make it night',
    ],
)
def test_a_link_of_ours_in_the_words_is_a_picture_and_no_words(words: str) -> None:
    found = scene(user("foxes"), made(1, 2), user(words.format(link(1))))
    assert found.attached == (link(1),)
    assert found.before == ()
    assert link(1) not in found.prompt
    assert "night" in found.prompt


def test_foreign_addresses_in_words_stay_words() -> None:
    found = scene(user(f"like ![this]({FOREIGN}) but in snow"))
    assert (found.attached, found.prompt) == ((), f"like ![this]({FOREIGN}) but in snow")
    forged = link(1).replace(LINKS.of(stored(1)).split("/")[5], "A" * 22)
    assert scene(user(f"{forged} night")).attached == ()


def test_the_same_picture_in_two_forms_of_one_message_counts_once() -> None:
    answer = {**made(1), "images": [{"type": "image_url", "image_url": {"url": link(1)}}]}
    assert scene(user("a fox"), answer, user("night"), whole=True).before == (link(1),)
    elsewhere = link(1).replace("gateway:7860", "pictures.example.com")
    answer = {**made(1), "images": [{"type": "image_url", "image_url": {"url": elsewhere}}]}
    assert len(scene(user("a fox"), answer, user("night"), whole=True).before) == 1


def test_pictures_embedded_in_an_answer_are_found() -> None:
    for answer in (
        {"role": "assistant", "content": f"![fox]({DATA})"},
        {"role": "assistant", "content": [{"type": "output_text", "text": f"![fox]({DATA})"}]},
        {"role": "assistant", "content": "", "images": [DATA]},
        {"role": "assistant", "content": [{"type": "image_url", "image_url": DATA}]},
        {
            "role": "assistant",
            "content": [{"type": "refusal", "refusal": "no"}],
            "images": [{"image_url": {"url": DATA}}],
        },
    ):
        assert scene(user("a fox"), answer, user("night")).before == (DATA,), answer


def test_what_is_said_after_the_last_user_message_is_not_asked_for() -> None:
    found = scene(user("a fox"), {"role": "assistant", "content": f"![fox]({DATA})"})
    assert (found.prompt, found.before) == ("a fox", ())


@pytest.mark.parametrize("heading", ["### Task:\nGenerate a title", "#### Task: tags", "\n# Task:\nfollow-ups"])
def test_chores_of_front_ends_are_known(heading: str) -> None:
    assert scene(user(heading)).is_chore
    assert not scene(user(f"a poster that says {heading}")).is_chore


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        (None, "messages"),
        ("hello", "messages"),
        ([], "messages"),
        ([{"role": "system", "content": "Paint."}], "messages"),
        ([7], "messages.0"),
        ([{"role": "narrator", "content": "x"}], "messages.0.role"),
        ([{"content": "x"}], "messages.0.role"),
        ([{"role": "user", "content": 7}], "messages.0.content"),
        ([{"role": "user", "content": ["x"]}], "messages.0.content.0"),
        ([{"role": "user", "content": [{"type": "video_url"}]}], "messages.0.content.0"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], "messages.0.content.0"),
        ([{"role": "function", "content": "7"}], "messages.0"),
        ([{"role": "assistant", "tool_calls": [{}]}], "messages.0"),
        ([{"role": "user", "content": "x", "images": [7]}], "messages.0.images"),
    ],
)
def test_what_is_no_conversation_is_refused_at_its_place(messages: Any, field: str) -> None:
    with pytest.raises(InvalidParams) as refused:
        scene_of(messages, LINKS, whole=False)
    assert refused.value.context["field"] == field


@pytest.mark.parametrize(
    "text",
    [
        "![" * 200_000,
        "![a](" * 200_000,
        "![a](b" + " " * 400_000 + ".",
        "![a](" + "b" * 1_000_000,
        "https://" * 100_000,
        "[" * 400_000,
        f"{link(1)} ![{'a' * 500_000}",
    ],
)
def test_no_text_takes_long_to_read(text: str) -> None:
    found = scene(user(f"/files/ data:image/ {text}"))
    assert len(found.prompt) > 100_000


@given(st.lists(st.sampled_from(["user", "user+", "made", "said"]), min_size=1, max_size=12))
def test_the_newest_comes_first_and_nothing_comes_twice(turns: list[str]) -> None:
    messages = []
    for number, turn in enumerate(turns):
        picture = f"https://example.com/{number}.png"
        messages.append({
            "user": user(f"say {number}"),
            "user+": user(f"say {number}", picture),
            "made": {"role": "assistant", "content": f"![x]({picture})", "images": [f"data:image/png;base64,{number}"]},
            "said": {"role": "assistant", "content": "Well."},
        }[turn])  # fmt: skip
    messages.append(user("last"))
    found, whole = (scene(*messages, whole=every) for every in (False, True))
    assert found.prompt == "last"
    assert len(set(whole.before)) == len(whole.before)
    assert whole.before[: len(found.before)] == found.before
    assert len(whole.before) == sum(turn in {"user+", "made"} for turn in turns)
    assert "made" not in turns[-1:] or len(found.before) == 1
