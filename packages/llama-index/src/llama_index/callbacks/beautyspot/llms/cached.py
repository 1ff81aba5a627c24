"""A model with a cache: the same model, of a class made of its own, whose entry points look before they ask.

A class of its own keeps what a wrapper would lose: `isinstance`, the attributes, and every method that the provider
built on the entry points, such as structured prediction.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

from beautyspot.checks import expect
from beautyspot.durations import Duration
from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.places import Place

from llama_index.callbacks.beautyspot.copies import Stand, copy_as, plain
from llama_index.callbacks.beautyspot.llms.answers import Response, is_complete
from llama_index.callbacks.beautyspot.llms.cache import LLMCache, Options
from llama_index.callbacks.beautyspot.llms.call import Call
from llama_index.callbacks.beautyspot.llms.calls import answer, answer_async, stream, stream_async
from llama_index.callbacks.beautyspot.llms.questions import Family, KeyFn
from llama_index.callbacks.beautyspot.policy import Mode
from llama_index.core.llms.llm import LLM
from llama_index.core.llms.structured_llm import StructuredLLM

T = TypeVar("T", bound=LLM)


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
    _expect_model(llm)
    options = Options(ttl, namespace, mode, cache_if, tags, key_fn, model_id, flight_timeout_s)
    return with_cache(llm, LLMCache(spot, options))


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
    return copy_as(llm, CachedLLM, cache)


class CachedLLM(Stand):
    """The eight entry points of a model, which look before they ask.

    The model's own, which they ask, tell handlers and take from the limiter; on a hit they have no part.
    """

    _beautyspot: LLMCache

    def chat(self, messages: Any, **kwargs: Any) -> Any:
        """Answer messages."""
        return answer(*_called(self, "chat", messages, kwargs))

    async def achat(self, messages: Any, **kwargs: Any) -> Any:
        """Answer messages."""
        return await answer_async(*_called(self, "achat", messages, kwargs))

    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        """Answer messages, chunk by chunk."""
        return stream(*_called(self, "stream_chat", messages, kwargs))

    async def astream_chat(self, messages: Any, **kwargs: Any) -> Any:
        """Answer messages, chunk by chunk."""
        return await stream_async(*_called(self, "astream_chat", messages, kwargs))

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        """Complete a prompt."""
        return answer(*_called(self, "complete", prompt, kwargs, formatted=formatted))

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        """Complete a prompt."""
        return await answer_async(*_called(self, "acomplete", prompt, kwargs, formatted=formatted))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        """Complete a prompt, chunk by chunk."""
        return stream(*_called(self, "stream_complete", prompt, kwargs, formatted=formatted))

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        """Complete a prompt, chunk by chunk."""
        return await stream_async(*_called(self, "astream_complete", prompt, kwargs, formatted=formatted))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the model go to another process: as one of its own class, and its cache."""
        return with_cache, (plain(cast("LLM", self)), self._beautyspot)


def _expect_model(llm: LLM) -> None:
    expect(isinstance(llm, LLM), "llm", llm, "a model of LlamaIndex, such as OpenAI()")  # pyright: ignore[reportUnnecessaryIsInstance]
    if isinstance(llm, StructuredLLM):
        raise ConfigurationError(
            f"cache_llm got {type(llm).__name__!r}, whose answers are objects of your class; cache the model inside: "
            "cache_llm(model, spot).as_structured_llm(…)"
        )


def _called(
    model: Any, name: str, asked: Any, options: dict[str, Any], *, formatted: bool = False
) -> tuple[LLMCache, Call]:
    if formatted:
        options["formatted"] = True
    if isinstance(asked, Iterator):  # the key would use it up
        asked = [*cast("Iterator[Any]", asked)]
    family: Family = "chat" if name.endswith("chat") else "completion"
    cache: LLMCache = model._beautyspot
    return cache, Call(model, family, name, getattr(super(CachedLLM, model), name), asked, options)
