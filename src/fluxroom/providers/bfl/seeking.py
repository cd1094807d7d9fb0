"""Finding a task whose polling address is not known: the reply to a submit with a webhook has none.

Tasks live in one cluster, and every other host answers 404 for them (live, 2026). So after a 404 the next regional
host is asked, and only when all of them said 404 is the task gone. The place is not remembered: a ticket cannot be
changed by a poll, and such jobs are rare (webhooks are off unless they are asked for).
"""

from __future__ import annotations

from dataclasses import replace

from fluxroom.providers import Again, Call, Follow, Gone, Hosts, PollOutcome, Ticket
from fluxroom.providers.bfl.addresses import regional_bases, result_url, trusts


def polling_url(hosts: Hosts, ticket: Ticket) -> str:
    """The address that BFL gave for this task; empty when there is none that may be fetched."""
    given = ticket.get("polling_url")
    return given if isinstance(given, str) and trusts(_of(hosts, ticket), given) else ""


def onward(hosts: Hosts, ticket: Ticket, outcome: PollOutcome) -> PollOutcome:
    """The next host to ask, when this one does not know the task; else the outcome as it is."""
    step = ticket.get("step", 0)
    if polling_url(hosts, ticket) or not isinstance(step, int):
        return outcome
    if not (isinstance(outcome, Gone) or (step and isinstance(outcome, Again))):
        return outcome
    unsure = bool(ticket.get("unsure")) or isinstance(outcome, Again)
    bases = regional_bases(_of(hosts, ticket))
    if step < len(bases):
        call = Call(
            method="GET", url=result_url(bases[step], str(ticket["id"])), headers={"accept": "application/json"}
        )
        return Follow(call=call, ticket={**ticket, "step": step + 1, "unsure": unsure})
    # One host that could not answer may be the one that has the task.
    return Again(why="BFL: not every regional host answered") if unsure else outcome


def _of(hosts: Hosts, ticket: Ticket) -> Hosts:
    """The hosts as they were for this job: its region is stored, the settings may have changed since."""
    return replace(hosts, region=str(ticket.get("region") or hosts.region))
