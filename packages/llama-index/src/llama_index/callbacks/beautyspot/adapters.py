"""What `spot.mark` makes of LlamaIndex's own objects: of a `FunctionTool` one that keeps what it gives."""

from typing import Any

from beautyspot.errors import ConfigurationError
from beautyspot.marking import Settings
from beautyspot.parts import Parts

from llama_index.callbacks.beautyspot.tools import marked_tool
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms.llm import LLM
from llama_index.core.schema import TransformComponent
from llama_index.core.tools import BaseTool, FunctionTool

_WAYS: tuple[tuple[type, str], ...] = (
    (LLM, "cache_llm"),
    (BaseEmbedding, "cache_embedding"),
    (TransformComponent, "CachedTransformation"),
)


def adapt(thing: Any, parts: Parts, settings: Settings) -> Any:
    """Return `thing`, marked; None if it is none of LlamaIndex's objects. The entry point of `beautyspot.adapters`.

    Raises:
        ConfigurationError: what it gives follows from more than its arguments, or another function caches it.
    """
    if isinstance(thing, FunctionTool):
        return marked_tool(thing, parts, settings)
    if isinstance(thing, BaseTool):
        raise ConfigurationError(
            f"mark got {type(thing).__name__!r}, and what it gives hangs on more than its arguments, such as an index; "
            "mark a FunctionTool, or cache the models inside with cache_llm and cache_embedding"
        )
    for class_, way in _WAYS:
        if isinstance(thing, class_):
            raise ConfigurationError(
                f"mark got {type(thing).__name__!r}; give it to {way} of llama_index.callbacks.beautyspot"
            )
    return None
