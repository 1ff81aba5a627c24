"""What of LangChain's Runnables and messages counts in a key: of a function its code, and of a binding what it adds."""

from collections.abc import Callable
from typing import Any, cast

from beautyspot.walk.plan import plan_of
from langchain_core.language_models import BaseLanguageModel
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from langchain_core.runnables.base import RunnableBindingBase

from langchain_beautyspot.configured import every_choice
from langchain_beautyspot.messages import content_of
from langchain_beautyspot.model_fields import is_of_langchain
from langchain_beautyspot.models import asking
from langchain_beautyspot.part_forms import telling_attributes

FUNCTIONS = ("func", "afunc", "_transform", "_atransform")
"""Attributes in which a Runnable has the functions that it was given."""
_OF_LANGCHAIN = frozenset((*FUNCTIONS, "_repr", "name"))
_ENTRIES = ("invoke", "ainvoke", "batch", "abatch", "stream", "astream", "transform", "atransform")
"""Methods by which a Runnable is asked."""


def asks_model(runnable: Any, /) -> bool:
    """Say whether it is a model, or one below bindings."""
    while isinstance(runnable, RunnableBindingBase):
        runnable = cast("RunnableBindingBase[Any, Any]", runnable).bound
    return isinstance(runnable, BaseLanguageModel)


def _of_function(runnable: Any) -> list[Any]:
    own: dict[str, Any] = runnable.__dict__
    functions = [own.get(name) for name in FUNCTIONS]
    # A marked one is told by what is marked, and its version says what its code does not.
    versions = [plan.keys.version for plan in map(plan_of, functions) if plan is not None]
    if is_of_langchain(runnable.__class__):
        return [*functions, *versions]
    held = telling_attributes(runnable, _ENTRIES)
    return [*functions, *versions, {name: held[name] for name in held if name not in _OF_LANGCHAIN}]


def _of_binding(binding: Any) -> dict[str, Any]:
    """Return what a binding adds; for a model neither how long it is waited for, nor who hears of its call."""
    told: dict[str, Any] = {name: getattr(binding, name) for name in binding.__class__.model_fields}
    if asks_model(binding):
        told |= {"kwargs": asking(binding.kwargs), "config": every_choice(binding.config)}
    return told


CONTENTS: dict[type, Callable[[Any], Any]] = {
    BaseMessage: content_of,
    RunnableBindingBase: _of_binding,
    RunnableGenerator: _of_function,
    RunnableLambda: _of_function,
}
"""What gives the content of instances, for a registry of keys; other Runnables have fields."""
