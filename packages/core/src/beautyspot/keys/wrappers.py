"""Wrappers that may pass on another default than the one they show, by `functools.wraps`."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import dis
import sys
from functools import lru_cache, partial
from types import CodeType, FunctionType, MethodType

from beautyspot.keys.attributes import held_by
from beautyspot.keys.callables import closure, is_ours
from beautyspot.keys.canonical import Spelled
from beautyspot.keys.cells import held
from beautyspot.wrapped import is_proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

_PASSING = ("tenacity",)
"""Libraries whose wrappers give a call to helpers of their own, which pass it on as it is."""
_SILENT = frozenset(("CACHE", "EXTENDED_ARG", "NOP", "PUSH_NULL", "PRECALL"))
_C_CACHE = type(lru_cache(len))


class _LeftOut:
    """Stands for an argument that is not given."""


def may_change_calls(function: Any, /) -> bool:
    """Say whether a wrapper, or one below it, does anything with a call but to pass it on by `f(*args, **kwargs)`.

    Then a call that leaves an argument out may be another one than that which spells its default out. So it may below
    an object that stands before a function, whose code nobody looks at.
    """
    seen: list[Any] = []
    while function is not None and not any(function is each for each in seen):
        seen.append(function)
        if is_proxy(function):
            if not _gives_on(function):
                return True
            function = function.__wrapped__
            continue
        if isinstance(function, (MethodType, staticmethod, classmethod)):
            function = function.__func__
            continue
        shown = getattr(function, "__dict__", {})
        is_wrapper = "__wrapped__" in shown or (isinstance(function, FunctionType) and "__signature__" in shown)
        if is_wrapper and not (_is_known(function) or _passes_on(function)):
            return True
        function = shown.get("__wrapped__")
    return False


def telling(
    bind: Callable[..., tuple[Any, ...]], names: Sequence[str], defaults: Mapping[str, Any], /
) -> Callable[..., tuple[Any, ...]]:
    """Return a binder whose values tell which arguments are given though they could be left out.

    Args:
        bind: One whose defaults are all `LEFT_OUT`.
        names: Of the values that it returns.
        defaults: By name.
    """
    shown = [(defaults.get(name), name in defaults) for name in names]

    def bind_and_tell(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        values = zip(bind(*args, **kwargs), shown, strict=True)
        return tuple(
            default if value is LEFT_OUT else Spelled(value, default) if has_default else value
            for value, (default, has_default) in values
        )

    return bind_and_tell


def _is_known(function: Any) -> bool:
    if isinstance(function, FunctionType):
        return is_ours(function) or str(function.__globals__.get("__name__")).partition(".")[0] in _PASSING
    return isinstance(function, _C_CACHE) or is_ours(type(function))


def _passes_on(function: Any) -> bool:
    """Say whether all that a wrapper does with its arguments is `f(*args, **kwargs)`, of the function it shows."""
    if not isinstance(function, FunctionType):
        return False
    code = function.__code__
    if code.co_flags & 0x0C != 0x0C or code.co_argcount or code.co_kwonlyargcount:
        return False
    return _only_calls(code, code.co_varnames[:2], partial(_is_wrapped, function))


def _gives_on(proxy: Any) -> bool:
    """Say whether all that a wrapper of wrapt, `f(wrapped, instance, args, kwargs)`, does with a call is to pass it on.

    What another proxy does with it nobody looks at.
    """
    is_wrapts = type(proxy) is getattr(sys.modules.get("wrapt"), "FunctionWrapper", None)
    wrapper = held_by(proxy).get("_self_wrapper") if is_wrapts else None
    if type(wrapper) is not FunctionType or wrapper.__code__.co_argcount != 4:
        return False
    wrapped, _, *given = wrapper.__code__.co_varnames[:4]
    return _only_calls(wrapper.__code__, given, partial(_is_variable, wrapped))


def _only_calls(
    code: CodeType, given: Sequence[str], is_called: Callable[[Sequence[dis.Instruction], Iterable[str]], bool]
) -> bool:
    """Say whether all that is done with `*args` and `**kwargs`, named by `given`, is to call by them what is called."""
    codes = [*_with_inner(code)]
    changing = {name for each in codes for name in _own_names(each)}
    return all(is_called(call, changing) for each in codes for call in _uses(each, *given))


def _is_variable(name: str, steps: Sequence[dis.Instruction], changing: Iterable[str]) -> bool:
    """Say whether steps load a function's own variable, to which nothing else is assigned."""
    return [step.argval for step in steps] == [name] and name not in changing


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_inner(constant)


def _own_names(code: CodeType) -> Iterator[str]:
    """Yield what a function's code assigns to, or has as a variable of its own that functions within it see."""
    yield from code.co_cellvars
    for step in dis.get_instructions(code):
        if step.opname.startswith(("STORE_", "DELETE_")) and isinstance(step.argval, str):
            yield step.argval


def _uses(code: CodeType, rest: str, others: str) -> Iterator[list[dis.Instruction]]:
    """Yield for each use of the arguments the steps that load what is called with them; none for another use."""
    steps, in_calls = [*dis.get_instructions(code)], set[int]()
    for index, step in enumerate(steps):
        named = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        if step.offset in in_calls or not any(name in (rest, others) for name in named if isinstance(name, str)):
            continue
        if step.opcode in dis.hasconst or step.opcode in dis.hasname or _is_cell(step, code):
            continue
        start = max(index - 1, 0)
        while start and steps[start].opname in ("LOAD_ATTR", *_SILENT):
            start -= 1
        called, arguments = _call(steps[start:])
        in_calls.update(each.offset for each in arguments)
        yield called if [each.argval for each in arguments] == [rest, others] else []


def _call(steps: Sequence[dis.Instruction]) -> tuple[list[dis.Instruction], list[dis.Instruction]]:
    """Return from steps that begin with `f(*args, **kwargs)` those that load `f`, and the two of its arguments."""
    names = [step.opname for step in steps]
    steps = steps[: names.index("CALL_FUNCTION_EX")] if "CALL_FUNCTION_EX" in names else ()
    # What is jumped to in between is reached with something else to call, as in `(f if n else g)(*args, **kwargs)`.
    told = [step for step in steps if step.opname not in _SILENT]
    if len(told) < 5 or any(step.is_jump_target for step in steps[1:]):
        return [], []
    *called, args, nothing, kwargs, merging = told
    is_plain = (nothing.opname, nothing.arg, merging.opname) == ("BUILD_MAP", 0, "DICT_MERGE")
    return (called, [args, kwargs]) if is_plain else ([], [])


def _is_wrapped(function: FunctionType, steps: Sequence[dis.Instruction], changing: Iterable[str]) -> bool:
    """Say whether steps load what `function` wraps: a variable around it, or an attribute of one."""
    if not steps or any(step.argval in changing for step in steps):
        return False
    name, cells = steps[0].argval, closure(function)
    if steps[0].opname == "LOAD_GLOBAL":
        thing = function.__globals__.get(name)
    else:
        thing = held(cells[name]) if steps[0].opname == "LOAD_DEREF" and name in cells else None
    for step in steps[1:]:
        thing = getattr(thing, "__dict__", {}).get(step.argval)
    return thing is not None and thing is vars(function).get("__wrapped__")


def _is_cell(step: dis.Instruction, code: CodeType) -> bool:
    """Say whether a step only makes a variable's cell, or hands it to a function within."""
    is_variable = step.argval in (*code.co_cellvars, *code.co_freevars)
    return is_variable and step.opname.startswith(("MAKE_CELL", "COPY_FREE_VARS", "LOAD_CLOSURE", "LOAD_FAST"))


LEFT_OUT = _LeftOut()
