"""Wrappers that may pass on another default than the one they show, by `functools.wraps`."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import dis
from types import CodeType, FunctionType

from beautyspot.keys.canonical import Spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

_SHOWING = frozenset(("__wrapped__", "__signature__"))


class _LeftOut:
    """Stands for an argument that is not given."""


def may_change_calls(function: Any, /) -> bool:
    """Say whether a wrapper, or one below it, does more with its keywords than to pass them on by `f(*args, **kwargs)`.

    Then a call that leaves an argument out may be another one than that which spells its default out.
    """
    seen: list[Any] = []
    while isinstance(function, FunctionType) and function not in seen and _SHOWING & vars(function).keys():
        code = function.__code__
        if code.co_flags & 0x0C == 0x0C:
            names = code.co_varnames[code.co_argcount + code.co_kwonlyargcount :][:2]
            if any(_changes(each, *names) for each in _with_inner(code)):
                return True
        seen.append(function)
        function = vars(function).get("__wrapped__")
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


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_inner(constant)


def _changes(code: CodeType, rest: str, others: str) -> bool:
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("CACHE", "EXTENDED_ARG", "NOP")]
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        named = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        after = "" if following is None else following.opname
        if not {rest, others}.intersection(name for name in named if isinstance(name, str)):
            continue
        if step.opcode in dis.hasconst or step.opcode in dis.hasname or _is_cell(step, code):
            continue
        if not step.opname.startswith("LOAD") or (others in named and after not in ("DICT_MERGE", "CALL_FUNCTION_EX")):
            return True
        if rest in named and after == "BINARY_OP":
            return True
    return False


def _is_cell(step: dis.Instruction, code: CodeType) -> bool:
    """Say whether a step only makes a variable's cell, or hands it to a function within."""
    is_variable = step.argval in (*code.co_cellvars, *code.co_freevars)
    return is_variable and step.opname in ("MAKE_CELL", "COPY_FREE_VARS", "LOAD_CLOSURE", "LOAD_FAST")


LEFT_OUT = _LeftOut()
