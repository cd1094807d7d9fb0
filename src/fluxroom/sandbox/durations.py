"""How long a picture takes, per model, in seconds at speed 1. The order of size is the providers' own words.

FLUX.2 [klein] is "sub-second" and the larger ones take several seconds (BFL product pages, 2026); figures between
are the sandbox's own.
"""

from __future__ import annotations

from typing import Final

# The first row whose words are all in the endpoint's name decides.
_ROWS: Final[tuple[tuple[tuple[str, ...], float], ...]] = (
    (("trainer",), 60.0),
    (("training",), 60.0),
    (("video",), 60.0),
    (("klein", "base"), 3.0),
    (("klein",), 0.9),
    (("flash",), 1.0),
    (("turbo",), 1.2),
    (("schnell",), 1.0),
    (("flux-3",), 8.0),
    (("flux-2-max",), 6.0),
    (("flux-2-flex",), 6.0),
    (("flux-2-pro",), 5.0),
    (("outpaint", "fast"), 3.0),
    (("outpaint",), 8.0),
    (("ultra",), 6.0),
    (("kontext", "max"), 6.0),
    (("kontext",), 4.0),
    (("upscale",), 10.0),
    (("fill",), 6.0),
    (("expand",), 6.0),
    (("flux-general",), 6.0),
    (("flux-2",), 4.0),
)
_OTHERS: Final = 3.0


def usual_seconds(endpoint: str) -> float:
    """Seconds from the start of the work to the picture."""
    for words, seconds in _ROWS:
        if all(word in endpoint for word in words):
            return seconds
    return _OTHERS


def queue_seconds(seconds: float) -> float:
    """How long fal's queue holds a request for which a runner is free."""
    return min(0.25, seconds / 10)
