"""Tools whose results are kept: the same class, name, schema and description, with marked functions inside."""

# A tool's function and what it returns are the user's, so their types are unknown by nature.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import inspect
from collections.abc import Callable, Iterable
from functools import partial, wraps
from types import FunctionType, MethodType
from typing import Any, TypeVar, get_args, get_type_hints

from beautyspot.keys import FromCode
from beautyspot.marking import Settings, mark
from beautyspot.parts import Parts
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool, Tool

from langchain_beautyspot.marked.pickling import refuse_pickling
from langchain_beautyspot.marked.runnable_keys import registry_of
from langchain_beautyspot.marked.told_by_code import CodeOfTool

T = TypeVar("T", bound=BaseTool)
INJECTED = ("callbacks", "run_manager", "runtime")
"""Parameters that a tool's caller fills in by name; those whose annotation tells it, the core knows of itself."""


def marked_tool(tool: T, parts: Parts, settings: Settings, /) -> T:
    """Return a tool like `tool` that keeps what it gives.

    Raises:
        ConfigurationError: its function is marked already.
    """
    if isinstance(tool, StructuredTool | Tool):
        functions = {"func": tool.func, "coroutine": tool.coroutine}
        given = {name: each for name, each in functions.items() if each is not None}
        if isinstance(settings.version, FromCode):
            settings = _told_by_code(settings, parts, None, given.values)
        return tool.model_copy(
            update={name: _marked_function(each, tool, parts, settings) for name, each in given.items()}
        )
    class_ = type(tool)
    if isinstance(settings.version, FromCode):  # its methods call one another
        settings = _told_by_code(settings, parts, class_, lambda: vars(tool).values())
    own = [name for name in ("_run", "_arun") if getattr(class_, name) is not getattr(BaseTool, name)]
    methods: dict[str, Any] = {
        name: _method(_marked_method(getattr(class_, name), tool, parts, settings)) for name in own
    }
    methods["__reduce__"] = staticmethod(partial(refuse_pickling, tool.name))
    copy = tool.model_copy()
    # A class of its own, as pydantic takes a method that is set on an instance for a field.
    copy.__class__ = type(
        class_.__name__, (class_,), {"__module__": class_.__module__, "__qualname__": class_.__qualname__, **methods}
    )
    return copy


def _told_by_code(settings: Settings, parts: Parts, of: Any, held: Callable[[], Iterable[Any]]) -> Settings:
    return settings._replace(version=CodeOfTool(of, held, registry_of(parts.registry)))


def _marked_function(function: Any, tool: BaseTool, parts: Parts, settings: Settings) -> Any:
    if isinstance(function, MethodType) and _leaves_object_out(function.__func__, settings):
        return _marked_method(function.__func__, tool, parts, settings).__get__(function.__self__)
    # Such as the retriever of a retriever's tool.
    leaves_part_out = isinstance(function, FunctionType) and {*function.__code__.co_freevars} & {*settings.ignore}
    return _marked(_named(function, tool.name) if leaves_part_out else function, parts, settings)


def _marked_method(function: Any, tool: BaseTool, parts: Parts, settings: Settings) -> Any:
    # Nothing else tells it from that of another object.
    return _marked(_named(function, tool.name) if _leaves_object_out(function, settings) else function, parts, settings)


def _leaves_object_out(function: Any, settings: Settings) -> bool:
    return next(iter(inspect.signature(function).parameters), None) in settings.ignore


def _named(function: Any, tool_name: str) -> Any:
    """Return `function`, told by the tool's name too."""
    if getattr(function, "__name__", None) == tool_name:
        return function
    told = tool_name  # what a decorator's function closes over is in the key

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            _ = told
            return await function(*args, **kwargs)

        return run_async

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        _ = told
        return function(*args, **kwargs)

    return run


def _marked(function: Any, parts: Parts, settings: Settings) -> Any:
    injected = tuple(name for name in INJECTED if name in inspect.signature(function).parameters)
    options = settings.options._replace(cache_if=_lasting(settings.options.cache_if))
    marked = mark(function, parts, settings._replace(injected=injected, options=options))
    call_id = _call_id_of(function)
    return marked if call_id is None else _answering(marked, call_id)


def _method(marked: Any) -> Any:
    """Return a function that a class binds as any other, which `inspect` and LangChain look through."""

    @wraps(marked.__wrapped__)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        return marked(self, *args, **kwargs)

    return run


def _answering(marked: Any, call_id: str) -> Any:
    """Return `marked` for a function that makes the message itself: a kept one answers the call of now."""

    def answer(result: Any, kwargs: dict[str, Any]) -> Any:
        if isinstance(result, ToolMessage) and call_id in kwargs:
            return result.model_copy(update={"tool_call_id": kwargs[call_id]})
        return result

    if inspect.iscoroutinefunction(marked):

        @wraps(marked)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            return answer(await marked(*args, **kwargs), kwargs)

        return run_async

    @wraps(marked)
    def run(*args: Any, **kwargs: Any) -> Any:
        return answer(marked(*args, **kwargs), kwargs)

    return run


def _call_id_of(function: Any) -> str | None:
    """Return the parameter that takes the id of the model's call."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception:  # noqa: BLE001 - annotations may name anything; LangChain can't read them either
        return None
    return next((name for name, hint in hints.items() if {*get_args(hint)[1:]} & {InjectedToolCallId}), None)


def _lasting(cache_if: Any) -> Any:
    """Return whether to keep a result: no command, no message of an error, and not what the user leaves out."""

    def lasts(result: Any) -> bool:
        failed = isinstance(result, ToolMessage) and result.status == "error"
        return not (failed or _commands(result)) and (cache_if is None or cache_if(result))

    return lasts


def _commands(result: Any) -> bool:
    if isinstance(result, list):
        return any(map(_commands, result))
    return (type(result).__module__, type(result).__name__) == ("langgraph.types", "Command")
