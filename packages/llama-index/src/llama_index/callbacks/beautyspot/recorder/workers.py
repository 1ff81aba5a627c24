"""Worker processes record where the process does that began them.

A host that spawns its workers, as `IngestionPipeline.run` does, gives them what it pickled and nothing else. So what
this package has in there, cached models and transformations, brings the recorders along.
"""

from __future__ import annotations

import multiprocessing
import pickle
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from beautyspot.errors import CacheWarning
from beautyspot.places import opened, portable
from beautyspot.powers import keeps_journal

from llama_index.callbacks.beautyspot.recorder.recorder import Made, installed, recorder_of
from llama_index.callbacks.beautyspot.recorder.runs import Runs

if TYPE_CHECKING:
    from beautyspot.spot import Spot

_arrived: set[bytes] = set()
"""Recorders that came already: a pool may send the same model with each task."""


class RunsOfWorker(Runs):
    """Runs that are written as soon as none is open: who is done with a worker may end it without a word."""

    _writes = True

    def end(self, *args: Any, **kwargs: Any) -> None:
        """End a run, and write it with those that waited for it."""
        super().end(*args, **kwargs)
        if self._writes and not self._open:
            # Whoever can't write now leaves it to the journal, which tries again: each try may take seconds.
            self._writes = self.ledger.flush()


def to_bring(own: Any, /) -> list[bytes]:
    """Return the recorders of this process, pickled, for a worker that gets what is kept at the place `own`."""
    there = [(spot, made_by) for spot, made_by in installed() if keeps_journal(spot.parts.store.db)]
    return [brought for spot, made_by in there if (brought := _pickled(spot, made_by, own)) is not None]


def arrive(process: int, brought: list[bytes], /) -> None:
    """Begin the recorders that `process` brought, if this is a worker of it."""
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid != process:
        return  # a model that was pickled into a file comes without its recorder
    for each in brought:
        if each not in _arrived:
            _arrived.add(each)
            _begin(each)


def _begin(brought: bytes) -> None:
    try:
        made_by: Made = pickle.loads(brought)  # noqa: S301 - a part of what is being unpickled
        recorder_of(opened(made_by.place), made_by, RunsOfWorker)
    except Exception as error:  # noqa: BLE001 - whatever it is, the worker has work of its own
        with suppress(CacheWarning):
            warnings.warn(
                f"this worker process records nothing ({error}); its calls are in no row; open the recorder's place "
                "here to see why",
                CacheWarning,
                stacklevel=2,
            )


def _pickled(spot: Spot, made_by: Made, own: Any) -> bytes | None:
    try:
        place = portable(made_by.place)
        if isinstance(place, str) and place.startswith("memory:"):
            raise TypeError("memory:// is this process's own")
        if isinstance(place, str) and place != own and "://" in place and urlsplit(place).password:
            raise TypeError("its URL holds a password, which what is pickled doesn't have")
        return pickle.dumps(made_by._replace(place=place))
    except Exception as error:  # noqa: BLE001 - a database or a `redact` of the user's may refuse in any way
        with suppress(CacheWarning):
            spot.parts.store.notices.warn(
                "llama-index workers",
                f"worker processes can't record where this process does ({error}), so their calls are in no row; give "
                "the recorder a file's path, and a function of a module as redact=",
                CacheWarning,
            )
        return None
