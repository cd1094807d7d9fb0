"""Both providers on this machine: free, deterministic, with faults on demand.

A second reading of the providers' published specifications, validated from the published files in ``specs/``. It
imports nothing of Fluxroom, so that agreement between the two means something.
"""

from fluxroom.sandbox.faults import FAULTS
from fluxroom.sandbox.server import Sandbox, Stub, serve

__all__ = ["FAULTS", "Sandbox", "Stub", "serve"]
