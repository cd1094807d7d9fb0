"""Which prompts the sandbox's moderation stops: tame words that say so, never a guess about content.

``moderate-me`` and ``moderate-me-input`` stop the request, ``moderate-me-output`` stops the picture.
"""

from __future__ import annotations

from typing import Final, Literal

INPUT_WORDS: Final = ("moderate-me-input", "moderate-me")
OUTPUT_WORDS: Final = ("moderate-me-output",)
INPUT_REASONS: Final = ["Violence", "Sexual Content"]  # as seen in answers (BFL docs and clients, 2026)


def tripped(prompt: str) -> Literal["input", "output"] | None:
    """What moderation says to a prompt."""
    words = prompt.lower()
    if any(word in words for word in OUTPUT_WORDS):
        return "output"
    return "input" if any(word in words for word in INPUT_WORDS) else None
