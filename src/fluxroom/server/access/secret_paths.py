"""Addresses that prove themselves are secrets: whoever reads one in a log could use it."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"(/hooks/[^/]{1,40}/[^/]{1,40}|/files/[^/]{1,80}|/fal/storage/files|/storage/files)/.*", re.DOTALL
)
_MOST = 200


def shown(path: str) -> str:
    """A path as it may stand in a log.

    >>> shown("/hooks/fal/01kaz3x9f0m2n4p6q8r0st/1-AbC"), shown("/v1/models")
    ('/hooks/fal/01kaz3x9f0m2n4p6q8r0st/…', '/v1/models')
    """
    return _SECRET.sub(r"\1/…", path)[:_MOST]
