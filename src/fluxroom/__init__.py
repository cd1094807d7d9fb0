"""Fluxroom: one door to every FLUX image model.

>>> import fluxroom
>>> sorted(fluxroom.__all__)[:3]
['AsyncClient', 'BudgetExceeded', 'Client']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from fluxroom.blocking import Client
    from fluxroom.client import AsyncClient, PartialResultWarning
    from fluxroom.errors import (
        BudgetExceeded,
        FluxroomError,
        ImageLost,
        InvalidParams,
        InvalidReference,
        MissingKey,
        ModeratedInput,
        ModeratedOutput,
        ProviderError,
        RequestError,
        SubmitUnknown,
        UnknownModel,
        WaitEnded,
    )
    from fluxroom.parameters import Lora, ModelId, Parameters
    from fluxroom.result import Image
    from fluxroom.types import Done, Event, Queued, Quote, Receipt, Reference, Running, Size

_HOMES = {
    "fluxroom.blocking": ("Client",),
    "fluxroom.client": ("AsyncClient", "PartialResultWarning"),
    "fluxroom.errors": (
        "BudgetExceeded", "FluxroomError", "ImageLost", "InvalidParams", "InvalidReference", "MissingKey",
        "ModeratedInput", "ModeratedOutput", "ProviderError", "RequestError", "SubmitUnknown", "UnknownModel",
        "WaitEnded",
    ),
    "fluxroom.parameters": ("Lora", "ModelId", "Parameters"),
    "fluxroom.result": ("Image",),
    "fluxroom.types": ("Done", "Event", "Queued", "Quote", "Receipt", "Reference", "Running", "Size"),
}  # fmt: skip
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AsyncClient",
    "BudgetExceeded",
    "Client",
    "Done",
    "Event",
    "FluxroomError",
    "Image",
    "ImageLost",
    "InvalidParams",
    "InvalidReference",
    "Lora",
    "MissingKey",
    "ModelId",
    "ModeratedInput",
    "ModeratedOutput",
    "Parameters",
    "PartialResultWarning",
    "ProviderError",
    "Queued",
    "Quote",
    "Receipt",
    "Reference",
    "RequestError",
    "Running",
    "Size",
    "SubmitUnknown",
    "UnknownModel",
    "WaitEnded",
    "__version__",
]


def __getattr__(name: str) -> Any:
    # Loaded when first used: `import fluxroom` alone must cost next to nothing.
    if name == "__version__":
        from importlib.metadata import version

        return version("fluxroom")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'fluxroom' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
