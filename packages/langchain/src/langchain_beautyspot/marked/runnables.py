"""Runnables whose answers are kept."""

# LangChain hands `run_manager` over by its name, and its types want it.
# ruff: noqa: ARG002
import copy
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from beautyspot.errors import ConfigurationError
from beautyspot.marking import Settings, mark
from beautyspot.parts import Parts
from langchain_core.runnables import Runnable, RunnableConfig

from langchain_beautyspot.marked.pickling import refuse_pickling
from langchain_beautyspot.marked.runnable_keys import RunnableKeys
from langchain_beautyspot.questions import warn_of_change
from langchain_beautyspot.replays import Renewal

Options = dict[str, Any]
_is_settled: ContextVar[bool] = ContextVar("langchain_beautyspot_is_settled", default=True)
"""Whether the last call that was made here had the settings of its key until it ended."""


class Made:
    """One call: a kept answer is given with new message ids."""

    is_settled: Callable[[], bool] = staticmethod(lambda: True)
    """Whether the Runnable is what it was when the key was made."""
    is_new = False
    """Whether the call is really made."""


class MarkedRunnable(Runnable[Any, Any]):
    """Keeps what a Runnable gives, and gives it again for the same input: whole, in a batch, or as a stream.

    It takes part in chains and traces as the Runnable does. A stream that was abandoned is not kept.
    """

    def __init__(self, inner: Runnable[Any, Any], parts: Parts, settings: Settings) -> None:
        """Stand for `inner`, marked as `settings` say.

        Raises:
            ConfigurationError: the settings name what to ignore.
            UnkeyableArgument: a part of `inner` has no content, and no text as version was given.
        """
        self.inner = inner
        self._marked_with = parts, settings
        self.name = inner.get_name()
        if settings.ignore:
            raise ConfigurationError(
                f"mark got ignore={settings.ignore!r} for {self.name!r}, and a Runnable has one input; say what of it "
                "counts with input_key_fn="
            )
        keys, chosen = RunnableKeys(inner, parts.registry, version=settings.version), settings.input_key_fn
        keys.warn_of_namesake(parts)
        self.keys = keys

        def key(asked: Any, config: RunnableConfig, options: Options, made: Made) -> str:
            made_of = keys.key(asked if chosen is None else chosen(asked), config, options)
            made.is_settled = partial(keys.is_still, keys.look)
            return made_of

        cache_if = _of_one_setting(settings.options.cache_if, parts, f"langchain.{self.name}")
        version = settings.version if isinstance(settings.version, str) else None  # else `keys` reads the code
        settings = settings._replace(
            input_key_fn=key, version=version, options=settings.options._replace(cache_if=cache_if)
        )
        self._marked = {
            name: mark(_named(function, self.name, name), parts, settings)
            for name, function in _functions(inner).items()
        }

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's
        """Return what is kept for `input`, or what the Runnable gives now."""
        return self._call_with_config(self._invoke, input, config, **kwargs)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - as above
        """Do as `invoke`."""
        return await self._acall_with_config(self._ainvoke, input, config, **kwargs)

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:  # noqa: A002 - as above
        """Yield the kept chunks, or those that the Runnable gives now."""
        yield from self._transform_stream_with_config(iter([input]), self._stream, config, **kwargs)

    async def astream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Any]:  # noqa: A002 - as above
        """Do as `stream`."""

        async def one() -> AsyncIterator[Any]:
            yield input

        async for chunk in self._atransform_stream_with_config(one(), self._astream, config, **kwargs):
            yield chunk

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        """Return the Runnable's name."""
        return self.inner.get_name(suffix, name=name)

    @property
    def InputType(self) -> Any:  # noqa: N802 - LangChain's
        """What the Runnable takes."""
        return self.inner.InputType

    @property
    def OutputType(self) -> Any:  # noqa: N802 - as above
        """What the Runnable gives."""
        return self.inner.OutputType

    @property
    def config_specs(self) -> list[Any]:
        """What can be configured in the Runnable."""
        return self.inner.config_specs

    def __copy__(self) -> "MarkedRunnable":
        """Return another that keeps in the same place."""
        return MarkedRunnable(self.inner, *self._marked_with)

    def __deepcopy__(self, memo: dict[int, Any]) -> "MarkedRunnable":
        """Return one of a copy of the Runnable."""
        return MarkedRunnable(copy.deepcopy(self.inner, memo), *self._marked_with)

    def __reduce__(self) -> str:
        """Refuse to be pickled: the database is one of this process."""
        refuse_pickling(self.get_name())

    def _invoke(self, asked: Any, run_manager: Any, config: RunnableConfig, **options: Any) -> Any:
        made = Made()
        answer = self._marked["invoke"](asked, config, options, made)
        return answer if made.is_new else Renewal().of(answer)

    async def _ainvoke(self, asked: Any, run_manager: Any, config: RunnableConfig, **options: Any) -> Any:
        made = Made()
        answer = await self._marked["ainvoke"](asked, config, options, made)
        return answer if made.is_new else Renewal().of(answer)

    def _stream(self, inputs: Iterator[Any], run_manager: Any, config: RunnableConfig, **options: Any) -> Iterator[Any]:
        made = Made()
        renewal = Renewal()  # one for all chunks: they are parts of the same messages
        for chunk in self._marked["stream"](next(inputs), config, options, made):
            yield chunk if made.is_new else renewal.of(chunk)

    async def _astream(
        self, inputs: AsyncIterator[Any], run_manager: Any, config: RunnableConfig, **options: Any
    ) -> AsyncIterator[Any]:
        made = Made()
        renewal = Renewal()  # as above
        async for chunk in self._marked["astream"](await anext(inputs), config, options, made):
            yield chunk if made.is_new else renewal.of(chunk)


def _functions(inner: Runnable[Any, Any]) -> dict[str, Callable[..., Any]]:
    """Return what runs `inner` in each way; what differs in a name would else pass for a namesake."""

    def invoke(asked: Any, config: RunnableConfig, options: Options, made: Made) -> Any:
        with _making(made):
            return inner.invoke(asked, config, **options)

    async def ainvoke(asked: Any, config: RunnableConfig, options: Options, awaited: Made) -> Any:
        with _making(awaited):
            return await inner.ainvoke(asked, config, **options)

    def stream(asked: Any, config: RunnableConfig, options: Options, made: Made) -> Iterator[Any]:
        with _making(made):
            yield from inner.stream(asked, config, **options)

    async def astream(asked: Any, config: RunnableConfig, options: Options, awaited: Made) -> AsyncIterator[Any]:
        with _making(awaited):
            async for chunk in inner.astream(asked, config, **options):
                yield chunk

    return {"invoke": invoke, "ainvoke": ainvoke, "stream": stream, "astream": astream}


@contextmanager
def _making(made: Made) -> Generator[None]:
    """Make a call in this block, and see at its end whether it was of the settings that its key was made of."""
    made.is_new = True
    try:
        yield
    finally:
        _is_settled.set(made.is_settled())


def _of_one_setting(cache_if: Any, parts: Parts, func_name: str) -> Callable[[Any], bool]:
    """Return whether to keep an answer: none of which nobody knows the settings, and not what the user leaves out."""

    def is_wanted(answer: Any) -> bool:
        if not _is_settled.get():
            warn_of_change(parts.store.notices, func_name)
            return False
        return cache_if is None or cache_if(answer)

    return is_wanted


def _named(function: Callable[..., Any], name: str, way: str) -> Callable[..., Any]:
    """Return `function` under the name that its rows are found by, which sync and async calls share."""
    kind = "runnable" if way.endswith("invoke") else "stream"
    function.__module__ = f"langchain.{kind}"
    # In angle brackets, a part such as <lambda> would make it a local function, told by its code.
    function.__qualname__ = name.replace("<", "(").replace(">", ")").replace(".", "_")
    return function
