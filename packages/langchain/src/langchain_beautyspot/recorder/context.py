"""Recording without touching any call: for a block, or by an environment variable."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from beautyspot.errors import CacheWarning
from beautyspot.notices import Notices
from beautyspot.places import Place
from beautyspot.spot import Spot
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from langchain_beautyspot.recorder.handler import BeautySpotCallbackHandler

ENVIRONMENT = "BEAUTYSPOT_RUNS"
"""A path or URL where every run is to be recorded, once this package's recorder is imported."""
_blocks: list[ContextVar[BeautySpotCallbackHandler | None]] = []
"""The recorders of `record_runs`, one variable for each block within another: LangChain asks each."""
_unwritten: deque[BeautySpotCallbackHandler] = deque(maxlen=16)
"""The recorders of blocks whose rows the database refused: at exit it is asked again. It would be asked twice more, for
its whole patience each time, if they ended with their block."""
_of_process: dict[str, BaseCallbackHandler] = {}


class _FromEnvironment(BeautySpotCallbackHandler):
    """The one recorder of the process, which LangChain asks for anew at each call."""

    def __new__(cls) -> Any:
        """Return it, or a handler that does nothing where none can be opened: no call fails for that."""
        place = os.environ[ENVIRONMENT]
        found = _of_process.get(place)
        if found is None:
            found = _of_process[place] = cls._opened(place)
        return found

    def __init__(self) -> None:
        """Do nothing: LangChain makes it at each call."""

    @classmethod
    def _opened(cls, place: str) -> BaseCallbackHandler:
        recorder = super().__new__(cls)
        try:
            BeautySpotCallbackHandler.__init__(recorder, place)
        except Exception as error:  # noqa: BLE001 - whatever the place is; it is told
            Notices().tell(ENVIRONMENT, f"no run is recorded, as {ENVIRONMENT} can't be used: {error}", CacheWarning)
            return BaseCallbackHandler()
        return recorder


@contextmanager
def record_runs(place: Place | None = None, **options: Any) -> Generator[BeautySpotCallbackHandler]:
    """Record every run that begins in the block, in this thread, task and those that inherit its context.

    A block around it records them too. Its end writes the rows, and waits for a locked database as long as a write
    does; what it refuses waits until the process ends.

    Args:
        place: A Spot, a file's path, or a database's URL; None for `.beautyspot/langchain.db`.
        options: Those of `BeautySpotCallbackHandler`.
    """
    recorder = BeautySpotCallbackHandler(Spot("langchain") if place is None else place, **options)
    block = _free_block()
    token = block.set(recorder)
    try:
        yield recorder
    finally:
        try:
            block.reset(token)
        except ValueError:  # a generator's block may be left in another context, where the variable has its own value
            if block.get() is recorder:
                block.set(None)
        finally:
            if not recorder.recorder.ledger.flush(joins=True):  # the exit tries once more
                _unwritten.append(recorder)


def _free_block() -> ContextVar[BeautySpotCallbackHandler | None]:
    for block in _blocks:
        if block.get() is None:
            return block
    block = ContextVar[BeautySpotCallbackHandler | None](f"langchain_beautyspot_recorder_{len(_blocks)}", default=None)
    _blocks.append(block)
    register_configure_hook(block, inheritable=True)
    return block


register_configure_hook(
    ContextVar("langchain_beautyspot_recorder_of_process", default=None),
    inheritable=True,
    handle_class=_FromEnvironment,
    env_var=ENVIRONMENT,
)
