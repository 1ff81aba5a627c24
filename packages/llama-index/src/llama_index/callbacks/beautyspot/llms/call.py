"""One call of a model that has a cache."""

from collections.abc import Callable
from typing import Any, NamedTuple

from llama_index.callbacks.beautyspot.llms.questions import Asked, Family
from llama_index.core.llms.llm import LLM


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
