"""Carries a dialect's calls to the provider and adds the key, only where it may go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping

from fluxroom.engine.accounts import Account, need
from fluxroom.engine.transport import InterruptedCallError, NotSentError, Transport
from fluxroom.engine.watching import CallKind, Watchers
from fluxroom.providers import Again, Call, Dialect, Follow, Hosts, PollOutcome, Reply, Ticket, dialect
from fluxroom.settings import Settings
from fluxroom.store.jobs import Job
from fluxroom.types import Provider

_CALL_TIMEOUT = 60.0
"""Seconds for a poll, an upload step or a look-up."""

_SUBMIT_TIMEOUT = 120.0
"""Seconds for a submit: references travel in it, and giving up early leaves a job in doubt."""

_LAST_LOOK = 5.0
"""Seconds for reading what has arrived once a submit's time is over."""

_MOST_FOLLOWS = 12
"""Calls that one poll may lead to: a BFL task without a polling address is sought on all regional hosts."""


class UntrustedCallError(Exception):
    """A dialect was about to call an address that is not the provider's. Nothing was sent."""


class Courier:
    """The engine's way to the providers.

    Args:
        transport: carries the calls.
        accounts: the key and the addresses per provider.
        settings: for the regional addresses.
    """

    def __init__(self, transport: Transport, accounts: Mapping[Provider, Account], settings: Settings) -> None:
        self.transport = transport
        self.accounts = accounts
        self._settings = settings
        self.watchers = Watchers()

    def desk(self, job: Job) -> tuple[Dialect, Hosts]:
        """The dialect and the addresses for a job."""
        return dialect(job.provider), need(self.accounts, job.provider).at(job.region, self._settings)

    async def carry(
        self, provider: Provider, hosts: Hosts, call: Call, *, submit: bool = False, job: Job | None = None
    ) -> Reply:
        """Carry out one call, for a job or for nobody's.

        Raises:
            NotSentError, InterruptedCallError, TooLargeError: see `Transport`.
            UntrustedCallError: the address is not the provider's.
        """
        headers = self._headers(provider, hosts, call)
        with self.watchers.calling(provider, _kind(call, job, submit=submit), job) as watched:
            if submit:
                watched.reply = await self._patiently(call, headers)
            else:
                watched.reply = await self.transport.request(call, headers, timeout=_CALL_TIMEOUT)
            return watched.reply

    async def _patiently(self, call: Call, headers: Mapping[str, str]) -> Reply:
        """Carry a submit; before giving it up, read what has already arrived.

        A process that stood still for long finds both on waking: its answer, and its time-out.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as patience:
                alarm = loop.call_later(_SUBMIT_TIMEOUT, lambda: patience.reschedule(loop.time() + _LAST_LOOK))
                try:
                    return await self.transport.request(call, headers, timeout=_SUBMIT_TIMEOUT * 100)
                finally:
                    alarm.cancel()
        except TimeoutError:
            raise InterruptedCallError("no answer in time") from None

    async def ask(self, job: Job) -> PollOutcome:
        """How a submitted job is doing; follows the dialect's further calls."""
        tongue, hosts = self.desk(job)
        ticket = job.ticket or {}
        return await self._follow(job, hosts, ticket, tongue.check(hosts, ticket))

    async def watch(self, job: Job) -> AsyncGenerator[PollOutcome, None]:
        """What the provider says of a job, as it happens; ends without a word where there is no such stream."""
        tongue, hosts = self.desk(job)
        ticket = job.ticket or {}
        call = tongue.watch(hosts, ticket)
        if call is None:
            return
        try:
            async for data in self.transport.stream(call, self._headers(job.provider, hosts, call)):
                outcome = tongue.read(hosts, ticket, Reply(status=200, body=data))
                if isinstance(outcome, Follow):
                    outcome = await self._follow(job, hosts, outcome.ticket, outcome.call)
                yield outcome
        except (NotSentError, InterruptedCallError, UntrustedCallError):
            return

    async def _follow(self, job: Job, hosts: Hosts, ticket: Ticket, call: Call) -> PollOutcome:
        for _ in range(_MOST_FOLLOWS):
            try:
                reply = await self.carry(job.provider, hosts, call, job=job)
            except (NotSentError, InterruptedCallError) as error:
                return Again(why=f"the call broke off ({error})")
            except UntrustedCallError:
                return Again(why="the provider named an address that is not its own")
            outcome = dialect(job.provider).read(hosts, ticket, reply)
            if not isinstance(outcome, Follow):
                return outcome
            ticket, call = outcome.ticket, outcome.call
        return Again(why="the provider's answers lead in a circle")

    def _headers(self, provider: Provider, hosts: Hosts, call: Call) -> Mapping[str, str]:
        tongue = dialect(provider)
        if not tongue.trusts(hosts, call.url):
            raise UntrustedCallError
        if call.key and tongue.takes_key(hosts, call.url):
            return tongue.key_headers(need(self.accounts, provider).key)
        return {}


def _kind(call: Call, job: Job | None, *, submit: bool) -> CallKind:
    if submit:
        return "submit"
    return "other" if job is None else "poll" if call.method == "GET" else "upload"
