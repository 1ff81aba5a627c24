"""Tools of an agent that look their result up when they are run.

A middleware sees a request before those after it change it, and an answer after they do: a review that edits a call, or
an emulator that answers in the tool's place. So it hands on a tool that keeps its own results, wherever it stands.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from beautyspot.errors import CacheWarning
from beautyspot.notices import Notices
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool

from langchain_beautyspot.calls import LEFT_OUT, Calls
from langchain_beautyspot.errors import ReplayMiss
from langchain_beautyspot.middleware.tool_keys import tool_key
from langchain_beautyspot.recorder import note_hit

T = TypeVar("T")
_KEEPER = "_beautyspot_keeper"
MAX_CLASSES = 256


class ToolShelf(NamedTuple):
    """Where the results of tools lie."""

    calls: Calls
    namespace: str
    notices: Notices
    replays: bool
    """Whether no call may leave the machine."""

    def go_on(self, run: Callable[..., T]) -> Callable[..., T]:
        """Return what makes a call to which nothing is kept.

        Raises:
            ReplayMiss: none may be made.
        """
        if self.replays:
            raise ReplayMiss(
                "no key or no kept answer that fits, as a warning said, and the mode is 'replay_only'; "
                "make the call once with mode='read_write'"
            )
        return run

    def warn(self, subject: str, message: str) -> None:
        """Warn once of each subject."""
        self.notices.tell(("langchain agents", subject), f"CacheMiddleware: {message}", CacheWarning)


class Keeper:
    """Runs a tool for one request of an agent, or gives what it gave before."""

    def __init__(self, tool: BaseTool, shelf: ToolShelf) -> None:
        """Stand before `tool`."""
        self._inner, self._shelf = tool, shelf
        self._func_name = f"langchain.tool.{tool.name}"
        self._missed: ReplayMiss | None = None
        self.tool = tool.model_copy()
        """The same to whoever asks what it is, but for being run."""
        self.tool.__class__ = _kept_class(type(tool))
        vars(self.tool)[_KEEPER] = self

    def run(self, call: Any, config: RunnableConfig | None, options: dict[str, Any]) -> Any:
        """Return what is kept for `call`, or what the tool gives now."""

        def run() -> Any:
            return self._inner.invoke(call, config, **options)

        try:
            key = self._key(call, config)
            if key is None:
                return self._shelf.go_on(run)()
            made, kept = self._shelf.calls.make(self._func_name, key, run, _lasting)
            result = made[0] if made else self._result(key, kept, call)
            return self._shelf.go_on(run)() if result is None else result
        except ReplayMiss as miss:
            self._missed = miss
            raise

    async def run_async(self, call: Any, config: RunnableConfig | None, options: dict[str, Any]) -> Any:
        """Do as `run`."""

        def run() -> Awaitable[Any]:
            return self._inner.ainvoke(call, config, **options)

        try:
            key = self._key(call, config)
            if key is None:
                return await self._shelf.go_on(run)()
            made, kept = await self._shelf.calls.make_async(self._func_name, key, run, _lasting)
            result = made[0] if made else self._result(key, kept, call)
            return await self._shelf.go_on(run)() if result is None else result
        except ReplayMiss as miss:
            self._missed = miss
            raise

    def after(self, result: T) -> T:
        """Return what became of the request.

        Raises:
            ReplayMiss: the tool raised it, and a middleware that handles errors made a message of it.
        """
        if self._missed is not None:
            raise self._missed
        return result

    def _key(self, call: Any, config: RunnableConfig | None) -> str | None:
        name = self._inner.name
        try:
            return tool_key(self._inner, call["args"], config, self._shelf.namespace)
        except Exception as error:  # noqa: BLE001 - the schema is anybody's; the tool runs
            self._shelf.warn(name, f"a call of the tool {name!r} has no key ({error}); it runs each time")
            return None

    def _result(self, key: str, kept: Any, call: Mapping[str, Any]) -> ToolMessage | None:
        """Return a kept result as the answer to this call of the model's; None if it is none."""
        name = self._inner.name
        if not isinstance(kept, ToolMessage):
            self._shelf.warn("result", f"a kept result of {name!r} is no message of a tool; the tool runs again")
            return None
        mark = {"cache_key": self._shelf.calls.cache_key(self._func_name, key)}
        note_hit(self._func_name, mark, name=name, answer=kept)
        return kept.model_copy(update={"id": None, "tool_call_id": call["id"]})


@lru_cache(MAX_CLASSES)
def _kept_class(class_: type[BaseTool]) -> type[BaseTool]:
    named = {"__module__": class_.__module__, "__qualname__": class_.__qualname__}
    # A class, as pydantic takes a method that is set on an instance for a field; making it takes a millisecond.
    return type(class_.__name__, (class_,), {**named, "invoke": _invoke, "ainvoke": _ainvoke})


def _invoke(self: Any, input: Any, config: RunnableConfig | None = None, **options: Any) -> Any:  # noqa: A002 - LangChain's
    return _keeper(self).run(input, config, options)


async def _ainvoke(self: Any, input: Any, config: RunnableConfig | None = None, **options: Any) -> Any:  # noqa: A002 - as above
    return await _keeper(self).run_async(input, config, options)


def _keeper(tool: Any) -> Keeper:
    keeper: Keeper = tool.__dict__[_KEEPER]
    return keeper


def _lasting(result: Any) -> Any:
    """Return what is to be kept of a tool's result: nothing of a command or an error."""
    return result if isinstance(result, ToolMessage) and result.status != "error" else LEFT_OUT
