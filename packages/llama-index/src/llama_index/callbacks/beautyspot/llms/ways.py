"""The eight entry points of a model, and one call of one of them."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import BoundArguments, Parameter, Signature
from typing import Any, NamedTuple

from llama_index.callbacks.beautyspot.llms.questions import Asked, Family
from llama_index.core.llms.llm import LLM

SELF_CALLS: ContextVar[tuple[int, ...]] = ContextVar("beautyspot_llama_index_self_calls", default=())
"""The models, by their `id`, whose own code runs now: their calls of themselves go past the cache."""
_WORD, _REST = Parameter.POSITIONAL_OR_KEYWORD, Parameter("kwargs", Parameter.VAR_KEYWORD)
_SIGNATURES: dict[Family, Signature] = {
    "chat": Signature([Parameter("messages", _WORD), _REST]),
    "completion": Signature([Parameter("prompt", _WORD), Parameter("formatted", _WORD, default=False), _REST]),
}


class Way(NamedTuple):
    """One of the entry points."""

    name: str
    family: Family
    """Also what the trace of a call is called."""
    streams: bool
    is_async: bool


_VERBS: tuple[tuple[Family, str], ...] = (("chat", "chat"), ("completion", "complete"))
WAYS = tuple(
    Way(f"{'a' * is_async}{'stream_' * streams}{verb}", family, streams, is_async)
    for family, verb in _VERBS
    for streams in (False, True)
    for is_async in (False, True)
)


class Call(NamedTuple):
    """One call of a model that has a cache."""

    llm: LLM
    way: Way
    make: Callable[[], Any]
    """Asks the model itself; of an async entry point, what it returns is to be awaited."""
    asked: Asked
    options: dict[str, Any]
    bound: BoundArguments

    @contextmanager
    def within(self) -> Generator[None]:
        """Have the model's calls of itself go past the cache, as `achat` of some calls `chat`, and that `complete`."""
        token = SELF_CALLS.set((*SELF_CALLS.get(), id(self.llm)))
        try:
            yield
        finally:
            SELF_CALLS.reset(token)

    @property
    def is_within(self) -> bool:
        """Whether the model calls itself."""
        return id(self.llm) in SELF_CALLS.get()


def call_of(llm: LLM, way: Way, method: Callable[..., Any], args: Any, kwargs: dict[str, Any], /) -> Call | None:
    """Return the call of `method`, which is the model's own; None if the arguments are not those of its kind."""
    try:
        bound = _SIGNATURES[way.family].bind(*args, **kwargs)
    except TypeError:
        return None  # the method itself says what is wrong
    given: dict[str, Any] = bound.arguments
    asked = given["messages" if way.family == "chat" else "prompt"]
    options: dict[str, Any] = dict(given.get("kwargs", {}))
    if given.get("formatted"):
        options["formatted"] = True
    return Call(llm, way, lambda: method(*args, **kwargs), asked, options, bound)
