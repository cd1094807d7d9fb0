"""What the workers of the crash tests ask for: cheap jobs of both providers, each with a prompt of its own."""

from __future__ import annotations

import random
from typing import Any, Final
from uuid import UUID

SMALL: Final = {"image_size": {"width": 128, "height": 128}}

MODELS: Final[dict[str, dict[str, Any]]] = {
    "bfl/flux-2-pro": SMALL,
    "bfl/flux-kontext-max": {"aspect_ratio": "1:1"},
    "fal/flux-2-pro": SMALL,
    "fal/flux-2-dev": {"image_size": {"width": 512, "height": 512}},
}
"""Route and parameters."""

EDITS: Final = ("bfl/flux-2-pro", "fal/flux-2-pro")
"""Routes at which some jobs work from a picture, which is encoded (BFL) or uploaded (fal) while the job is queued."""

_EDITED: Final = 0.08

TROUBLES: Final[tuple[tuple[int, tuple[str, ...]], ...]] = (
    (64, ()),
    (3, ("moderated-input",)),
    (4, ("moderated-output",)),
    (3, ("error",)),
    (2, ("submit-422",)),
    (3, ("submit-503",)),
    (2, ("submit-drop-after",)),
    (1, ("submit-502-taken",)),
    (1, ("submit-drop-before",)),
    (3, ("poll-503 x2",)),
    (2, ("poll-drop x2",)),
    (2, ("poll-404",)),
    (2, ("poll-unknown-status x2", "poll-503")),
    (2, ("polling-url-foreign",)),
    (3, ("media-503 x2",)),
    (2, ("media-403",)),
    (2, ("media-truncated",)),
    (2, ("media-drip=0.4",)),
    (1, ("media-html x8",)),
    (1, ("media-foreign",)),
)
"""Weight and the sandbox's faults that go with a job."""

SECONDS: Final = {"bfl": (0.4, 1.8), "fal": (0.1, 0.6)}
"""Shortest and longest work on a picture: at BFL long enough to reach its caps, at fal short, for many submits."""

SUBMIT_SECONDS: Final = 0.2
"""How long the provider takes to answer a submit that it has taken at once: most kills shall fall into this time."""


class Feed:
    """Draws jobs.

    Args:
        seed: the same seed, the same jobs.
        troubles: whether some jobs go wrong at the provider.
        answer: seconds until a submit is answered.
        picture: a file to work from; empty: no job works from a picture.
    """

    def __init__(self, seed: int, *, troubles: bool, answer: float = SUBMIT_SECONDS, picture: str = "") -> None:
        self._dice = random.Random(seed)
        self._picture = picture
        self._troubles = TROUBLES if troubles else TROUBLES[:1]
        self._answer = answer

    def draw(self, route: str) -> tuple[str, dict[str, Any]]:
        """A prompt, whose first word no other job has, and the other parameters of a request for this route."""
        [(_, faults)] = self._dice.choices(self._troubles, weights=[weight for weight, _ in self._troubles])
        token = UUID(int=self._dice.getrandbits(128)).hex
        provider, _, _ = route.partition("/")
        marks = [f"[[duration:{self._dice.uniform(*SECONDS[provider]):.2f}]]"]
        marks += [f"[[fault:{fault}]]" for fault in (f"submit-slow={self._answer} x*", *faults)]
        options = {"model": route, "seed": self._dice.getrandbits(24), **MODELS[route]}
        if self._picture and route in EDITS and self._dice.random() < _EDITED:
            options["references"] = [self._picture]
        return f"{token} {' '.join(marks)}", options
