"""The recorder of everything that LlamaIndex traces."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from beautyspot.checks import expect
from beautyspot.errors import ConfigurationError
from beautyspot.places import Place, opened
from beautyspot.recording import Reports

from llama_index.callbacks.beautyspot.listener import Listener, Quiet
from llama_index.callbacks.beautyspot.listening import attach, detach
from llama_index.callbacks.beautyspot.recorder.callbacks import Callbacks
from llama_index.callbacks.beautyspot.recorder.observer import Observer
from llama_index.callbacks.beautyspot.recorder.runs import Options, Runs
from llama_index.core import Settings

if TYPE_CHECKING:
    from beautyspot.recording import Prices, Redact
    from beautyspot.spot import Spot

Source = Literal["instrumentation", "callbacks"]
_SOURCES: frozenset[Source] = frozenset(("instrumentation", "callbacks"))


class Made(NamedTuple):
    """What a recorder was made by."""

    place: Place
    options: Options
    sample: float
    sources: frozenset[Source]


_installed: dict[Any, Recorder] = {}
"""By database."""
_installing = Lock()
"""Threads that begin and end with one database at once would have two recorders, or none."""


class Recorder(Reports):
    """Makes a row of `runs` of each call of a model, embedding, retriever, reranker, query, tool and workflow's step.

    `install` gives it. Rows are written in batches, at exit at the latest. As a context manager it is uninstalled at
    the end of the block, but for whom else installed it.
    """

    def __init__(self, spot: Spot, made_by: Made, runs: type[Runs] = Runs) -> None:
        """Begin to listen."""
        self.spot = spot
        self._times = 1
        """It was installed, less the blocks that ended."""
        self._made_by = made_by
        _, options, sample, sources = made_by
        self._runs = runs(spot.parts, options)
        self._ledger = self._runs.ledger
        self._listener: Listener = Observer(self._runs, sample) if "instrumentation" in sources else Quiet()
        attach(self._listener)
        self._callbacks = Callbacks(self._runs) if "callbacks" in sources else None
        if self._callbacks is not None:
            Settings.callback_manager.add_handler(self._callbacks)
        # Made after the Spot's own finalizer, and so run before it when the interpreter ends.
        self._finalizer = weakref.finalize(self, self._runs.end_all)

    def uninstall(self) -> None:
        """Listen no more, however often it was installed: what is open is `abandoned`, and everything is written."""
        with _installing:
            self._leave()
        self._end()

    def _leave(self) -> None:
        self._times = 0
        for place in [place for place, recorder in _installed.items() if recorder is self]:
            del _installed[place]

    def _end(self) -> None:
        detach(self._listener)
        if self._callbacks is not None and self._callbacks in Settings.callback_manager.handlers:
            Settings.callback_manager.remove_handler(self._callbacks)
        self._runs.end_all()

    def __enter__(self) -> Self:
        """Return the recorder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Uninstall, unless others installed it as well."""
        with _installing:
            self._times -= 1
            if self._times > 0:
                return
            self._leave()
        self._end()


def install(
    spot: Place,
    *,
    capture: Literal["metadata", "full"] = "metadata",
    redact: Redact | None = None,
    sample: float = 1.0,
    prices: Prices | None = None,
    sources: Iterable[Source] = ("instrumentation",),
) -> Recorder:
    """Record everything that LlamaIndex traces in this process from now on.

    Installing again at the same place gives the recorder that is there; the end of a `with` block takes back the one
    time that was its own, and `uninstall` all of them.

    Args:
        spot: A Spot, a file's path, or a database's URL.
        capture: "full" keeps inputs, outputs and messages of errors as well, as msgpack in `details`.
        redact: Gives the text that may be kept in the place of each text, those of tags included.
        sample: Share of the traces to record, from 0 to 1; a trace is recorded whole or not at all.
        prices: What models cost for each million tokens, such as `{"gpt-5": Price(1.25, 10)}`.
        sources: The systems to listen to. With both, every call is a row of each; those of `Settings.callback_manager`
            have the tag `source:callbacks`.

    Raises:
        ConfigurationError: an argument is wrong, or a recorder with other options is installed there.
    """
    fits = isinstance(sample, int | float) and not isinstance(sample, bool) and 0 <= sample <= 1  # pyright: ignore[reportUnnecessaryIsInstance] - users give anything
    expect(fits, "sample", sample, "a share from 0 to 1")
    named: list[Any] = [*sources] if isinstance(sources, Iterable) else []  # pyright: ignore[reportUnnecessaryIsInstance] - as above
    fits = bool(named) and all(name in tuple(_SOURCES) for name in named)
    expect(fits, "sources", sources, 'a list of "instrumentation", "callbacks" or both')
    heard: frozenset[Source] = frozenset(named)
    return recorder_of(opened(spot), Made(spot, Options(capture, redact, prices), sample, heard))


def recorder_of(spot: Spot, made_by: Made, runs: type[Runs] = Runs) -> Recorder:
    """Return the recorder that is installed where `spot` keeps things, or a new one, made with `runs`.

    Raises:
        ConfigurationError: one of other options is installed there.
    """
    place = _place_of(spot)
    with _installing:
        found = _installed.get(place)
        if found is None:
            found = _installed[place] = Recorder(spot, made_by, runs)
        elif found._made_by[1:] == made_by[1:]:  # pyright: ignore[reportPrivateUsage] - of this module
            found._times += 1  # pyright: ignore[reportPrivateUsage] - as above
        else:
            raise ConfigurationError(
                f"a recorder with other options is installed at {place!r}; expected the same options; "
                "uninstall it first"
            )
    return found


def installed() -> list[tuple[Spot, Made]]:
    """Return where the recorders of this process write, and what they were made by."""
    return [(recorder.spot, recorder._made_by) for recorder in list(_installed.values())]  # pyright: ignore[reportPrivateUsage] - as above


def is_installed_at(spot: Spot, /) -> bool:
    """Say whether a recorder writes where `spot` keeps things."""
    return bool(_installed) and _place_of(spot) in _installed


def _place_of(spot: Spot) -> Any:
    database = spot.parts.store.db
    return getattr(database, "path", None) or getattr(database, "name", None) or id(database)


def _after_fork_in_child() -> None:
    global _installing  # a thread of the parent may have held it
    _installing = Lock()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
