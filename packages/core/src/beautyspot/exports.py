"""The names of a package, each imported when it is first asked for (PEP 562).

A fresh process so loads what its first hit needs and nothing else. The rooms on the way of a hit all do it in the same
manner: real imports for type checkers, this for the interpreter, and a test that compares the two.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


def on_demand(
    package: str, places: Mapping[str, str], /, *, others: str | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of `package`.

    Args:
        places: The module of each name.
        others: Name of the module that answers for every other name; None for none.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - it is one
        place = places.get(name, others)
        if place is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # What `importlib.import_module` does; importing that takes 0.3 ms.
        thing = getattr(__import__(place, fromlist=(name,)), name)
        if name in places:
            setattr(sys.modules[package], name, thing)  # found without us from now on
        return thing

    def __dir__() -> list[str]:  # noqa: N807 - as above
        return sorted({*vars(sys.modules[package]), *places})

    return __getattr__, __dir__
