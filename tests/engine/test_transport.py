"""What a broken wire means for money: surely not sent, or in doubt. A server that misbehaves byte by byte shows it."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from fluxroom.engine.transport import AiohttpTransport, InterruptedCallError, NotSentError, TooLargeError
from fluxroom.providers import Call, Reply

pytestmark = pytest.mark.anyio

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Server:
    """Answers each request by what it was told to do, the last one again and again; writes down what it heard."""

    answers: list[bytes | Answer]
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    open: dict[asyncio.StreamWriter, asyncio.Task[Any] | None] = field(default_factory=dict)

    async def close(self) -> None:
        for writer in self.open:
            writer.transport.abort()
        await asyncio.gather(*filter(None, self.open.values()), return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open[writer] = asyncio.current_task()
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [
                    line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
                ]
                body = await reader.readexactly(int(length[0])) if length else b""
                self.heard.append(head + body)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if callable(answer):
                    await answer(reader, writer)
                else:
                    writer.write(answer)
                    await writer.drain()
                if writer.is_closing():
                    return


@asynccontextmanager
async def serving(*answers: bytes | Answer) -> AsyncIterator[Server]:
    found = Server(list(answers))
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.close()
        await found.close()


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    made = AiohttpTransport()
    yield made
    await made.close()


def ok(body: bytes = b"{}", *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in (*headers, f"content-length: {len(body)}"))
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


def partly(data: bytes) -> Answer:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return answer


def submit(url: str, **more: Any) -> Call:
    return Call(method="POST", url=f"{url}/v1/flux-2-pro", json={"prompt": "a fox"}, **more)


async def post(transport: AiohttpTransport, url: str, seconds: float = 5.0) -> Reply:
    return await transport.request(submit(url), {"x-key": "planted-key"}, timeout=seconds)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# surely not sent -----------------------------------------------------------------------------------------------------


async def test_where_nobody_listens_nothing_was_sent(transport: AiohttpTransport) -> None:
    with pytest.raises(NotSentError):
        await post(transport, f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize(
    "url", ["http://no-such-name.invalid", "http://", "nonsense", "http://[::1", "ftp://127.0.0.1/x"]
)
async def test_an_address_that_leads_nowhere(transport: AiohttpTransport, url: str) -> None:
    with pytest.raises((NotSentError, InterruptedCallError)) as caught:
        await post(transport, url)
    if url.startswith("http://no-such"):
        assert caught.type is NotSentError


async def test_a_server_that_does_not_speak_tls_has_heard_no_request(transport: AiohttpTransport) -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65536))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        with pytest.raises(NotSentError):
            await post(transport, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert len(heard) == 1
    assert b"prompt" not in heard[0]


# in doubt ------------------------------------------------------------------------------------------------------------

BROKEN: dict[str, bytes | Answer] = {
    "hangs up without a word": hang_up,
    "resets the connection": reset,
    "breaks off in the status line": partly(b"HTTP/1.1 20"),
    "breaks off in the headers": partly(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "breaks off in the body": partly(b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"id": "half'),
    "breaks off in a chunk": partly(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{"),
    "speaks another protocol": partly(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "says two lengths": partly(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
    "says a length that is none": partly(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n{}"),
    "packs what cannot be unpacked": partly(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope"
    ),
    "sends endless headers": partly(b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 70_000 + b"\r\n\r\n"),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_once_the_request_has_left_it_is_in_doubt(transport: AiohttpTransport, how: str) -> None:
    """Called "not sent", it would be sent again: a second picture, paid twice."""
    async with serving(BROKEN[how]) as server:
        with pytest.raises(InterruptedCallError) as caught:
            await post(transport, server.url)
        assert len(server.heard) == 1, how
        assert b'{"prompt":"a fox"}' in server.heard[0]
    told = str(caught.value)
    assert "127.0.0.1" not in told
    assert "planted-key" not in told


async def test_no_answer_in_time_is_in_doubt(transport: AiohttpTransport) -> None:
    async with serving(silence) as server:
        with pytest.raises(InterruptedCallError):
            await post(transport, server.url, 0.2)
        assert len(server.heard) == 1


async def test_a_post_on_a_connection_that_was_just_closed_is_not_sent_by_itself_again(
    transport: AiohttpTransport,
) -> None:
    """HTTP clients like to repeat a request when a kept connection turns out to be dead. This one must not."""
    async with serving(ok(), hang_up, ok()) as server:
        assert (await post(transport, server.url)).status == 200
        with pytest.raises(InterruptedCallError):
            await post(transport, server.url)
        assert len(server.heard) == 2
        assert (await post(transport, server.url)).status == 200
        assert len(server.heard) == 3


async def test_connections_are_kept_for_the_next_call(transport: AiohttpTransport) -> None:
    async with serving(ok()) as server:
        for _ in range(5):
            await post(transport, server.url)
        assert (server.connections, len(server.heard)) == (1, 5)


# what comes back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 202, 301, 302, 307, 308, 400, 401, 402, 404, 422, 429, 500, 502, 503, 504])
async def test_every_status_is_an_answer_and_no_redirect_is_followed(transport: AiohttpTransport, status: int) -> None:
    async with serving(
        f"HTTP/1.1 {status} Whatever\r\nlocation: http://127.0.0.1:1/elsewhere\r\nX-Request-ID: r7\r\n"
        f"content-length: 2\r\n\r\n{{}}".encode()
    ) as server:
        reply = await post(transport, server.url)
        assert (reply.status, reply.headers["x-request-id"], reply.body) == (status, "r7", b"{}")
        assert len(server.heard) == 1


async def test_what_is_sent_is_what_the_call_says(transport: AiohttpTransport) -> None:
    async with serving(ok(b"{}", "set-cookie: id=1; Path=/")) as server:
        await transport.request(submit(server.url, headers={"x-fal-store-io": "0"}), {"x-key": "k"}, timeout=60)
        await transport.request(Call(method="PUT", url=server.url, body=b"\x89PNG"), {}, timeout=60)
        await transport.request(Call(method="GET", url=f"{server.url}/status?logs=1"), {}, timeout=60)
    first, second, third = (heard.lower() for heard in server.heard)
    assert b"x-fal-store-io: 0\r\n" in first
    assert b"x-key: k\r\n" in first
    assert b"content-type: application/json\r\n" in first
    assert first.startswith(b"post /v1/flux-2-pro http/1.1\r\n")
    assert second.endswith(b"\x89png")
    assert b"x-key" not in second
    assert third.startswith(b"get /status?logs=1 http/1.1\r\n")
    assert b"cookie" not in second + third, "nobody follows us by a cookie"


async def test_a_large_body_arrives_whole(transport: AiohttpTransport) -> None:
    body = bytes(range(256)) * 4096
    async with serving(ok()) as server:
        await transport.request(Call(method="PUT", url=server.url, body=body), {}, timeout=60)
    assert server.heard[0].endswith(body)


async def test_a_packed_answer_is_unpacked(transport: AiohttpTransport) -> None:
    async with serving(ok(gzip.compress(b'{"id": 1}'), "content-encoding: gzip")) as server:
        assert (await post(transport, server.url)).body == b'{"id": 1}'


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_that_is_too_large_is_not_read_to_its_end(transport: AiohttpTransport, *, packed: bool) -> None:
    """Also one that is small on the wire and a giant once unpacked."""
    body = bytes(3_000_000)
    answer = ok(gzip.compress(body), "content-encoding: gzip") if packed else ok(body)
    async with serving(answer) as server:
        with pytest.raises(TooLargeError):
            await transport.download(server.url, limit=1_000_000, timeout=60)
        assert (await transport.download(server.url, limit=3_000_000, timeout=60)).body == body


async def test_a_download_carries_nothing_of_ours(transport: AiohttpTransport) -> None:
    async with serving(ok(b"bytes")) as server:
        reply = await transport.download(f"{server.url}/file.png?sig=1", limit=99, timeout=60)
    assert reply.body == b"bytes"
    names = {line.split(b":")[0].lower() for line in server.heard[0].split(b"\r\n")[1:] if line}
    assert names <= {b"host", b"accept", b"accept-encoding", b"user-agent"}


# streams -------------------------------------------------------------------------------------------------------------


async def events(transport: AiohttpTransport, url: str) -> list[bytes]:
    return [data async for data in transport.stream(Call(method="GET", url=url), {"x-key": "k"})]


async def test_each_event_of_a_stream_comes_by_itself(transport: AiohttpTransport) -> None:
    body = b': hello\r\n\r\ndata: {"status": "IN_QUEUE"}\r\n\r\nevent: x\ndata: one\ndata: two\n\ndata: cut off'
    async with serving(partly(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + body)) as server:
        assert await events(transport, server.url) == [b'{"status": "IN_QUEUE"}', b"one\ntwo"]
    assert b"text/event-stream" in server.heard[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        hang_up,
        partly(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
    ],
)
async def test_a_stream_that_is_none_or_breaks_is_said_as_such(transport: AiohttpTransport, answer: Any) -> None:
    async with serving(answer) as server:
        with pytest.raises(InterruptedCallError):
            await events(transport, server.url)


# aliases -------------------------------------------------------------------------------------------------------------


async def test_a_name_may_stand_for_another_address(transport: AiohttpTransport) -> None:
    async with serving(ok()) as server:
        named = AiohttpTransport({"http://sandbox.localhost": server.url})
        await named.request(Call(method="GET", url="http://sandbox.localhost/x?y=1"), {}, timeout=60)
        await named.close()
        assert server.heard[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")
        assert b"host: sandbox.localhost\r\n" in server.heard[0].lower()
        lookalike = AiohttpTransport({"http://sandbox.localhost": server.url})
        with pytest.raises(NotSentError):
            await lookalike.request(Call(method="GET", url="http://sandbox.localhost.invalid/x"), {}, timeout=60)
        await lookalike.close()
    assert len(server.heard) == 1
