"""The options of a request, and what they become: prompt and options as the library takes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from fluxroom.cli.completing import complete_models
from fluxroom.cli.sections import Option
from fluxroom.types import MODES, ROUTINGS

MODEL = "Model and reference"
PICTURE = "Picture"
CONTROL = "Guidance and safety"
MORE = "Anything else"

_Spec = tuple[str, str, dict[str, Any]]
"""Heading, how it is typed with the name that it has here last, and what click is told."""

# Ranges and choices are not repeated here: each endpoint has its own, and the catalog checks against those.
_OPTIONS: tuple[_Spec, ...] = (
    (MODEL, "-m --model model", {"shell_complete": complete_models, "help": "flux-2-pro, or a route: fal/flux-2-pro."}),
    (MODEL, "-r --reference references", {"multiple": True, "help": "File or https URL; repeat, in order."}),
    (MODEL, "--mask mask", {"metavar": "FILE", "help": "White where the picture may change."}),
    (MODEL, "--mode mode", {"help": f"Told by the rest of the request, or: {', '.join(MODES)}."}),
    (MODEL, "--max-references max_references", {"type": int, "help": "Send only the first so many references."}),
    (MODEL, "--prompt-file prompt_file", {"metavar": "FILE", "help": "Prompt from text or JSON; - is standard input."}),
    (PICTURE, "--size --image-size image_size", {"help": "1536x1024, a preset (landscape_4_3 …) or auto."}),
    (PICTURE, "--aspect-ratio aspect_ratio", {"metavar": "W:H", "help": "Such as 16:9; --size wins over it."}),
    (PICTURE, "--resolution resolution", {"help": "Such as 1K or 2MP, where the model has it."}),
    (PICTURE, "--seed seed", {"type": int, "help": "The same seed and request give the same picture."}),
    (PICTURE, "-n --num-images num_images", {"type": int, "help": "How many pictures to make."}),
    (
        PICTURE,
        "--output-format output_format",
        {"metavar": "FORMAT", "help": "png, jpeg or webp, as the model has it."},
    ),
    (CONTROL, "--negative-prompt negative_prompt", {"help": "What should not be in the picture."}),
    (CONTROL, "--guidance-scale guidance_scale", {"type": float, "help": "How closely it follows the prompt."}),
    (CONTROL, "--steps --num-inference-steps num_inference_steps", {"type": int, "help": "Denoising steps."}),
    (CONTROL, "--strength strength", {"type": float, "help": "How far an edit may go from its reference."}),
    (CONTROL, "--expand-prompt/--no-expand-prompt enable_prompt_expansion", {"help": "Let the provider rewrite it."}),
    (
        CONTROL,
        "--safety-tolerance safety_tolerance",
        {"type": int, "help": "What moderation lets pass; higher is more."},
    ),
    (CONTROL, "--safety-checker/--no-safety-checker enable_safety_checker", {"help": "fal's safety checker."}),
    (CONTROL, "--grounding/--no-grounding grounding", {"help": "Let the model search the web, where it has a switch."}),
    (CONTROL, "--raw/--no-raw raw", {"help": "Less processed, more natural pictures."}),
    (CONTROL, "--acceleration acceleration", {"help": "Faster at some cost in quality: none, regular, high."}),
    (CONTROL, "--scheduler scheduler", {"help": "The sampler's schedule."}),
    (CONTROL, "--lora loras", {"multiple": True, "metavar": "PATH[:SCALE]", "help": "A LoRA; may be repeated."}),
    (
        MORE,
        "-p --param param",
        {"multiple": True, "metavar": "NAME=VALUE", "help": "Any other parameter of the model."},
    ),
    (MORE, "--extra extra", {"multiple": True, "metavar": "PROVIDER.FIELD=VALUE", "help": "A field nobody knows yet."}),
    (MORE, "--region region", {"type": click.Choice(["global", "eu", "us"]), "help": "Where BFL works on it."}),
    (
        MORE,
        "--routing routing",
        {"type": click.Choice(ROUTINGS), "help": "Which provider, where -m names only the model."},
    ),
    (
        MORE,
        "--cache cache",
        {"type": click.Choice(["on", "off"]), "help": "Give the picture of the same request and seed again, free."},
    ),
    (MORE, "--run run", {"help": "A name for what belongs together; budgets and sums are kept by it."}),
    (MORE, "--priority priority", {"type": int, "help": "Higher goes first; 10 when nothing is said."}),
    (MORE, "--idempotency-key idempotency_key", {"help": "The same key and request lead to the same pictures."}),
    (
        MORE,
        "--on-unsupported on_unsupported",
        {"type": click.Choice(["error", "report"]), "help": "Refuse what the model lacks, or leave it out and say so."},
    ),
)

_OWN = ("prompt", "prompt_file", "loras", "param", "extra", "references")
"""Options that are worked on here before the library gets them."""


def request_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command every option of a request."""
    return options_without()(function)


def options_without(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command every option of a request but these, which it has its own way to ask for."""

    def give(function: Callable[..., Any]) -> Callable[..., Any]:
        for section, words, options in reversed(_OPTIONS):
            if words.split()[-1] in names:
                continue
            flag = {"default": None} if "/" in words else {}
            function = click.option(*words.split(), cls=Option, section=section, **flag, **options)(function)
        return function

    return give


def request_names() -> frozenset[str]:
    """The names under which a command receives the options of a request."""
    return frozenset(words.split()[-1] for _, words, _ in _OPTIONS) | {"prompt"}


def read_request(given: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Prompt and options for `AsyncClient.plan` from what was typed.

    Raises:
        click.UsageError: something was typed in a form that cannot be read.
    """
    named = request_names()
    options = {name: value for name, value in given.items() if name in named - {*_OWN} and value not in {None, ()}}
    options["references"] = list(given.get("references") or ())
    if given.get("loras"):
        options["loras"] = [_lora(text) for text in given["loras"]]
    if str(options.get("image_size", "")).startswith("{"):
        options["image_size"] = typed(options["image_size"])
    for text in given.get("param") or ():
        name, value = pair(text, "-p")
        if name in options:
            raise click.UsageError(f"{name} is given twice: with its own option and with -p.")
        options[name] = value
    extra = _extra(given.get("extra") or ())
    if extra:
        options["extra"] = extra
    return _prompt(given.get("prompt"), given.get("prompt_file")), options


def pair(text: str, option: str) -> tuple[str, Any]:
    """Name and value of NAME=VALUE.

    Raises:
        click.UsageError: it is not of that form; `option` is where it was given.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.UsageError(f"{option} takes NAME=VALUE, not {text!r}.")
    return name.strip().replace("-", "_"), typed(value)


def typed(text: str) -> Any:
    """JSON when it is JSON, else the text as it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _lora(text: str) -> dict[str, Any]:
    """`path:0.8` is a path and a scale; the colon of an address is no scale."""
    path, colon, scale = text.rpartition(":")
    if colon and path:
        try:
            return {"path": path, "scale": float(scale)}
        except ValueError:
            pass
    return {"path": text}


def _extra(texts: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        provider, dot, rest = text.partition(".")
        if not dot or "=" in provider:
            raise click.UsageError(f"--extra takes PROVIDER.FIELD=VALUE, not {text!r}.")
        name, value = pair(rest, "--extra")
        found.setdefault(provider, {})[name] = value
    return found


def _prompt(words: str | None, file: str | None) -> Any:
    if file is None:
        return words
    if words:
        raise click.UsageError("Give the prompt in words or with --prompt-file, not both.")
    try:
        text = sys.stdin.read() if file == "-" else Path(file).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "it is not text in UTF-8"
        raise click.UsageError(f"--prompt-file {file}: {reason}.") from error
    structured = typed(text) if text.lstrip().startswith("{") else None
    if file.endswith(".json") and not isinstance(structured, dict):
        raise click.UsageError(f"--prompt-file {file}: it must hold one JSON object.")
    return structured if isinstance(structured, dict) else text.strip()
