"""Looking at pictures safely, previews, and what is written into a file. Pillow is loaded on first use only."""

from __future__ import annotations

from fluxroom.imaging.containers import NotAnImage
from fluxroom.imaging.metadata import read, write
from fluxroom.imaging.probe import Picture, check_reference, is_black, probe, verify
from fluxroom.imaging.thumbnails import thumbnail

__all__ = ["NotAnImage", "Picture", "check_reference", "is_black", "probe", "read", "thumbnail", "verify", "write"]
