"""The catalog: every model as a row, every endpoint's schema as data, and the check before a cent is spent.

It reads its own data files when they are first needed and touches nothing else. Its modules are loaded when a name of
theirs is first used, so that a command line can import it for nothing.

>>> from fluxroom import catalog
>>> from fluxroom.types import Request
>>> catalog.check(Request(model="flux-2-pro", prompt="a red fox"), provider="fal").endpoint
'fal-ai/flux-2-pro'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fluxroom.catalog.controls import Parameter, locate_images, parameters
    from fluxroom.catalog.names import find, route_mode
    from fluxroom.catalog.planning import check, quote
    from fluxroom.catalog.rows import Model, Route, models
    from fluxroom.catalog.wire import Endpoint, endpoint

__all__ = [
    "Endpoint",
    "Model",
    "Parameter",
    "Route",
    "check",
    "endpoint",
    "find",
    "locate_images",
    "models",
    "parameters",
    "quote",
    "route_mode",
]

_HOME = {
    "Endpoint": "wire",
    "Model": "rows",
    "Parameter": "controls",
    "Route": "rows",
    "check": "planning",
    "endpoint": "wire",
    "find": "names",
    "locate_images": "controls",
    "models": "rows",
    "parameters": "controls",
    "quote": "planning",
    "route_mode": "names",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
