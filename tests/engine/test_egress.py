from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fluxroom.engine import egress
from fluxroom.engine.egress import PrivateAddressError, inside_hosts, is_inside, is_public, public_socket
from fluxroom.engine.transport import AiohttpTransport, NotSentError
from fluxroom.providers import Call
from fluxroom.settings import load

pytestmark = pytest.mark.anyio

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1",
    "100::1", "3fff::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "::127.0.0.1", "", "example.com", "1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111",
          "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1"]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_the_open_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is(address: str) -> None:
    assert is_public(address)


def test_no_socket_is_made_for_a_private_address() -> None:
    with pytest.raises(PrivateAddressError, match=r"169\.254\.169\.254"):
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("169.254.169.254", 80)))
    public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("1.1.1.1", 443))).close()


# a name that leads inside, over real sockets -------------------------------------------------------------------------


@asynccontextmanager
async def metadata_service() -> AsyncIterator[tuple[int, list[bytes]]]:
    """What an attacker would like to reach: it listens on this machine and writes down who calls."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


@pytest.fixture
def rebound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name leads to this machine, as an attacker's DNS would have it."""

    async def lookup(_loop: Any, _host: Any, port: Any, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", lookup)


@pytest.mark.usefixtures("rebound")
async def test_a_name_that_leads_to_this_machine_is_not_called() -> None:
    async with metadata_service() as (port, heard):
        transport = AiohttpTransport()
        url = f"http://delivery.example.com:{port}/latest/meta-data"
        for attempt in (
            transport.download(url, limit=1000, timeout=5),
            transport.request(Call(method="GET", url=url), {}, timeout=5),
        ):
            with pytest.raises(NotSentError):
                await attempt
        await transport.close()
    assert heard == []


@pytest.mark.usefixtures("rebound")
async def test_without_the_guard_the_attack_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "is_public", lambda _address: True)
    async with metadata_service() as (port, heard):
        transport = AiohttpTransport()
        stolen = await transport.download(f"http://delivery.example.com:{port}/latest", limit=1000, timeout=5)
        await transport.close()
    assert stolen.body == b"secret"
    assert len(heard) == 1


async def test_a_bare_address_is_checked_too() -> None:
    # aiohttp looks nothing up for it, so a guard in the resolver would never see it.
    async with metadata_service() as (port, heard):
        transport = AiohttpTransport()
        with pytest.raises(NotSentError):
            await transport.download(f"http://0.0.0.0:{port}/", limit=1000, timeout=5)
        await transport.close()
    assert heard == []


@pytest.mark.usefixtures("rebound")
async def test_a_host_from_the_settings_may_be_inside() -> None:
    async with metadata_service() as (port, heard):
        transport = AiohttpTransport(inside=frozenset({"proxy.corp.example"}))
        assert (await transport.download(f"http://proxy.corp.example:{port}/", limit=99, timeout=5)).status == 200
        with pytest.raises(NotSentError):
            await transport.download(f"http://other.example:{port}/", limit=99, timeout=5)
        await transport.close()
    assert len(heard) == 1


def test_only_what_was_set_counts_as_inside() -> None:
    assert inside_hosts(load(_env_file=None)) == frozenset()
    named = inside_hosts(
        load(_env_file=None, fal_queue_url="https://fal.corp.example", bfl_url="https://10.0.0.5:8443")
    )
    assert named == {"fal.corp.example", "10.0.0.5"}
    assert is_inside("https://fal.corp.example/x", named)
    assert not is_inside("https://fal.corp.example.attacker.example/x", named)
    assert is_inside("http://127.0.0.1:9/x", frozenset())
    assert not is_inside("http://127.0.0.1.attacker.example/x", frozenset())
