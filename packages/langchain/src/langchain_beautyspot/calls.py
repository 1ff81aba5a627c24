"""Calls that are made once: whoever asks again gets what was kept, whoever asks meanwhile waits for it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, TypeVar

from beautyspot import ConfigurationError, Spot
from beautyspot.durations import Duration
from beautyspot.errors import CacheReadWarning, CacheSaveWarning, CacheWarning
from beautyspot.lenient import report
from beautyspot.replays import expect_database, no_result
from beautyspot.rows import Rows
from beautyspot.store import Hit

from langchain_beautyspot.errors import ReplayMiss

T = TypeVar("T")

Mode = Literal["read_write", "read_only", "refresh", "replay_only"]
MODES: tuple[Mode, ...] = ("read_write", "read_only", "refresh", "replay_only")
VERSION = "calls-1"
LEFT_OUT = object()
"""What a call gives that is not to be kept. No plain value: whoever waited would be given that as the call's."""


class Calls:
    """Makes calls under the names that queries ask by: `langchain.openai.gpt-5`, `langchain.tool.search`."""

    def __init__(self, spot: Spot, *, mode: Mode, ttl: Duration | None, tags: Sequence[str]) -> None:
        """Keep what calls give in `spot`.

        Raises:
            ConfigurationError: an argument is wrong.
        """
        if mode not in MODES:
            raise ConfigurationError(f"mode got {mode!r}; give one of {', '.join(MODES)}")
        self._mark = spot.mark(
            version=VERSION, ttl=ttl, tags=tags, input_key_fn=_key_of, cache_if=_never if mode == "read_only" else _kept
        )
        self._mode: Mode = mode
        self._store = spot.parts.store
        self._rows = Rows(spot.parts)
        self._marked: dict[tuple[str, bool], Any] = {}

    def make(
        self, func_name: str, key: str, call: Callable[[], T], lasting: Callable[[T], Any], /
    ) -> tuple[list[T], Any]:
        """Return what `call` gives now, in a list, or an empty one and what is kept under `key`.

        Args:
            func_name: What its row is filed under.
            key: Of the call.
            call: Makes it; its exceptions pass.
            lasting: Gives what to keep of it, or `LEFT_OUT`. Trouble with that is told, and the result returned.

        Raises:
            ReplayMiss: nothing is kept, or there is not even a database, in the mode `replay_only`.
        """
        if self._mode == "replay_only":
            expect_database(self._store, self._mode, ReplayMiss)
            hits = self._rows.read([self.cache_key(func_name, key)])
            return [], self._replayed(hits, func_name, key)
        begun: list[bool] = []
        made: list[T] = []

        def run() -> Any:
            begun.append(True)
            made.append(call())
            return lasting(made[0])

        marked = self._function(func_name, asynchronous=False)
        try:
            return made, (marked.refresh if self._mode == "refresh" else marked)(key, run)
        except Exception as error:
            if not self._goes_on(error, begun, made):
                raise
        return made or [call()], None

    async def make_async(
        self, func_name: str, key: str, call: Callable[[], Awaitable[T]], lasting: Callable[[T], Any], /
    ) -> tuple[list[T], Any]:
        """Do as `make`, without blocking the event loop."""
        if self._mode == "replay_only":
            expect_database(self._store, self._mode, ReplayMiss)
            hits = await self._rows.read_async([self.cache_key(func_name, key)])
            return [], self._replayed(hits, func_name, key)
        begun: list[bool] = []
        made: list[T] = []

        async def run() -> Any:
            begun.append(True)
            made.append(await call())
            return lasting(made[0])

        marked = self._function(func_name, asynchronous=True)
        try:
            return made, await (marked.refresh if self._mode == "refresh" else marked)(key, run)
        except Exception as error:
            if not self._goes_on(error, begun, made):
                raise
        return made or [await call()], None

    def _goes_on(self, error: Exception, begun: list[bool], made: list[Any]) -> bool:
        """Tell of an error that is the cache's own, and say so: the result is there, or nobody has asked for it yet."""
        if made:
            report(self._store.notices, "LangChain", "could not keep an answer", error, CacheSaveWarning)
        elif isinstance(error, CacheWarning) and not begun:
            report(self._store.notices, "LangChain", "could not look an answer up", error, CacheReadWarning)
        else:
            return False
        return True

    def cache_key(self, func_name: str, key: str, /) -> str:
        """Return the key of the row that holds a call."""
        return self._function(func_name, asynchronous=False).key(key, None)

    def _replayed(self, hits: Sequence[Hit | None], func_name: str, key: str) -> Any:
        """Return what is kept. Nothing is counted: the store of a replay may be a file that is committed."""
        if hits[0] is not None:
            return hits[0].value
        row, made = self.cache_key(func_name, key), f"result of a call of {func_name!r}"
        raise ReplayMiss(no_result(self._store, made, "make it once with mode='read_write'", [row]))

    def _function(self, func_name: str, *, asynchronous: bool) -> Any:
        marked = self._marked.get((func_name, asynchronous))
        if marked is None:
            function = _awaited() if asynchronous else _called()
            function.__module__, _, function.__qualname__ = func_name.rpartition(".")
            marked = self._marked[func_name, asynchronous] = self._mark(function)
        return marked


def _called() -> Any:
    def made(key: str, call: Callable[[], Any]) -> Any:  # noqa: ARG001 - what its rows are found by
        return call()

    return made


def _awaited() -> Any:
    # Other names: two functions of one name and the same parameters would be warned of as namesakes.
    async def made(key: str, coroutine: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ARG001 - as above
        return await coroutine()

    return made


def _key_of(key: str, _: Any) -> str:
    return key


def _kept(value: Any) -> bool:
    return value is not LEFT_OUT


def _never(_: Any) -> bool:
    return False
