"""Connections that are too slow or too talkative before there is a request, or after there is an answer.

Uvicorn waits for ever for the head of a request and for a reader of its answer. Held open by the thousand, such
connections would keep everybody else out. The body's pace is the doorkeeper's (`server.security`).
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_HEAD = 64 * 1024
"""Bytes of a request line with all its headers."""

MOST_HEADERS = 200

HEAD_PATIENCE = 20.0
"""Seconds from the first byte (or the connection) to the end of the headers."""

READER_PATIENCE = 60.0
"""Seconds in which a reader must take something of an answer that waits for it."""

_TOO_LARGE = b"431 Request Header Fields Too Large"


class _TooMuchError(Exception):
    """A head is larger than is taken."""


class Connection(HttpToolsProtocol):
    """Uvicorn's connection with an end to its patience."""

    head_patience = HEAD_PATIENCE
    reader_patience = READER_PATIENCE

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_due: TimerHandle | None = None
        self._reader_due: TimerHandle | None = None
        self._head_bytes = 0
        self._head_size = 0
        self._answering = False
        self._receiving = False
        self._current: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Somebody has come; their request must follow."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; while they are a head, count them."""
        if self._head_due is None and not self._answering and not self._receiving:
            self._expect_head()
        if not self._receiving:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_due is not None and not self._receiving and self._head_bytes > MOST_HEAD:
            self._refuse(_TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One more header; a whole head may also come in one piece."""
        self._head_size += len(name) + len(value) + len(b": \r\n")
        if self._head_size + len(self.url) > MOST_HEAD or len(self.headers) >= MOST_HEADERS:
            raise _TooMuchError
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        """What cannot be read is answered and closed; of what is too much, it is said."""
        if self._head_size > MOST_HEAD or len(self.headers or ()) >= MOST_HEADERS:
            self._refuse(_TOO_LARGE)
            return
        self._stop_waiting()
        super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there in time."""
        self._stop_waiting()
        self._answering = self._receiving = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is there too."""
        self._receiving = False
        if not self._answering:
            self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """What comes now is another request's head, unless one was sent ahead."""
        self._answering = bool(self.pipeline)
        if self._receiving and self._head_due is None:
            # Answered before the body was there, so nobody reads it; it may still come, but not for ever.
            self._head_due = self.loop.call_later(self.head_patience, self.transport.abort)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The reader does not keep up."""
        super().pause_writing()
        if self._reader_due is None:
            self._reader_due = self.loop.call_later(self.reader_patience, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader has taken what was waiting."""
        super().resume_writing()
        if self._reader_due is not None:
            self._reader_due.cancel()
            self._reader_due = None

    def connection_lost(self, exc: Exception | None) -> None:
        """They are gone."""
        self._stop_waiting()
        if self._reader_due is not None:
            self._reader_due.cancel()
        # Uvicorn tells only the newest of several requests on a connection; the others would answer into the void.
        for cycle in (self._current, *(waiting for waiting, _ in self.pipeline)):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._current = cycle
        super()._start_asgi_task(cycle, app)

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._head_due = self.loop.call_later(self.head_patience, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
            self.transport.close()
