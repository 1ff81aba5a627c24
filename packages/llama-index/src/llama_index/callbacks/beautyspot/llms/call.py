"""One call of a model that has a cache."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from llama_index.callbacks.beautyspot.llms.questions import Asked, Family
from llama_index.core.llms.llm import LLM

_SELF_CALLS: ContextVar[tuple[int, ...]] = ContextVar("beautyspot_llama_index_self_calls", default=())
"""The models, by their `id`, whose own code runs now: their calls of themselves go past the cache."""


class Call(NamedTuple):
    """One call of one of the eight entry points."""

    llm: LLM
    family: Family
    name: str
    """Of the entry point."""
    method: Callable[..., Any]
    """The model's own."""
    asked: Asked
    options: dict[str, Any]

    def make(self) -> Any:
        """Ask the model itself; of an async entry point, what it returns is to be awaited."""
        return self.method(self.asked, **self.options)

    @contextmanager
    def within(self) -> Generator[None]:
        """Have the model's calls of itself go past the cache, as `achat` of some calls `chat`, and that `complete`."""
        token = _SELF_CALLS.set((*_SELF_CALLS.get(), id(self.llm)))
        try:
            yield
        finally:
            _SELF_CALLS.reset(token)

    @property
    def is_within(self) -> bool:
        """Whether the model calls itself."""
        return id(self.llm) in _SELF_CALLS.get()
