"""One event loop for all calls of a run: what an extractor's client keeps open is of the loop that opened it."""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from functools import cache
from inspect import getattr_static
from typing import Any

from llama_index.core.extractors import BaseExtractor
from llama_index.core.schema import TransformComponent

Run = Callable[[Callable[[], Any]], Any]
"""Calls what it is given, and returns or raises what that does."""
_SYNC = ("__call__", "process_nodes")


@contextmanager
def one_loop(transformation: TransformComponent, /) -> Generator[Run]:
    """Yield what runs the calls of the block, so that LlamaIndex's `asyncio_run` finds one loop in all of them.

    It makes a loop for each call where one runs in this thread, as in notebooks, or where none is set, as in threads. A
    client would take connections of a closed one in the second call, and lose answers that were paid for.
    """
    with ExitStack() as stack:
        begun = cache(lambda: _begin(transformation, stack))  # by the first call: hits need none
        yield lambda call: begun()(call)


def _begin(transformation: TransformComponent, stack: ExitStack) -> Run:
    if not isinstance(transformation, BaseExtractor):
        return _here
    try:
        loop = asyncio.get_event_loop()  # as `asyncio_run` asks for it
    except RuntimeError:
        loop = None
    if loop is None or loop.is_closed():
        stack.enter_context(asyncio.Runner())  # sets its loop
    elif loop.is_running() and _is_hosts(type(transformation)):
        return _in_thread(stack)
    return _here


def _is_hosts(class_: type[BaseExtractor]) -> bool:
    """Say whether a call is LlamaIndex's own code, which goes to another thread; a user's may be bound to this one."""
    return all(getattr_static(class_, name) is getattr_static(BaseExtractor, name) for name in _SYNC)


def _in_thread(stack: ExitStack) -> Run:
    thread, runner = stack.enter_context(ThreadPoolExecutor(1)), asyncio.Runner()
    thread.submit(runner.get_loop).result()
    stack.callback(thread.submit, runner.close)
    return lambda call: thread.submit(copy_context().run, call).result()


def _here(call: Callable[[], Any]) -> Any:
    return call()
