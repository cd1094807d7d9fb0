"""The dialect of Black Forest Labs (BFL OpenAPI, October 2026)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from fluxroom.errors import FluxroomError, InvalidReference, ProviderError
from fluxroom.providers import (
    Call,
    Callback,
    CalledBack,
    Dialect,
    Follow,
    Hosts,
    Inline,
    Order,
    PollOutcome,
    Prepared,
    Reply,
    SubmitOutcome,
    Ticket,
    Upload,
    Verdict,
)
from fluxroom.providers.bfl import addresses, answers, callbacks, seeking, submits
from fluxroom.providers.untrusted import parsed
from fluxroom.types import JSON, Provider, Reference

LARGEST_REFERENCE = 20_000_000
"""Bytes of one input file (docs.bfl.ai: 20 MB or 20 MP)."""

ACCEPT = {"accept": "application/json"}


class BFL:
    """Submit, poll, done; no uploads, no cancel."""

    name: Provider = "bfl"

    def prepare(self, _hosts: Hosts, reference: Reference, data: bytes) -> Prepared:
        """Raw base64, without a `data:` head, inside the request; a public URL as it is."""
        if reference.url:
            return Inline(value=reference.url)
        if len(data) > LARGEST_REFERENCE:
            name = reference.name or "The reference"
            raise InvalidReference(f"{name} has {len(data):,} bytes; BFL takes at most 20 MB.", provider="bfl")
        return Inline(value=b64encode(data).decode("ascii"))

    def uploaded(self, _upload: Upload, _reply: Reply) -> Prepared | FluxroomError:
        """BFL has no uploads, so nothing can have been uploaded."""
        return ProviderError("BFL takes pictures inside the request only.", provider="bfl")

    def submit(self, hosts: Hosts, order: Order) -> Call:
        """`POST /v1/{endpoint}`; whether an endpoint takes a webhook is the catalog's to know."""
        body: dict[str, JSON] = dict(order.body)
        if order.webhook_url:
            body["webhook_url"] = order.webhook_url
            if order.webhook_secret:
                body["webhook_secret"] = order.webhook_secret
        return Call(method="POST", url=f"{hosts.submit}/v1/{quote(order.endpoint)}", headers=ACCEPT, json=body)

    def accepted(self, hosts: Hosts, order: Order, reply: Reply) -> SubmitOutcome:
        """See `submits`."""
        return submits.accepted(hosts, order, reply)

    def check(self, hosts: Hosts, ticket: Ticket) -> Call:
        """The polling address as given: tasks live in one cluster, and the global host answers 404 for them.

        The specification asks for no key here; it goes along where `takes_key` allows, as in BFL's own samples.
        """
        url = seeking.polling_url(hosts, ticket) or addresses.result_url(hosts.submit, str(ticket["id"]))
        return Call(method="GET", url=url, headers=ACCEPT)

    def watch(self, _hosts: Hosts, _ticket: Ticket) -> Call | None:
        """BFL streams no status."""
        return None

    def read(self, hosts: Hosts, ticket: Ticket, reply: Reply) -> PollOutcome:
        """See `answers`; a task without a polling address is sought on every regional host.

        A redirect is never followed: a task whose polling address redirects is asked for by its id instead.
        """
        if 300 <= reply.status < 400 and seeking.polling_url(hosts, ticket):
            plain = {name: value for name, value in ticket.items() if name != "polling_url"}
            return Follow(call=self.check(hosts, plain), ticket=plain)
        return seeking.onward(hosts, ticket, answers.read(ticket, reply))

    def cancel(self, _hosts: Hosts, _ticket: Ticket) -> Call | None:
        """BFL cannot cancel: the picture arrives and is charged."""
        return None

    def callback_keys(self, _hosts: Hosts) -> Call | None:
        """BFL proves its callbacks with the secret that we gave it."""
        return None

    def read_callback_keys(self, _reply: Reply) -> tuple[bytes, ...]:
        """BFL publishes no keys."""
        return ()

    def verdict(self, callback: Callback, *, secret: str, keys: Sequence[bytes], now: float) -> Verdict:  # noqa: ARG002  the protocol's
        """See `callbacks`; BFL sends no time."""
        return callbacks.verdict(callback, secret)

    def called_back(self, hosts: Hosts, order: Order, callback: Callback) -> CalledBack | None:
        """See `callbacks`."""
        return callbacks.called_back(hosts, order, callback)

    def trusts(self, hosts: Hosts, url: str) -> bool:
        """Below bfl.ai, in the right region; loopback only when the settings name it."""
        return addresses.trusts(hosts, url)

    def key_headers(self, key: str) -> Mapping[str, str]:
        """`x-key`; BFL knows no Bearer."""
        return {"x-key": key}

    def takes_key(self, hosts: Hosts, url: str) -> bool:
        """API hosts only: a delivery host must never see the key."""
        return addresses.takes_key(hosts, url)

    def account(self, hosts: Hosts) -> Call:
        """The balance. Never a POST with an empty body: three endpoints would make and charge a picture."""
        return Call(method="GET", url=f"{hosts.submit}/v1/credits", headers=ACCEPT)

    def published(self, hosts: Hosts, _endpoint: str) -> Call:
        """The whole specification; it needs no key."""
        return Call(method="GET", url=f"{hosts.submit}/openapi.json", headers=ACCEPT, key=False)

    def offers(self, endpoint: str, reply: Reply) -> bool | None:
        """Whether the specification has this path."""
        paths = (parsed(reply) or {}).get("paths") if reply.status == 200 else None
        if not isinstance(paths, dict) or not paths:
            return None
        path = paths.get(f"/v1/{endpoint}")
        return isinstance(path, dict) and "post" in path


DIALECT: Dialect = BFL()
