"""The fields of a chat in Fluxroom's words.

Chat programs send settings for text with every message (temperature, token limits, …). There is no text to make, so
these are left out and reported; what would change the answer itself (tools, JSON, sound) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fluxroom.catalog.sizes import PRESETS
from fluxroom.errors import InvalidParams
from fluxroom.flows import measures
from fluxroom.server.doors.openai.parameters import Reading, Wish, of_picture
from fluxroom.server.gateway import Gateway

_TEXT_ONLY = frozenset({
    "frequency_penalty", "include_reasoning", "keep_alive", "logit_bias", "logprobs", "max_completion_tokens",
    "max_tokens", "metadata", "min_p", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
    "prompt_cache_retention", "reasoning", "reasoning_effort", "repetition_penalty", "service_tier", "stop", "store",
    "temperature", "thinking", "top_a", "top_k", "top_logprobs", "top_p", "verbosity", "web_search_options",
})  # fmt: skip
"""Settings of text models, OpenAI's and those that other servers added; no FLUX endpoint has one of these names."""

_REFUSED: Mapping[str, str] = {
    "tools": "it calls no tools",
    "functions": "it calls no functions",
    "audio": "it makes no sound",
}


@dataclass(slots=True)
class ChatWish:
    """What a chat asks for beside its messages."""

    picture: Wish
    name: str  # the model as the client called it
    images: str  # "link" or "data"
    with_usage: bool
    whole: bool  # the pictures of the whole conversation may be used
    choice: Mapping[str, str] = field(default_factory=dict)  # `size` and `quality`, as in our own conversations


def of_chat(gateway: Gateway, body: Mapping[str, Any]) -> ChatWish:
    """What a body of `/chat/completions` asks for.

    Raises:
        UnknownModel: there is no such model.
        InvalidParams: something that a FLUX model cannot do.
    """
    read = Reading(body, gateway.settings.openai_unsupported)
    read.rest.pop("messages", None)
    for name in sorted(_TEXT_ONLY & read.rest.keys()):
        del read.rest[name]
        read.report(name, "it is a setting for text, and a FLUX model makes pictures")
    for name, why in _REFUSED.items():
        if given := read.rest.pop(name, None):
            read.refuse(name, given, why)
    for name in ("tool_choice", "function_call"):
        read.rest.pop(name, None)  # means nothing without tools
    _form_of_answer(read)
    _picture_settings(read)
    options = read.rest.pop("stream_options", None)
    images = read.take("images_as", str, gateway.settings.openai_chat_images)
    if images not in {"link", "data"}:
        raise InvalidParams("images_as is link or data.", field="images_as")
    choice = _choice(read)
    name = str(read.rest.get("model") or "")
    picture = of_picture(gateway, read.rest)
    picture.reported = [*read.reported, *picture.reported]
    return ChatWish(
        picture,
        name=name or picture.model,
        images=images,
        with_usage=isinstance(options, Mapping) and options.get("include_usage") is True,
        whole="max_references" in read.rest,
        choice=choice,
    )


def _choice(read: Reading) -> dict[str, str]:
    """A size as a ratio or a word, and a quality, which each model is asked for in its own words.

    What is a size to the model itself (`square`, `1536x1024`) stays one.
    """
    size, quality = read.rest.get("size"), read.rest.get("quality")
    chosen: dict[str, str] = {}
    if isinstance(size, str) and size not in PRESETS and (size in measures.SIZES or measures.RATIO.fullmatch(size)):
        chosen["size"] = read.rest.pop("size")
    if isinstance(quality, str) and quality in measures.QUALITIES:
        chosen["quality"] = read.rest.pop("quality")
    return chosen


def _form_of_answer(read: Reading) -> None:
    form = read.rest.pop("response_format", None)
    if isinstance(form, Mapping):
        if form.get("type", "text") != "text":
            read.refuse("response_format", form.get("type"), "it answers with pictures, not with JSON")
    elif form is not None:
        raise InvalidParams('response_format of a chat is an object such as {"type": "text"}.', field="response_format")
    kinds = read.take("modalities", list, [])
    if strange := [kind for kind in kinds if kind not in ("text", "image")]:
        read.refuse("modalities", strange, "it answers with pictures")


def _picture_settings(read: Reading) -> None:
    """`image_config: {aspect_ratio, image_size}`, as chat programs set pictures of other models."""
    config = read.rest.pop("image_config", None)
    if config is None:
        return
    if not isinstance(config, Mapping):
        raise InvalidParams("image_config is an object with aspect_ratio and image_size.", field="image_config")
    for name, value in config.items():
        if name == "aspect_ratio":
            read.rest["aspect_ratio"] = value
        elif name == "image_size":
            read.rest["resolution"] = value.lower() if isinstance(value, str) else value
        else:
            read.refuse(f"image_config.{name}", value, "it is not known here")
