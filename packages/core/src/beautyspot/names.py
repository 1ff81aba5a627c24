"""The name a function or class is known by, the same in every process."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def module_name(name: str, /) -> str:
    """Return `name`, or the script's own module name where it is `__main__`.

    A script run by path is its file's stem and one run by `python -m` its spec's name, so running and
    importing it agree. A notebook or a REPL has neither and stays `__main__`.
    """
    if name != "__main__":
        return name
    main: ModuleType | None = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return spec.name.removesuffix(".__main__")
    path: str | None = getattr(main, "__file__", None)
    # A string split instead of pathlib, which is 3 ms of `import beautyspot`.
    return path.replace("\\", "/").rpartition("/")[2].removesuffix(".py") if path else name


def qualified_name(thing: type | object, /) -> str:
    """Return `module.qualname` of a function or class."""
    return f"{module_name(getattr(thing, '__module__', None) or 'builtins')}.{thing.__qualname__}"  # type: ignore[union-attr]


def is_local(function: Any, /) -> bool:
    """Say whether a function's name does not say which function it is: a lambda, or made within another function."""
    return "<l" in function.__qualname__  # <lambda> and <locals>
