"""What became of an item, from what became of its jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fluxroom.engine import Snapshot
from fluxroom.engine.lifecycle import State
from fluxroom.types import JSON


class Outcome(NamedTuple):
    """How an item ended."""

    state: str
    error: Mapping[str, JSON] | None


def outcome(found: Snapshot) -> Outcome:
    """The end of a settled generation. A job in doubt leaves its item in doubt; a picture makes it done.

    What went wrong besides is kept with an item that is done, too; not what another provider has made instead.
    """
    final = [job for job in found.jobs if not job.went_elsewhere]
    states = {job.state for job in final}
    wrong = next((job.error for job in final if job.state != State.SUCCEEDED and job.error), None)
    if State.UNKNOWN in states:
        return Outcome("unknown", wrong)
    if State.SUCCEEDED in states:
        return Outcome("done", wrong)
    return Outcome("cancelled" if states <= {State.CANCELLED, State.ABANDONED} else "failed", wrong)
