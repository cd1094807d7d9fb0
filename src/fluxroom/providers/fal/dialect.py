"""The dialect of fal.ai: its queue, storage and model catalogue (fal.ai docs, 2026)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from fluxroom.errors import FluxroomError
from fluxroom.providers import (
    Call,
    Callback,
    CalledBack,
    Dialect,
    Follow,
    Hosts,
    Order,
    PollOutcome,
    Prepared,
    Reply,
    SubmitOutcome,
    Ticket,
    Upload,
    Verdict,
)
from fluxroom.providers.fal import addresses, callbacks, results, status, submits, uploads
from fluxroom.providers.untrusted import parsed
from fluxroom.types import Provider, Reference

ACCEPT = {"accept": "application/json"}

PRICED = "fal-ai/flux/dev"
"""An endpoint whose price is asked for to test a key."""


class Fal:
    """Submit, status, result; storage for pictures; cancel."""

    name: Provider = "fal"

    def prepare(self, hosts: Hosts, reference: Reference, data: bytes) -> Prepared:
        """See `uploads`."""
        return uploads.prepare(hosts, reference, data)

    def uploaded(self, upload: Upload, reply: Reply) -> Prepared | FluxroomError:
        """See `uploads`."""
        return uploads.uploaded(upload, reply)

    def submit(self, hosts: Hosts, order: Order) -> Call:
        """`POST /{endpoint}`; the body is the input itself, the webhook a query parameter."""
        headers = dict(ACCEPT)
        if not order.store_io:
            headers["x-fal-store-io"] = "0"
        if order.lifecycle is not None:
            headers["x-fal-object-lifecycle-preference"] = json.dumps(order.lifecycle, separators=(",", ":"))
        url = f"{hosts.submit}/{quote(order.endpoint)}"
        if order.webhook_url:
            url += f"?fal_webhook={quote(order.webhook_url, safe='')}"
        return Call(method="POST", url=url, headers=headers, json=dict(order.body))

    def accepted(self, hosts: Hosts, order: Order, reply: Reply) -> SubmitOutcome:
        """See `submits`."""
        return submits.accepted(hosts, order, reply)

    def check(self, hosts: Hosts, ticket: Ticket) -> Call:
        """The status without the model's logs."""
        return Call(method="GET", url=_without_logs(addresses.request_url(hosts, ticket, "status_url")), headers=ACCEPT)

    def _asked(self, hosts: Hosts, ticket: Ticket) -> Call:
        if ticket.get("want") != "result":
            return self.check(hosts, ticket)
        return Call(method="GET", url=addresses.request_url(hosts, ticket, "response_url"), headers=ACCEPT)

    def watch(self, hosts: Hosts, ticket: Ticket) -> Call | None:
        """The status as server-sent events; the stream ends after COMPLETED."""
        url, _, query = addresses.request_url(hosts, ticket, "status_url").partition("?")
        stream = _without_logs(f"{url}/stream" + (f"?{query}" if query else ""))
        return Call(method="GET", url=stream, headers={"accept": "text/event-stream"}, stream=True)

    def read(self, hosts: Hosts, ticket: Ticket, reply: Reply) -> PollOutcome:
        """See `status` and, for the ticket of a `Follow`, `results`.

        A redirect is never followed: the request is asked for at the address that its id gives instead.
        """
        if 300 <= reply.status < 400 and any(name in ticket for name in addresses.ADDRESSES):
            plain = {name: value for name, value in ticket.items() if name not in addresses.ADDRESSES}
            return Follow(call=self._asked(hosts, plain), ticket=plain)
        if ticket.get("want") == "result":
            return results.read_result(ticket, reply)
        return status.read_status(hosts, ticket, reply)

    def cancel(self, hosts: Hosts, ticket: Ticket) -> Call | None:
        """A wish only: a request that runs may still finish, and only its status tells."""
        return Call(method="PUT", url=addresses.request_url(hosts, ticket, "cancel_url"), headers=ACCEPT)

    def callback_keys(self, hosts: Hosts) -> Call | None:
        """The keys of fal's webhooks; public."""
        return Call(method="GET", url=f"{hosts.rest}/.well-known/jwks.json", headers=ACCEPT, key=False)

    def read_callback_keys(self, reply: Reply) -> tuple[bytes, ...]:
        """See `callbacks`."""
        return callbacks.keys(reply)

    def verdict(self, callback: Callback, *, secret: str, keys: Sequence[bytes], now: float) -> Verdict:  # noqa: ARG002  the protocol's
        """See `callbacks`; fal knows no secret of ours."""
        return callbacks.verdict(callback, keys, now)

    def called_back(self, hosts: Hosts, order: Order, callback: Callback) -> CalledBack | None:
        """See `callbacks`."""
        return callbacks.called_back(hosts, order, callback)

    def trusts(self, hosts: Hosts, url: str) -> bool:
        """Below fal.ai, fal.run and fal.media; loopback only when the settings name it."""
        return addresses.trusts(hosts, url)

    def key_headers(self, key: str) -> Mapping[str, str]:
        """`Key id:secret`; a key is given in that form already."""
        return {"authorization": f"Key {key}"}

    def takes_key(self, hosts: Hosts, url: str) -> bool:
        """API hosts only: never fal.media, whose addresses are signed or public."""
        return addresses.takes_key(hosts, url)

    def account(self, hosts: Hosts) -> Call:
        """A price, which fal tells only to a good key."""
        return Call(method="GET", url=f"{hosts.api}/v1/models/pricing?endpoint_id={PRICED}", headers=ACCEPT)

    def published(self, hosts: Hosts, endpoint: str) -> Call:
        """The catalogue's entry for this endpoint; it needs no key."""
        url = f"{hosts.api}/v1/models?endpoint_id={quote(endpoint, safe='/')}"
        return Call(method="GET", url=url, headers=ACCEPT, key=False)

    def offers(self, endpoint: str, reply: Reply) -> bool | None:
        """Whether fal lists the endpoint and does not call it deprecated."""
        body = parsed(reply) or {}
        problem = body.get("error")
        if reply.status == 404 and isinstance(problem, dict) and problem.get("type") == "not_found":
            return False
        models = body.get("models") if reply.status == 200 else None
        if not isinstance(models, list):
            return None
        entries = [model for model in models if isinstance(model, dict) and model.get("endpoint_id") == endpoint]
        told = [entry.get("metadata") for entry in entries]
        return any(not isinstance(data, dict) or data.get("status", "active") == "active" for data in told)


def _without_logs(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}logs=0"


DIALECT: Dialect = Fal()
