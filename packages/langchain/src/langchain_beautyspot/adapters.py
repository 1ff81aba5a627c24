"""What `spot.mark` makes of LangChain's own objects: a tool of a tool, a retriever of a retriever, else a Runnable."""

from typing import Any

from beautyspot.errors import ConfigurationError
from beautyspot.keys import KeyRegistry
from beautyspot.marking import Settings
from beautyspot.parts import Parts
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from langchain_beautyspot.classes import teach
from langchain_beautyspot.marked.retrievers import MarkedRetriever
from langchain_beautyspot.marked.runnable_keys import RunnableKeys
from langchain_beautyspot.marked.runnables import MarkedRunnable
from langchain_beautyspot.marked.tools import marked_tool
from langchain_beautyspot.model_texts import HELD


def adapt(thing: Any, parts: Parts, settings: Settings) -> Any:
    """Return `thing`, marked; None if it is none of LangChain's objects. The entry point of `beautyspot.adapters`.

    Raises:
        ConfigurationError: it is marked already, or it is a Runnable and `settings` name what to ignore.
        UnkeyableArgument: a part of a Runnable has no content, and no text as version was given.
    """
    if isinstance(thing, MarkedRunnable | MarkedRetriever):
        raise ConfigurationError(f"{thing.get_name()!r} is marked already; take one of the two marks away")
    if isinstance(thing, Runnable):  # a tool is one
        teach(parts)
        _tell_apart(parts.registry)
        _tell_apart(HELD)
    if isinstance(thing, BaseTool):
        return marked_tool(thing, parts, settings)
    if isinstance(thing, Runnable):
        marked = MarkedRunnable(thing, parts, settings)  # pyright: ignore[reportUnknownArgumentType] - of whatever it takes
        return MarkedRetriever(marked=marked, name=marked.name) if isinstance(thing, BaseRetriever) else marked
    return None


def _tell_apart(registry: KeyRegistry) -> None:
    """Let functions and models be told by the marked Runnables that they close over, are given or hold."""
    if RunnableKeys not in registry.functions:
        registry.register(MarkedRetriever, _marked_of)
        registry.register(MarkedRunnable, _keys_of)
        registry.register(RunnableKeys, RunnableKeys.part)


def _marked_of(retriever: MarkedRetriever) -> MarkedRunnable:
    return retriever.marked


def _keys_of(runnable: MarkedRunnable) -> RunnableKeys:
    return runnable.keys
