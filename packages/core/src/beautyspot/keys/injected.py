"""Parameters that a framework fills in: they say who calls and how, not what is asked, so they have no part in a key.

LangChain and LangGraph hand configurations, runtimes, stores and callbacks to whatever function asks for them by its
annotations. Their classes are told by name, so nothing is imported for it. What only the model must not choose stays in
the key: behind `InjectedToolArg` stands whose mails are read, and behind `InjectedState` what was said so far.
"""

from __future__ import annotations

# Annotations are anything, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import sys
from contextlib import suppress

from beautyspot.wrapped import unwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

CLASSES = frozenset(
    (
        "langchain_core.BaseCallbackManager",
        "langchain_core.BaseRunManager",
        "langchain_core.InjectedToolCallId",
        "langchain_core.RunnableConfig",
        "langchain_core._DirectlyInjectedToolArg",
        "langgraph.BaseStore",
        "langgraph.InjectedStore",
        "langgraph.Runtime",
        "langgraph.ToolRuntime",
    )
)
"""The package and name of each class; a subclass of one is injected too."""
WRITER = ("langgraph.types", "StreamWriter", "writer")
"""An alias, which is injected under this name alone."""


def injected_names(function: Any, /) -> tuple[str, ...]:
    """Return the parameters of `function` that a framework fills in."""
    annotations: Mapping[str, Any] = getattr(function, "__annotations__", None) or {}
    module, alias, writer = WRITER
    found = {name: _evaluated(annotation, function) for name, annotation in annotations.items() if name != "return"}
    writes = getattr(sys.modules.get(module), alias, None)
    return tuple(
        name
        for name, annotation in found.items()
        if _is_injected(annotation) or (name == writer and annotation in (alias, writes))
    )


def _evaluated(annotation: Any, function: Any) -> Any:
    """Return what an annotation given as text means; the text where a name in it is only known to checkers."""
    if isinstance(annotation, str):
        with suppress(Exception):  # it may name anything
            return eval(annotation, getattr(unwrap(function), "__globals__", {}))  # noqa: S307 - the user's code, as `typing` does
    return annotation


def _is_injected(annotation: Any) -> bool:
    if isinstance(annotation, str):
        head = annotation.removeprefix("Optional[").partition("[")[0].partition("|")[0].strip(" ]")
        return any(name.endswith(f".{head}") for name in CLASSES)
    if isinstance(annotation, type):
        bases = getattr(annotation, "__mro__", ())
        return any(f"{base.__module__.partition('.')[0]}.{base.__name__}" in CLASSES for base in bases)
    if hasattr(annotation, "__metadata__"):  # Annotated
        classes = (each if isinstance(each, type) else type(each) for each in annotation.__metadata__)
        return any(map(_is_injected, (annotation.__origin__, *classes)))
    origin = getattr(annotation, "__origin__", None)
    if isinstance(origin, type):  # a generic class; of list[RunnableConfig] it is the list
        return _is_injected(origin)
    return any(map(_is_injected, getattr(annotation, "__args__", ())))  # a union
