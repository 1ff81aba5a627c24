"""A model with a cache: the same model, of a class made of its own, whose entry points look before they ask.

A class of its own keeps what a wrapper would lose: `isinstance`, the attributes, and every method that the provider
built on the entry points, such as structured prediction.
"""

from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any, TypeVar, cast

from beautyspot.checks import expect
from beautyspot.durations import Duration
from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.places import Place

from llama_index.callbacks.beautyspot.llms.answers import Response, is_complete
from llama_index.callbacks.beautyspot.llms.cache import LLMCache
from llama_index.callbacks.beautyspot.llms.calls import answer, answer_async, stream, stream_async
from llama_index.callbacks.beautyspot.llms.questions import KeyFn
from llama_index.callbacks.beautyspot.llms.ways import WAYS, Way, call_of
from llama_index.callbacks.beautyspot.policy import Mode
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.llms.llm import LLM
from llama_index.core.llms.structured_llm import StructuredLLM

T = TypeVar("T", bound=LLM)
CACHE = "_beautyspot_cache"
"""The private attribute of a model that holds its cache."""


def cache_llm(
    llm: T,
    spot: Place,
    *,
    ttl: Duration | None = None,
    namespace: str = "",
    mode: Mode = "read_write",
    cache_if: Callable[[Response], bool] | None = is_complete,
    tags: Sequence[str] = (),
    key_fn: KeyFn | None = None,
    model_id: str | None = None,
    flight_timeout_s: float = 120.0,
) -> T:
    """Return a model like `llm`, of its class, that keeps every answer and gives it again to the same question.

    Streams, tools, agents, structured output and pictures work as before. The model that was given stays as it is; one
    that has a cache already gets this one in its place.

    Args:
        llm: Any model of LlamaIndex.
        spot: A Spot, a file's path, or a database's URL.
        ttl: How long answers count; None for ever.
        namespace: Caches of other namespaces share nothing: one for each tenant, as the API key is in no key.
        mode: As for `cache_policy`, which goes before it.
        cache_if: Whether an answer is to be kept; None keeps the truncated, filtered and empty ones as well.
        tags: Written beside every answer, to list and delete by.
        key_fn: Gives what a question is known by, of the messages or prompt and of the options.
        model_id: What the model is, where its fields don't tell.
        flight_timeout_s: Longest wait for the same call of another thread, task or process; 0 for no wait.

    Raises:
        ConfigurationError: an argument is wrong, or no safe key can be made of the model; it names the way out.
    """
    expect(isinstance(llm, LLM), "llm", llm, "a model of LlamaIndex, such as OpenAI()")  # pyright: ignore[reportUnnecessaryIsInstance]
    if isinstance(llm, StructuredLLM):
        raise ConfigurationError(
            f"cache_llm got {type(llm).__name__!r}, whose answers are objects of your class; cache the model inside: "
            "cache_llm(model, spot).as_structured_llm(…)"
        )
    cache = LLMCache(
        spot, ttl=ttl, namespace=namespace, mode=mode, cache_if=cache_if, tags=tags, key_fn=key_fn, model_id=model_id,
        flight_timeout_s=flight_timeout_s,
    )  # fmt: skip
    return with_cache(uncached(llm), cache)


def with_cache(llm: T, cache: LLMCache, /) -> T:
    """Return a copy of `llm` that looks into `cache`.

    Raises:
        ConfigurationError: no safe key can be made of the model.
    """
    try:
        cache.questions.identity(llm)
    except UnkeyableArgument as error:
        raise ConfigurationError(
            f"cache_llm got {type(llm).__name__!r}, and no key can be made of one of its settings ({error}); give "
            "model_id=, a text that changes when the model does"
        ) from error
    copy = llm.model_copy()  # clients are shared
    hidden = dict(copy.__pydantic_private__ or {})
    copy.__class__ = cast("type[T]", _cached_class(type(llm)))
    object.__setattr__(copy, "__pydantic_private__", {**hidden, CACHE: cache})
    return copy


def uncached(llm: T, /) -> T:
    """Return a model like `llm` that has no cache; one that has none itself."""
    if cache_of(llm) is None:
        return llm
    copy = llm.model_copy()
    hidden = {name: value for name, value in (copy.__pydantic_private__ or {}).items() if name != CACHE}
    copy.__class__ = cast("type[T]", type(llm).__base__)
    object.__setattr__(copy, "__pydantic_private__", hidden)
    return copy


def cache_of(llm: Any, /) -> LLMCache | None:
    """Return the cache of a model, or None."""
    hidden: dict[str, Any] = getattr(llm, "__pydantic_private__", None) or {}
    return hidden.get(CACHE)


@cache
def _cached_class(base: type[LLM]) -> type[LLM]:
    """Return the class of models of `base` that have a cache."""
    made: list[type[LLM]] = []
    body: dict[str, Any] = {way.name: _override(way, base, made) for way in WAYS}
    body |= {"__module__": base.__module__, "__qualname__": base.__qualname__, "__doc__": base.__doc__}
    body |= {"__reduce__": _reduce, CACHE: PrivateAttr(default=None)}
    metaclass: Any = type(base)
    made.append(metaclass(base.__name__, (base,), body))
    return made[0]


def _override(way: Way, base: type[LLM], made: list[type[LLM]]) -> Callable[..., Any]:
    if way.is_async:
        run_async = stream_async if way.streams else answer_async

        async def entry_async(self: LLM, *args: Any, **kwargs: Any) -> Any:
            method = getattr(super(made[0], self), way.name)
            call = call_of(self, way, method, args, kwargs)
            return await (method(*args, **kwargs) if call is None else run_async(_own_cache(self), call))

        return _like(entry_async, getattr(base, way.name))
    run = stream if way.streams else answer

    def entry(self: LLM, *args: Any, **kwargs: Any) -> Any:
        method = getattr(super(made[0], self), way.name)
        call = call_of(self, way, method, args, kwargs)
        return method(*args, **kwargs) if call is None else run(_own_cache(self), call)

    return _like(entry, getattr(base, way.name))


def _like(entry: Callable[..., Any], method: Callable[..., Any]) -> Callable[..., Any]:
    entry = wraps(method)(entry)
    # LlamaIndex would give it a span of its own, besides that of the method which it calls.
    entry.__dispatcher_span_decorated__ = True  # type: ignore[attr-defined] - of a function
    return entry


def _own_cache(llm: LLM) -> LLMCache:
    return cast("LLMCache", cache_of(llm))


def _reduce(self: LLM) -> tuple[Any, ...]:
    """Let the model go to another process: as one of its own class, and its cache."""
    return with_cache, (uncached(self), _own_cache(self))
