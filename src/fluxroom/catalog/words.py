"""What a caller wrote, in canonical words: aliases, wire names and the seeds' old names become one name each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fluxroom.catalog.wire import Endpoint, Field
from fluxroom.errors import InvalidParams, InvalidReference
from fluxroom.types import JSON, Reference, Request

CANONICAL = (
    "prompt", "references", "mask", "image_size", "aspect_ratio", "resolution", "seed", "num_images", "guidance_scale",
    "num_inference_steps", "strength", "output_format", "enable_prompt_expansion", "safety_tolerance",
    "enable_safety_checker", "negative_prompt", "loras", "acceleration", "scheduler", "raw", "grounding",
    "region", "max_references",
)  # fmt: skip
"""The field's usual words; every endpoint's further fields are parameters under their own names."""

ALIASES: Mapping[str, str] = {
    **dict.fromkeys(
        ("image_url", "image_urls", "image", "images", "image_prompt", "reference_images", "reference_image_urls"),
        "references",
    ),
    **{f"input_image{suffix}": "references" for suffix in ("", "s", *(f"_{n}" for n in range(2, 11)))},
    "enable_grounded_generation": "grounding",
    "enable_grounding": "grounding",
    "enhance_prompt": "enable_prompt_expansion",
    "guidance": "guidance_scale",
    "image_strength": "strength",
    "mask_url": "mask",
    "mask_image": "mask",
    "mask_image_url": "mask",
    "prompt_upsampling": "enable_prompt_expansion",
    "steps": "num_inference_steps",
}
"""Other words for a canonical parameter, taken everywhere."""

INVERTED = {"disable_pup": "enable_prompt_expansion"}
"""Words that say the opposite."""

_OLD = re.compile(r"(?:flux_?2?_?)?(\w+)")
_PLURAL = re.compile(r"input_image_(\d+)")


@dataclass(slots=True)
class Asked:
    """A request in canonical words. `values` holds no references; `references` has them in order."""

    values: dict[str, JSON] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    sides: dict[str, JSON] = field(default_factory=dict)  # width and height, given one by one


def read(request: Request, endpoint: Endpoint) -> Asked:
    """The parameters of a request under canonical names. A parameter that is None counts as not given.

    Raises:
        InvalidParams: a parameter was given twice, under two names and with two values.
        InvalidReference: a picture is not a `Reference` and not an https address.
    """
    asked = Asked(references=list(request.references))
    placed: dict[int, Reference] = {}
    for name, value in request.params.items():
        if value is None:
            continue
        canonical, wired = _meaning(name, endpoint, asked)
        if canonical == "references":
            place = wired.place if wired is not None else _place(name)
            _take(asked, placed, place, name, value)
        elif canonical in {"width", "height"}:
            asked.sides[canonical] = value
        else:
            _put(asked, canonical, _value(name, canonical, value, wired), name)
    for place in sorted(placed):
        asked.references.insert(place - 1, placed[place])
    if request.prompt is not None:
        _put(asked, "prompt", request.prompt, "prompt")
    return asked


def meaning(name: str) -> str:
    """The canonical parameter that a word means wherever it is used; the word itself where none is known.

    >>> meaning("fluxGuidanceScale"), meaning("image_urls"), meaning("nag_scale")
    ('guidance_scale', 'references', 'nag_scale')
    """
    known = name in CANONICAL or name in ALIASES
    return ALIASES.get(name, name) if known else _bare(name)


def old_names(names: Iterable[str], endpoint: Endpoint) -> dict[str, str]:
    """Those of the names that are not used any more, with what they are called now.

    >>> from fluxroom.catalog import endpoint
    >>> old_names(["fluxGuidanceScale", "seed"], endpoint("bfl", "flux-2-flex"))
    {'fluxGuidanceScale': 'guidance_scale'}
    """
    asked = Asked()
    for name in names:
        _meaning(name, endpoint, asked)
    return asked.renamed


def _meaning(name: str, endpoint: Endpoint, asked: Asked) -> tuple[str, Field | None]:
    """The canonical name of a word, and the field whose wire name it is."""
    if name in endpoint.canonical or name in CANONICAL:
        return name, None
    if (wired := endpoint.fields.get(name)) is not None:
        return (wired.part or wired.canonical), wired
    if name in {"width", "height"}:
        return name, None
    if name in ALIASES or name in INVERTED:
        canonical = ALIASES.get(name) or INVERTED[name]
        if name == "image_strength":  # seed 003's word, which no endpoint of either provider has
            asked.renamed[name] = canonical
        return canonical, None
    old = _old_name(name, endpoint)
    if old:
        asked.renamed[name] = old
        return old, None
    return name, None


def _old_name(name: str, endpoint: Endpoint) -> str:
    """`fluxGuidanceScale`, `flux_guidance_scale` and `guidanceScale` were names of `guidance_scale`."""
    bare = _bare(name)
    return bare if bare != name and (bare in CANONICAL or bare in endpoint.canonical) else ""


def _bare(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    match = _OLD.fullmatch(snake)
    bare = match[1] if match is not None else snake
    return ALIASES.get(bare, bare)


def _value(name: str, canonical: str, value: JSON, wired: Field | None) -> JSON:
    """The value in canonical sense; a word that says the opposite is turned round."""
    inverted = wired.inverted if wired is not None else INVERTED.get(name) == canonical
    if not inverted:
        return value
    if not isinstance(value, bool):
        raise InvalidParams(f"{name} must be true or false, not {value!r}", field=name)
    return not value


def _put(asked: Asked, name: str, value: JSON, said: str) -> None:
    if name in asked.values and asked.values[name] != value:
        raise InvalidParams(
            f"{name} was given twice: {asked.values[name]!r}, and {value!r} as {said}; give it once", field=name
        )
    asked.values[name] = value


def _place(name: str) -> int:
    match = _PLURAL.fullmatch(name)
    return int(match[1]) if match is not None else 0


def _take(asked: Asked, placed: dict[int, Reference], place: int, name: str, value: JSON) -> None:
    pictures = [picture(item, name) for item in (value if isinstance(value, list | tuple) else [value])]
    if place and len(pictures) == 1:
        placed[place] = pictures[0]
    else:
        asked.references.extend(pictures)


def picture(value: JSON, name: str) -> Reference:
    """A picture that a parameter holds, as a `Reference`.

    Raises:
        InvalidReference: it is neither a `Reference`, nor `{"$reference": sha256}`, nor a public https address.
    """
    if isinstance(value, Mapping) and set(value) == {"$reference"}:
        return Reference(sha256=str(value["$reference"]))
    found = value if isinstance(value, Reference) else Reference(url=value) if isinstance(value, str) else None
    if found is None:
        raise InvalidReference(f"{name}: {type(value).__name__} is not a picture", field=name)
    if found.url and not found.url.startswith("https://"):
        shown = found.url.split("?", 1)[0][:60]
        raise InvalidReference(f"{name}: {shown!r} is not a public https address", field=name)
    if bool(found.url) == bool(found.sha256):
        raise InvalidReference(f"{name}: a picture is either stored or a public https address", field=name)
    return found


def near(name: str, words: Iterable[str]) -> str:
    """The known word that is most like this one, for a message; empty when none is.

    >>> near("guidence_scale", ["seed", "guidance_scale"])
    'guidance_scale'
    """
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(words), n=1, cutoff=0.7)), "")
