"""What a run of the kill harness says: the figures as plain data, and the table that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.crash.harness import Report

_HIT = {
    "submitting": "between the intent and the stored ticket",
    "fetching": "while a picture was fetched, with nothing being sent",
    "running": "while the provider worked, with nothing being sent or fetched",
    "nothing": "with no job in hand",
}
"""What a kill can hit, the most delicate first: the state of the jobs that the victim held -> words."""


def summary(report: Report, day: str) -> dict[str, Any]:
    """The figures of a run, as they are kept."""
    return {
        "day": day,
        "seed": report.seed,
        "processes": report.workers,
        "seconds": round(report.seconds),
        "kills": report.kills.number,
        "hit": {state: report.kills.by_state[state] for state in _HIT},
        "left": {state: report.kills.jobs[state] for state in ("submitting", "running", "fetching")},
        "most_in_doubt": report.kills.most_in_doubt,
        "figures": dict(report.audit.figures),
        "states": dict(sorted(report.audit.states.items())),
        "peaks": report.peaks,
        "caps": report.caps,
        "contradictions": len(report.wrong),
    }


def table(run: Mapping[str, Any]) -> list[str]:
    """The figures of a run as a table in Markdown."""
    figures, kills = run["figures"], max(1, run["kills"])
    rows: list[Sequence[object]] = [("Kills", run["kills"])]
    rows += [(f"… {words}", f"{run['hit'][state]} ({run['hit'][state] / kills:.0%})") for state, words in _HIT.items()]
    rows += [
        ("Jobs that the victims were sending / running / fetching", " / ".join(str(n) for n in run["left"].values())),
        ("Most jobs left in doubt by one kill", run["most_in_doubt"]),
        ("Jobs", figures["jobs"]),
        ("… by their end", ", ".join(f"{number} {state}" for state, number in run["states"].items())),
        ("Tasks that the providers took", figures["tasks"]),
        ("**Jobs with more than one task: paid twice**", f"**{figures['paid twice']}**"),
        ("Tasks billed", figures["billed"]),
        ("… of succeeded jobs", figures["succeeded"]),
        ("… of lost jobs, which say so", figures["lost"]),
        ("… of jobs that ended without a picture and say `charged`", figures["charged without a picture"]),
        ("… of jobs in doubt, which say so", figures["unknown and billed"]),
        ("Jobs in doubt that the provider had taken / had not taken", _doubt(figures)),
        ("**Contradictions between the two books**", f"**{run['contradictions']}**"),
    ]
    rows += [(f"Most in flight: {name}", f"{run['peaks'][name]} of {most}") for name, most in run["caps"].items()]
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


def _doubt(figures: Mapping[str, int]) -> str:
    return f"{figures['unknown and taken']} / {figures['unknown'] - figures['unknown and taken']}"
