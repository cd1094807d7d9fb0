"""Asks the providers what they publish about their endpoints, and lays it over the catalog. Makes no picture."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson

from fluxroom.catalog import overlay, published
from fluxroom.catalog.overlay import Overlay
from fluxroom.catalog.published import Published, UnreadableError
from fluxroom.catalog.sync import Change, Difference, compare
from fluxroom.engine.accounts import need
from fluxroom.engine.courier import Courier, UntrustedCallError
from fluxroom.engine.transport import InterruptedCallError, NotSentError, TooLargeError
from fluxroom.providers import Call, Hosts, dialect
from fluxroom.settings import Settings
from fluxroom.store.blobs import storage_error
from fluxroom.types import PROVIDERS, Provider

_PAGE = 50
_MOST_PAGES = 100
_ACCEPT = {"accept": "application/json"}


class SilentError(Exception):
    """A provider did not say what it publishes."""


async def synced(courier: Courier, settings: Settings, *, write: bool) -> Difference:
    """How what the providers publish differs from the catalog as it was shipped; with `write`, use it from now on.

    A provider that does not answer, or answers with something else, changes nothing of what was known about it.

    Raises:
        StorageFull, StorageUnwritable: the overlay cannot be written; the old one is as it was.
    """
    read = time.strftime("%Y-%m-%d", time.gmtime())
    asked = [provider for provider in PROVIDERS if provider in courier.accounts]
    answers = await asyncio.gather(
        *(_READERS[provider](courier, need(courier.accounts, provider).hosts, read) for provider in asked),
        return_exceptions=True,
    )
    found: dict[Provider, Published] = {}
    silent: dict[str, str] = {}
    for provider, answer in zip(asked, answers, strict=True):
        if isinstance(answer, Published):
            found[provider] = answer
        elif isinstance(answer, SilentError | UnreadableError):
            silent[provider] = str(answer)
        else:
            raise answer
    made, changes = compare(found, read=read, before=overlay.current())
    made, changes = _whole(made, changes)  # in one go: nobody else may see a half-checked catalog
    if write and found:
        try:
            await asyncio.to_thread(overlay.write, settings.data_folder, made)
        except OSError as error:
            raise storage_error(error) from error
        overlay.use(settings.data_folder)
    sandbox = any(courier.accounts[provider].sandbox for provider in found)
    return Difference(read=read, changes=changes, asked=list(found), silent=silent, sandbox=sandbox)


def _whole(made: Overlay, changes: list[Change]) -> tuple[Overlay, list[Change]]:
    """The overlay without models that cannot be used, which are told as unreadable."""
    bad = overlay.unusable(made)
    if not bad:
        return made, changes
    why = ("its schema makes no model that can be asked for",)
    told = [
        replace(one, kind="unreadable", model="", details=why) if one.kind == "added" and one.model in bad else one
        for one in changes
    ]
    return replace(made, rows={name: row for name, row in made.rows.items() if name not in bad}), told


async def _bfl(courier: Courier, hosts: Hosts, read: str) -> Published:
    spec = await _json(courier, "bfl", hosts, dialect("bfl").published(hosts, ""))
    found = published.bfl(spec, source="BFL OpenAPI, openapi.json", read=read)
    if not found.documents:
        raise SilentError("its openapi.json names no endpoint that makes pictures")
    return found


async def _fal(courier: Courier, hosts: Hosts, read: str) -> Published:
    models = await _fal_models(courier, hosts)
    found = published.fal(models, (), read=read)
    if not found.documents:
        raise SilentError("its list of models names no FLUX endpoint that makes pictures")
    prices = await _fal_prices(courier, hosts, sorted(found.documents))
    return published.fal(models, prices, read=read)


async def _fal_models(courier: Courier, hosts: Hosts) -> list[Any]:
    models: list[Any] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        asked = {"q": "flux", "status": "active", "expand": "openapi-3.0", "limit": _PAGE}
        query = urlencode(asked | ({"cursor": cursor} if cursor else {}))
        call = Call(method="GET", url=f"{hosts.api}/v1/models?{query}", headers=_ACCEPT, key=False)
        page = await _json(courier, "fal", hosts, call)
        listed = page.get("models") if isinstance(page, Mapping) else None
        if not isinstance(listed, list):
            raise SilentError("its list of models has another form")
        models += listed
        cursor = page.get("next_cursor")
        if not page.get("has_more") or not isinstance(cursor, str):
            break
    return models


async def _fal_prices(courier: Courier, hosts: Hosts, endpoints: list[str]) -> list[Any]:
    """Unit prices as far as fal tells them; without a price an endpoint costs "at least" something."""
    prices: list[Any] = []
    for start in range(0, len(endpoints), _PAGE):
        query = urlencode({"endpoint_id": ",".join(endpoints[start : start + _PAGE])}, safe="/,")
        call = Call(method="GET", url=f"{hosts.api}/v1/models/pricing?{query}", headers=_ACCEPT)
        try:
            page = await _json(courier, "fal", hosts, call)
        except SilentError:
            continue
        listed = page.get("prices") if isinstance(page, Mapping) else None
        prices += listed if isinstance(listed, list) else []
    return prices


async def _json(courier: Courier, provider: Provider, hosts: Hosts, call: Call) -> Any:
    try:
        reply = await courier.carry(provider, hosts, call)
    except (NotSentError, InterruptedCallError, TooLargeError, UntrustedCallError) as error:
        raise SilentError(f"it could not be asked: {error}") from error
    if reply.status != 200:
        raise SilentError(f"it answered HTTP {reply.status}")
    try:
        return orjson.loads(reply.body)
    except ValueError:
        raise SilentError("it answered with something that is no JSON") from None


_READERS = {"bfl": _bfl, "fal": _fal}
