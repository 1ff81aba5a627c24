"""What a function is to those who call it: plain, a coroutine function, a generator or an async generator."""

from __future__ import annotations

from functools import partial
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# From CPython's Include/cpython/code.h; `inspect` would say the same for 12 ms of `import beautyspot`.
GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200


def kind_of(function: Any) -> int:
    """Return the code flag that tells a coroutine function or generator from a plain function, or 0."""
    code = _code(function) or _code(getattr(function, "__call__", None))  # noqa: B004 - its code is wanted
    flags = 0 if code is None else code.co_flags
    return next((flag for flag in (ASYNC_GENERATOR, COROUTINE, GENERATOR) if flags & flag), 0)


def _code(function: Any) -> CodeType | None:
    while isinstance(function, partial):
        function = function.func  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - of any result
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None  # a client may answer to every name


def is_stream(function: Any) -> bool:
    """Say whether calls of the function yield."""
    return bool(kind_of(function) & (GENERATOR | ASYNC_GENERATOR))
