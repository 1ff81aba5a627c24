"""Calls that an object holds: that of a partial, and that of a context manager which is a generator."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownVariableType=false
from contextlib import asynccontextmanager, contextmanager
from functools import partial, partialmethod
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NamedTuple
else:
    from beautyspot.tuples import NamedTuple

PARTIALS = (partial, partialmethod)
_CONTEXTS = (type(contextmanager(iter)(())), type(asynccontextmanager(iter)(())))  # type: ignore[arg-type] - it is only made


class Call(NamedTuple):
    """A function, and what it is given."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def given(self) -> dict[str, Any]:
        """The arguments by place or name."""
        return {**{str(place): item for place, item in enumerate(self.args)}, **self.kwargs}


def call_in(thing: Any, /) -> Call | None:
    """Return the call that a partial holds, or what `contextlib.contextmanager` made, as long as no block has begun."""
    # Not `isinstance`: a proxy of what isn't there raises when it is asked for its class.
    kind: type[Any] = type(thing)
    if issubclass(kind, PARTIALS):
        return Call(thing.func, thing.args, thing.keywords)
    is_unused = issubclass(kind, _CONTEXTS) and "func" in vars(thing)
    return Call(thing.func, thing.args, thing.kwds) if is_unused else None
