"""A server that speaks OpenAI's chat completions over real sockets, and says what a test wants it to say."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Say = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


@dataclass(slots=True)
class Chat:
    """The server: what it will say, and what it has heard."""

    url: str = ""
    say: Say = field(default_factory=lambda: saying("[]"))
    heard: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.heard]

    @property
    def keys(self) -> set[str]:
        return {headers.get("authorization", "") for _, headers, _ in self.heard}


def answer(
    handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, kind: str = "application/json", **headers: str
) -> None:
    handler.send_response(status)
    handler.send_header("content-type", kind)
    handler.send_header("content-length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def saying(content: Any) -> Say:
    """A completion with this content."""

    def say(handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        answer(
            handler, json.dumps({"object": "chat.completion", "model": asked["model"], "choices": [choice]}).encode()
        )

    return say


def writing() -> Say:
    """As many prompts as it is asked for, each of the text that it was given."""

    def say(handler: BaseHTTPRequestHandler, asked: dict[str, Any]) -> None:
        order, text = (one["content"] for one in asked["messages"])
        number = int(order.split("exactly ")[1].split(" ")[0])
        saying(json.dumps([f"{text}, told {n}" for n in range(1, number + 1)]))(handler, asked)

    return say


def raw(body: bytes, **more: Any) -> Say:
    """An answer that is perhaps no completion."""
    return lambda handler, _: answer(handler, body, **more)


@contextmanager
def chatting(say: Say | None = None) -> Iterator[Chat]:
    """A running server."""
    found = Chat()
    if say:
        found.say = say

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found.heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            with suppress(BrokenPipeError, ConnectionResetError):
                found.say(self, body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield found
    finally:
        found.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
