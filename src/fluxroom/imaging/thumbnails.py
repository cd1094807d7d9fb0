"""Small previews for lists and galleries."""

from __future__ import annotations

from io import BytesIO

from fluxroom.imaging.containers import mime_of
from fluxroom.imaging.probe import opened, ordinary

QUALITY = 80
METHOD = 2  # of 0 (fast) to 6 (small)


def thumbnail(data: bytes, longest: int = 512) -> bytes:
    """A WebP of at most `longest` pixels a side, upright, never larger than the picture; raises `NotAnImage`."""
    with opened(data) as image:
        from PIL import ImageOps

        profile = image.info.get("icc_profile") or b""
        # With a gap, a JPEG is decoded at an eighth, a quarter or half of its size already (Pillow calls `draft`).
        # The others have modes that cannot be made smaller well (palette, 16 bits), so they are converted before.
        small = image if mime_of(data) == "image/jpeg" else ordinary(image)
        small.thumbnail((longest, longest), reducing_gap=2.0)
        small = ordinary(ImageOps.exif_transpose(small))
        out = BytesIO()
        small.save(out, "WEBP", quality=QUALITY, method=METHOD, icc_profile=profile, exif=b"")
        return out.getvalue()
