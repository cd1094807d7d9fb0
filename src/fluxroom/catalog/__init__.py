"""The catalog: every model as a row, every endpoint's schema as data, and the check before a cent is spent.

It reads its own data files when they are first needed and touches nothing else.

>>> from fluxroom import catalog
>>> from fluxroom.types import Request
>>> catalog.check(Request(model="flux-2-pro", prompt="a red fox"), provider="fal").endpoint
'fal-ai/flux-2-pro'
"""

from __future__ import annotations

from fluxroom.catalog.check import check, quote
from fluxroom.catalog.names import find, route_mode
from fluxroom.catalog.parameters import Parameter, locate_images, parameters
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
