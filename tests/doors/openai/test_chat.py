"""Conversations in which a FLUX model answers with pictures, with OpenAI's own client over sockets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion
from tests.doors.openai.worlds import FAST, World, opened, photo, uri, world
from tests.worlds import submits

from fluxroom.engine.accounting import Accounting, checked_budget

pytestmark = pytest.mark.anyio


def user(text: str, *pictures: str) -> dict[str, Any]:
    if not pictures:
        return {"role": "user", "content": text}
    parts = [{"type": "image_url", "image_url": {"url": picture}} for picture in pictures]
    return {"role": "user", "content": [{"type": "text", "text": text}, *parts]}


async def say(door: World, *messages: dict[str, Any], model: str = FAST, **more: Any) -> ChatCompletion:
    client: Any = door.openai()
    made: ChatCompletion = await client.chat.completions.create(model=model, messages=list(messages), **more)
    return made


def shown(made: ChatCompletion) -> list[str]:
    """The addresses in the list of pictures."""
    extra = made.choices[0].message.model_extra or {}
    return [one["image_url"]["url"] for one in extra.get("images", [])]


def facts(made: Any) -> dict[str, Any]:
    found: dict[str, Any] = made.model_extra["fluxroom"]
    return found


def sent_references(door: World) -> list[str]:
    body = submits(door.box)[-1]["body"]
    return [value for name, value in sorted(body.items()) if name.startswith("input_image")]


async def references_of(door: World, made: Any) -> list[str]:
    found = await door.client.engine.snapshot(facts(made)["generation"])
    return [reference["sha256"] for reference in found.generation.references]


async def test_an_answer_is_a_picture_as_a_list_and_as_markdown(door: World) -> None:
    made = await say(door, user("a red fox"))
    (choice,) = made.choices
    assert (choice.finish_reason, choice.message.role, choice.message.refusal) == ("stop", "assistant", None)
    (address,) = shown(made)
    assert choice.message.content == f"![a red fox]({address})"
    status, headers, data = await door.bytes_at(address)
    assert (status, headers["cross-origin-resource-policy"]) == (200, "cross-origin")
    assert opened(data).size == (1024, 768)
    assert made.usage is not None
    assert made.usage.total_tokens == 0
    assert facts(made)["sandbox"] is True
    assert submits(door.box)[-1]["body"]["prompt"] == "a red fox"


async def test_pictures_as_data_uris_where_links_do_not_reach(tmp_path: Path, door: World) -> None:
    made = await say(door, user("a fox"), extra_body={"images_as": "data"})
    head, _, body = shown(made)[0].partition(",")
    assert head == "data:image/png;base64"
    assert opened(body).size == (1024, 768)
    async with world(tmp_path / "other", openai_chat_images="data") as other:
        assert shown(await say(other, user("a fox")))[0].startswith("data:image/png;base64,")


async def test_make_it_night_changes_the_picture_that_was_just_made(door: World) -> None:
    first = await say(door, user("a red fox"))
    answer = {"role": "assistant", "content": first.choices[0].message.content}
    second = await say(door, user("a red fox"), answer, user("make it night"))
    assert await references_of(door, second) == [facts(first)["images"][0]["sha256"]]
    assert submits(door.box)[-1]["body"]["prompt"] == "make it night"
    third = await say(
        door,
        user("a red fox"),
        answer,
        user("make it night"),
        {"role": "assistant", "content": second.choices[0].message.content},
        user("and snow"),
    )
    assert await references_of(door, third) == [facts(second)["images"][0]["sha256"]]
    assert {note["name"] for note in facts(third)["not_sent"]} == {"messages"}


async def test_the_picture_comes_back_in_whatever_form_a_client_keeps_it(door: World) -> None:
    first = await say(door, user("a red fox"), extra_body={"images_as": "data"})
    content = first.choices[0].message.content or ""
    (link,) = re.findall(r"\((http[^)]+)\)", content)
    as_data = [{"type": "image_url", "image_url": {"url": shown(first)[0]}}]
    for answer in (
        {"role": "assistant", "content": content},
        {"role": "assistant", "content": None, "images": as_data},
        {"role": "assistant", "content": f"Here it is: {link}"},
        {"role": "assistant", "content": f"![fox]({shown(first)[0]})"},
        {"role": "assistant", "content": [{"type": "text", "text": content}]},
        {"role": "assistant", "content": f"![fox]({link.replace('127.0.0.1', 'pictures.example')})"},
    ):
        made = await say(door, user("a red fox"), answer, user("make it night"))
        assert await references_of(door, made) == [facts(first)["images"][0]["sha256"]], answer


async def test_what_was_attached_comes_before_what_was_made(door: World) -> None:
    first = await say(door, user("a red fox"))
    answer = {"role": "assistant", "content": first.choices[0].message.content}
    made = await say(door, user("a red fox"), answer, user("put on this hat", uri(photo("red"))))
    hat, fox = await references_of(door, made)
    assert fox == facts(first)["images"][0]["sha256"]
    assert hat != fox


async def test_everything_attached_since_the_last_picture_is_taken(door: World) -> None:
    first = await say(door, user("combine", uri(photo("red")), uri(photo("blue"))))
    red, blue = await references_of(door, first)
    answer = {"role": "assistant", "content": first.choices[0].message.content}
    history = [user("combine", uri(photo("red")), uri(photo("blue"))), answer, user("and this", uri(photo("gold")))]
    later = await say(door, *history, {"role": "assistant", "content": "Which one?"}, user("in the middle"))
    gold, last = await references_of(door, later)
    assert last == facts(first)["images"][0]["sha256"]
    assert gold not in {red, blue, last}
    everything = await say(door, *history, user("in the middle"), extra_body={"max_references": 4})
    assert await references_of(door, everything) == [gold, last, red, blue]


async def test_one_of_several_is_chosen_by_its_link(door: World) -> None:
    first = await say(door, user("a red fox"), n=3)
    assert len(shown(first)) == 3
    assert (first.choices[0].message.content or "").count("![") == 3
    answer = {"role": "assistant", "content": first.choices[0].message.content}
    second = await say(door, user("a red fox"), answer, user("make it night", shown(first)[1]))
    assert await references_of(door, second) == [facts(first)["images"][1]["sha256"]]
    assert submits(door.box)[-1]["body"]["prompt"] == "make it night"
    written = await say(door, user("a red fox"), answer, user(f"{shown(first)[0]} make it night"))
    assert await references_of(door, written) == [facts(first)["images"][0]["sha256"]]
    assert submits(door.box)[-1]["body"]["prompt"] == "make it night"


async def test_pictures_are_cut_to_what_the_model_takes_and_that_is_said(door: World) -> None:
    pictures = [user("this one", uri(photo(colour))) for colour in ("red", "gold", "blue", "green", "pink")]
    made = await say(door, *pictures[:-1], user("all of them", uri(photo("pink"))), model="fal/flux-2-dev")
    assert len(await references_of(door, made)) == 4
    assert "messages.images" in {note["name"] for note in facts(made)["not_sent"]}
    with pytest.raises(openai.BadRequestError, match="up to 4"):
        await say(
            door,
            user("all", *[uri(photo(c)) for c in ("red", "gold", "blue", "green", "pink")]),
            model="fal/flux-2-dev",
        )


async def test_a_stream_tells_the_way_and_ends_with_the_picture(door: World) -> None:
    client: Any = door.openai()
    stream = await client.chat.completions.create(
        model="flux-2-pro", messages=[user("a red fox")], stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    told = "".join((delta.model_extra or {}).get("reasoning_content", "") for delta in deltas)
    assert told.startswith("FLUX.2 [pro]: about 5 s, $0.03\n")
    content = "".join(delta.content or "" for delta in deltas)
    (link,) = re.findall(r"!\[a red fox\]\((http[^)]+)\)", content)
    (images,) = [delta.model_extra["images"] for delta in deltas if (delta.model_extra or {}).get("images")]
    assert images[0]["image_url"]["url"] == link
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens == 0
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"


async def test_a_stream_with_data_uris(door: World) -> None:
    client: Any = door.openai()
    stream = await client.chat.completions.create(
        model=FAST, messages=[user("a fox")], stream=True, extra_body={"images_as": "data"}
    )
    deltas = [chunk.choices[0].delta async for chunk in stream]
    (images,) = [delta.model_extra["images"] for delta in deltas if (delta.model_extra or {}).get("images")]
    assert opened(images[0]["image_url"]["url"].partition(",")[2]).size == (1024, 768)


@pytest.mark.parametrize("word", ["moderate-me", "moderate-me-output"])
async def test_moderation_is_a_refusal(door: World, word: str) -> None:
    made = await say(door, user(word))
    message = made.choices[0].message
    assert message.refusal
    assert message.content == message.refusal
    assert made.choices[0].finish_reason == "content_filter"
    client: Any = door.openai()
    stream = await client.chat.completions.create(model=FAST, messages=[user(f"{word} again")], stream=True)
    last = [chunk.choices[0] async for chunk in stream][-2:]
    assert last[0].delta.refusal == last[0].delta.content
    assert last[1].finish_reason == "content_filter"


async def test_a_failed_job_is_an_error_plain_and_streamed(door: World) -> None:
    with pytest.raises(openai.APIStatusError) as failed:
        await say(door, user("a fox [[fault:error]]"))
    assert failed.value.status_code == 424
    client: Any = door.openai()
    stream = await client.chat.completions.create(model=FAST, messages=[user("a wolf [[fault:error]]")], stream=True)
    with pytest.raises(openai.APIError):
        _ = [chunk async for chunk in stream]


async def test_a_budget_is_an_error_before_anything_is_streamed(door: World) -> None:
    engine = door.client.engine
    await Accounting(engine.store, engine.accounts).set_budget(checked_budget("owner:local", "day", "0.000001"))
    for stream in (False, True):
        with pytest.raises(openai.RateLimitError):
            await say(door, user("a fox"), stream=stream)
    assert submits(door.box) == []


async def test_settings_of_text_models_are_reported_and_parameters_of_the_model_sent(door: World) -> None:
    made = await say(
        door,
        {"role": "system", "content": "You are a painter."},
        user("a fox"),
        model="bfl/flux-2-flex",
        temperature=0.7,
        max_tokens=4096,
        top_p=0.9,
        seed=11,
        extra_body={"guidance_scale": 4.5, "size": "640x480", "image_config": {"aspect_ratio": "1:1"}},
    )
    body = submits(door.box)[-1]["body"]
    assert (body["seed"], body["guidance"], body["width"], body["height"]) == (11, 4.5, 640, 480)
    left_out = {note["name"] for note in facts(made)["not_sent"]}
    assert left_out == {"temperature", "max_tokens", "top_p", "messages.system", "aspect_ratio"}


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "assistant", "content": "hello"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content.0"),
        ({"messages": [{"role": "tool", "content": "7"}, {"role": "user", "content": "x"}]}, "messages.0"),
        ({"messages": ["hello"]}, "messages.0"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content.0"),
        ({"images_as": "postcard"}, "images_as"),
        ({"guidence": 3}, "guidence"),
        ({"n": 0}, "n"),
    ],
)
async def test_what_a_flux_model_cannot_do_in_a_chat_is_refused(door: World, given: dict[str, Any], param: str) -> None:
    body = {"model": FAST, "messages": [user("a fox")], **given}
    status, _, told = await door.call("/openai/v1/chat/completions", body)
    assert (status, told["error"]["type"]) == (400, "invalid_request_error")
    assert told["error"]["param"] == param
    assert submits(door.box) == []


async def test_a_model_that_needs_a_picture_asks_for_one(door: World) -> None:
    made = await say(door, user("sharpen it"), model="flux-deblur")
    assert "Attach one" in (made.choices[0].message.content or "")
    assert made.choices[0].finish_reason == "stop"
    client: Any = door.openai()
    stream = await client.chat.completions.create(model="flux-deblur", messages=[user("sharpen it")], stream=True)
    told = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert "Attach one" in told
    empty = await say(door, user("", uri(photo())))
    assert "Say what" in (empty.choices[0].message.content or "")
    assert submits(door.box) == []
    sharp = await say(door, user("sharpen it", uri(photo())), model="flux-deblur")
    assert shown(sharp)
    assert "prompt" in {note["name"] for note in facts(sharp)["not_sent"]}


async def test_titles_and_tags_for_a_front_end_cost_nothing(door: World) -> None:
    chore = "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history."
    made = await say(door, user(chore))
    assert "no titles" in (made.choices[0].message.content or "")
    assert submits(door.box) == []


@pytest.mark.parametrize("address", ["http://169.254.169.254/x.png", "https://localhost/x.png", "file:///etc/passwd"])
async def test_an_address_in_a_message_goes_through_the_same_guard(door: World, address: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await say(door, user("make it night", address))
    assert refused.value.code == "invalid_reference"


async def test_a_made_up_link_of_ours_opens_nothing(door: World) -> None:
    made = await say(door, user("a red fox"))
    (address,) = shown(made)
    image, proof = address.split("/files/")[1].split("/")[:2]
    forged = address.replace(proof, "A" * len(proof))
    assert (await door.bytes_at(forged))[0] == 404
    other = address.replace(image, image[:-1] + ("0" if image[-1] != "0" else "1"))
    assert (await door.bytes_at(other))[0] == 404
    second = await say(door, {"role": "assistant", "content": f"![fox]({forged})"}, user("make it night"))
    assert await references_of(door, second) == []


async def test_size_and_quality_as_in_our_own_conversations(door: World) -> None:
    route = f"bfl/{FAST}"  # elsewhere it can do more
    made = await say(door, user("a red fox"), model=route, extra_body={"size": "16:9", "quality": "high"})
    body = submits(door.box)[-1]["body"]
    assert (body["width"], body["height"]) == (2720, 1536)
    notes = {one["name"]: one["why"] for one in facts(made)["not_sent"]}
    assert notes["quality"] == "quality high: made at 2k, the most that the model does"
    night = user("make it night")
    edited = await say(
        door,
        user("a red fox"),
        {"role": "assistant", "content": made.choices[0].message.content},
        night,
        model=route,
        extra_body={"quality": "low"},
    )
    body = submits(door.box)[-1]["body"]
    assert facts(edited)["mode"] == "edit"
    assert (body["width"], body["height"]) == (1360, 768), "an edit keeps the shape of its picture"
    assert "quality" not in {one["name"] for one in facts(edited)["not_sent"]}


async def test_a_size_of_the_models_own_stays_one(door: World) -> None:
    await say(door, user("a red fox"), extra_body={"size": "square"})
    body = submits(door.box)[-1]["body"]
    assert (body["width"], body["height"]) == (512, 512)
    await say(door, user("a red fox"), extra_body={"size": "1536x1024", "quality": "auto"})
    body = submits(door.box)[-1]["body"]
    assert (body["width"], body["height"]) == (1536, 1024)


async def test_a_quality_that_a_model_has_no_word_for_is_refused_or_told(door: World) -> None:
    model = "fal/flux-kontext-pro"
    with pytest.raises(openai.BadRequestError) as refused:
        await say(door, user("a red fox"), model=model, extra_body={"quality": "medium"})
    assert "ratio" in str(refused.value)
    made = await say(door, user("a red fox"), model=model, extra_body={"quality": "medium", "on_unsupported": "report"})
    assert "resolution" in {one["name"] for one in facts(made)["not_sent"]}
    with pytest.raises(openai.BadRequestError):
        await say(door, user("a red fox"), extra_body={"quality": "best"})


async def test_words_alone_are_still_free_where_a_prompt_is_wanting(door: World) -> None:
    made = await say(door, user(""), extra_body={"quality": "high"})
    assert made.choices[0].message.content == "Say what the picture shall show, or what shall change in it."
    assert submits(door.box) == []
