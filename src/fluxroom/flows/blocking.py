"""A desk and conversations that are waited for: the same methods for programs that know nothing of `async`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from fluxroom.flows.conversations import Conversations
from fluxroom.flows.desk import Desk

P = ParamSpec("P")
T = TypeVar("T")

Wait = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]
"""Runs something asynchronous to its end and gives what it returns."""


def _waited(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[_Waiting, P], T]:
    @wraps(method)
    def call(self: _Waiting, /, *args: P.args, **more: P.kwargs) -> T:
        found: T = self.wait(partial(getattr(self.way(), method.__name__), *args, **more))
        return found

    return call


class _Waiting:
    """Something whose methods are waited for.

    Args:
        way: gives it, here or at a gateway, once the client is open.
        wait: how its methods are waited for.
    """

    def __init__(self, way: Callable[[], Any], wait: Wait) -> None:
        self.way = way
        self.wait = wait


class BlockingConversations(_Waiting):
    """Everything that somebody can do with conversations; arguments and answers as in `Conversations`."""

    begin = _waited(Conversations.begin)
    page = _waited(Conversations.page)
    get = _waited(Conversations.get)
    message = _waited(Conversations.message)
    change = _waited(Conversations.change)
    drop = _waited(Conversations.drop)
    say = _waited(Conversations.say)
    go_on = _waited(Conversations.go_on)
    stop = _waited(Conversations.stop)
    assistants = _waited(Conversations.assistants)
    switch = _waited(Conversations.switch)


class BlockingDesk(_Waiting):
    """Everything that somebody can do with runs; arguments and answers as in `Desk`."""

    check_sheet = _waited(Desk.check_sheet)
    begin_sheet = _waited(Desk.begin_sheet)
    check_comparison = _waited(Desk.check_comparison)
    begin_comparison = _waited(Desk.begin_comparison)
    say_winner = _waited(Desk.say_winner)
    contact_sheet = _waited(Desk.contact_sheet)
    check_pipeline = _waited(Desk.check_pipeline)
    begin_pipeline = _waited(Desk.begin_pipeline)
    approve = _waited(Desk.approve)
    choose = _waited(Desk.choose)
    check_redo = _waited(Desk.check_redo)
    redo = _waited(Desk.redo)
    expand = _waited(Desk.expand)
    page = _waited(Desk.page)
    get = _waited(Desk.get)
    rest = _waited(Desk.rest)
    items = _waited(Desk.items)
    describe = _waited(Desk.describe)
    pause = _waited(Desk.pause)
    resume = _waited(Desk.resume)
    cancel = _waited(Desk.cancel)
    retry = _waited(Desk.retry)
