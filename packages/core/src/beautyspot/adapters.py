"""Objects that `mark` takes although they are no functions, such as the tools of a framework.

A package that knows how names a function in the entry-point group `beautyspot.adapters`, under the name of the
framework's package: `langchain_core = "langchain_beautyspot.adapters:adapt"`. It is given the object, the parts of the
Spot and the settings of the mark, and returns the marked object, or None for what it doesn't know.
"""

from __future__ import annotations

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import EntryPoint
    from typing import Any, TypeAlias

    from beautyspot.parts import Parts

GROUP = "beautyspot.adapters"
Adapter: TypeAlias = "Callable[[Any, Parts, Any], Any]"


def adapter_for(thing: object, /) -> Adapter | None:
    """Return the adapter for the framework that one of the classes of `thing` comes from; None if there is none."""
    adapters = _adapters()
    roots = (base.__module__.partition(".")[0] for base in type(thing).__mro__)
    entry = next((adapters[root] for root in roots if root in adapters), None)
    return None if entry is None else entry.load()


@cache
def _adapters() -> Mapping[str, EntryPoint]:
    from importlib.metadata import entry_points  # 15 ms, for objects that are no functions

    return {entry.name: entry for entry in entry_points(group=GROUP)}
