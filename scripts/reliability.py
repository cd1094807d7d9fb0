"""Writes `docs/reliability.md` from the fault matrix and the last long kill run, or says that it is stale.

`python scripts/reliability.py [--check]`. The rows are those that the tests play: the page cannot say what they do not.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.crash.report import table
from tests.faults.matrix import CIRCUMSTANCES, MATRIX, NAMES, Row
from tests.faults.webhook_matrix import WEBHOOK_MATRIX, WebhookRow

from fluxroom.sandbox import FAULTS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/reliability.md"
LAST_RUN = ROOT / "tests/crash/last_run.json"
LAST_RUN_ON_POSTGRESQL = ROOT / "tests/postgres/last_run.json"

INTRODUCTION = """\
# Reliability

Generated from the tests by `scripts/reliability.py` (`make gen`): every row below is played by the test suite, at both
providers, over real sockets.

Pictures cost money, and neither provider offers a way to send a job twice and pay once. So this is the law:

> **No clock, probe, cancel or restart of ours ends a job that the provider may have taken. Only the provider's final
> answer, or a person, does.**

- A job is on disk before it is sent, and its ticket is on disk the moment the answer comes. One function in the code
  sends jobs.
- A submit is sent again only when the provider surely did not take it: the connection was never made, 429, or a 503
  without any id. Every other broken answer leaves the job `unknown`. **An unknown job is never sent again by itself**:
  a callback or a person decides (`fluxroom jobs resolve ID --retry` or `--abandon`).
- Polls and downloads cost nothing and are repeated as often as it takes. A failed download never sends the job again.
- The key goes to the provider's own API and nowhere else. Addresses that come back in answers are not trusted: another
  host and plain http are not called, and redirects are not followed.
- A receipt says `charged`, `not_charged` or `unknown`. It never says `not_charged` of a picture that was billed.

The states and the way between them are in [architecture](architecture.md), all faults in [faults](faults.md).
"""

MATRIX_HEAD = """\
## One job under each fault

*Ends*: where the job ends, or stays while it is asked again. *Submits*: how often the job was sent. *Taken* and
*billed*: tasks that the provider took and charges. *Charge*: what the receipt says. *Requests*: of all kinds, at the
most (BFL / fal); "…" where asking goes on. Where more than that differs, each provider has a row. `x2` is twice, `x*`
always; pauses that a provider asks for with `Retry-After` are kept.

| What goes wrong | At | Ends | Submits | Taken | Billed | Charge | Requests | What the caller reads |
|---|---|---|---|---|---|---|---|---|"""

WEBHOOK_HEAD = """\
## One job and its callback

As above, with a gateway that the provider calls back. *Deliveries* says what each call was worth: `used` (it moved the
job on), `known` (it told nothing new), `refused` (it is not believed). In the rows with a star no poll brings the
picture; the callback alone must.

| How the callback comes | At | Deliveries | Ends | Submits | Billed | Charge |
|---|---|---|---|---|---|---|"""

CRASH_HEAD = """\
## kill -9

`make crash` starts {processes} worker processes on one data folder and lets them carry jobs of both providers. It kills
them with SIGKILL at random moments, more than half of them while they send something, now and then all at once. New
ones take their place, and at the end the jobs are held against the sandbox's books, task by task. A submit takes 0.2 s,
and some jobs go wrong at the provider besides. `make test` does the same with 50 kills, and with workers that break the
law on purpose, which the audit must find out.

The last long run, {day}, seed {seed}, took {seconds} s:"""

_HELD = ("submitting", "running", "fetching")

FLEET_HEAD = """\
## kill -9 on many machines

`python -m tests.postgres.kills 200` lets two workers (`fluxroom worker`) carry jobs on one PostgreSQL, each with a
data folder of its own, as on two machines. One of them is killed again and again, at random moments, and another one
is started. Jobs with a ticket must be taken over and end `succeeded`; those that were being sent are `unknown`; the
caps of 24 and 6 hold throughout. `make test` does it with 3 kills; `--minutes` ends a run sooner on a busy machine.

The last long run, {day}, seed {seed}, took {seconds} s:"""

FREEZE = """\
## Frozen, or asked to leave

- **SIGSTOP in the middle of a submit**, for longer than others look for dead owners, 20 times each. An owner whose lock
  is held keeps its jobs. One that was taken for dead finds them `unknown`, brings their tickets and goes on. Nothing is
  sent twice (`tests/crash/test_freeze.py`).
- **Frozen inside a transaction**, so that nobody else can write: the others wait, and go on when it wakes.
- **SIGTERM**: submits under way are finished and written down, running jobs are left to the next process. A submit that
  hangs for more than ten seconds is not waited for, and is in doubt afterwards (`tests/crash/test_sigterm.py`).
- **Disk full, clock set by days, faults of our own**: `tests/engine/test_trouble_on_this_machine.py`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_matrix(), "", *_webhooks(), "", *_crash(), "", *_fleet(), "", FREEZE])


# the matrix ----------------------------------------------------------------------------------------------------------


def _matrix() -> Iterator[str]:
    yield MATRIX_HEAD
    for _, rows in groupby(MATRIX, key=lambda row: row.title):
        yield from _merged(list(rows))


def _merged(rows: list[Row]) -> Iterator[str]:
    """One line for both providers where only the number of requests differs."""
    by_end: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        by_end.setdefault(_end(row), []).append(row)
    for end, same in by_end.items():
        requests = " / ".join("…" if row.requests is None else str(row.requests) for row in same)
        at = ", ".join(NAMES[row.provider] for row in same)
        yield _line([_what(same[0]), at, *end, requests, _reads(same)])


def _end(row: Row) -> tuple[str, ...]:
    ended = f"`{row.state}`" + (" (goes on)" if row.code == "timeout" else "")
    return ended, str(row.submits), str(row.taken), str(row.billed), f"`{row.charge}`", row.code, row.words


def _what(row: Row) -> str:
    told = [f"`{fault}` {_plain(FAULTS[fault.split('=')[0].split(' ')[0]])}" for fault in row.faults]
    if len(told) > 1:
        told = [f"`{fault}`" for fault in row.faults]
    return ", ".join(told) + (" " if told and row.what else "") + (CIRCUMSTANCES[row.what] if row.what else "")


def _plain(words: str) -> str:
    """A fault's sentence without what the sandbox's user can set."""
    return re.sub(r" \(value[^)]*\)|, default \d+", "", words)


def _reads(rows: list[Row]) -> str:
    row = rows[0]
    if not row.code:
        return "the picture"
    name = "/".join(NAMES[one.provider] for one in rows)
    return f"`{row.code}`: {row.words.format(name=name).strip().rstrip(':')}"


def _line(cells: Iterable[str]) -> str:
    kept = list(cells)
    # Code and words are in the last cell already; they only kept unlike rows apart.
    shown = [*kept[:7], *kept[9:]]
    return f"| {' | '.join(cell.replace('|', '/') for cell in shown)} |"


# callbacks -----------------------------------------------------------------------------------------------------------


def _webhooks() -> Iterator[str]:
    yield WEBHOOK_HEAD
    for _, rows in groupby(WEBHOOK_MATRIX, key=lambda row: row.title):
        by_end: dict[tuple[str, ...], list[WebhookRow]] = {}
        for row in rows:
            by_end.setdefault(_webhook_end(row), []).append(row)
        for (how, *end), same in by_end.items():
            yield f"| {' | '.join([how, ', '.join(NAMES[row.provider] for row in same), *end])} |"


def _webhook_end(row: WebhookRow) -> tuple[str, ...]:
    how = row.how + ("" if row.polls else " *")
    told = ", ".join(row.deliveries) or "none"
    return how, told, f"`{row.state}`", str(row.submits), str(row.billed), f"`{row.charge}`"


# kills ---------------------------------------------------------------------------------------------------------------


def _crash() -> Iterator[str]:
    run = json.loads(LAST_RUN.read_text("utf-8"))
    yield CRASH_HEAD.format(**run)
    yield ""
    yield from table(run)


def _fleet() -> Iterator[str]:
    run = json.loads(LAST_RUN_ON_POSTGRESQL.read_text("utf-8"))
    figures = run["figures"]
    yield FLEET_HEAD.format(**run)
    yield ""
    yield from ("| | |", "|---|---|")
    hit = ", ".join(f"{figures.get(f'killed while {state}', 0)} {state}" for state in _HELD)
    ends = ", ".join(f"{figures.get(state, 0)} {state}" for state in ("succeeded", "unknown"))
    yield from (
        f"| Kills | {figures['kills']} |",
        f"| Jobs that the victims held | {hit} |",
        f"| Jobs by their end | {ends} |",
        f"| Tasks that the providers took | {figures['tasks at the provider']} |",
        f"| … of jobs in doubt, which say so | {figures['taken, and in doubt here']} |",
        f"| **Jobs with more than one task: paid twice** | **{figures['paid twice']}** |",
        f"| Most in flight | {figures['most in flight']} of 24 |",
    )


def main() -> int:
    """Write the page, or with `--check` say that it is stale and answer 1."""
    stale = not PAGE.exists() or PAGE.read_text("utf-8") != page()
    if stale and "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), "utf-8")
    if stale:
        print(f"{'stale' if '--check' in sys.argv[1:] else 'written'}: {PAGE.relative_to(ROOT)}")
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
