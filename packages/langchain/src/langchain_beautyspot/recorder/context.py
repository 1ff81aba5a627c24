"""Recording without touching any call: for a block, or by an environment variable."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from beautyspot.places import Place
from beautyspot.spot import Spot
from langchain_core.tracers.context import register_configure_hook

from langchain_beautyspot.recorder.handler import BeautySpotCallbackHandler

ENVIRONMENT = "BEAUTYSPOT_RUNS"
"""A path or URL where every run is to be recorded, once this package's recorder is imported."""
_recorder: ContextVar[BeautySpotCallbackHandler | None] = ContextVar("langchain_beautyspot_recorder", default=None)
_of_process: dict[str, _FromEnvironment] = {}


class _FromEnvironment(BeautySpotCallbackHandler):
    """The one recorder of the process, which LangChain asks for anew at each call."""

    def __new__(cls) -> _FromEnvironment:
        place = os.environ[ENVIRONMENT]
        found = _of_process.get(place)
        if found is None:
            found = _of_process[place] = super().__new__(cls)
        return found

    def __init__(self) -> None:
        if not hasattr(self, "recorder"):
            super().__init__(os.environ[ENVIRONMENT])


@contextmanager
def record_runs(place: Place | None = None, **options: Any) -> Generator[BeautySpotCallbackHandler]:
    """Record every run that begins in the block, in this thread, task and those that inherit its context.

    Args:
        place: A Spot, a file's path, or a database's URL; None for `.beautyspot/langchain.db`.
        options: Those of `BeautySpotCallbackHandler`.
    """
    recorder = BeautySpotCallbackHandler(Spot("langchain") if place is None else place, **options)
    token = _recorder.set(recorder)
    try:
        yield recorder
    finally:
        _recorder.reset(token)
        recorder.flush()


register_configure_hook(_recorder, inheritable=True)
register_configure_hook(
    ContextVar("langchain_beautyspot_recorder_of_process", default=None),
    inheritable=True,
    handle_class=_FromEnvironment,
    env_var=ENVIRONMENT,
)
