"""The name a function or class is known by, the same in every process."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


MAINS = ("__main__", "__mp_main__", "__console__")
"""The script, the same in a process that `multiprocessing` did not fork, and what is typed to the module `code`."""
RUNNERS = ("cProfile", "profile", "trace")
"""Modules of the standard library that run a script and stay `__main__` themselves, in some releases of Python."""
CONSOLES = ("_pyrepl.__main__", "asyncio.__main__")
"""Modules of the standard library in whose place stands what somebody types."""


def module_name(name: str, /) -> str:
    """Return `name`, or the script's own module name where it is the script, and a package's for its `__main__.py`.

    A script run by path is its file's stem, a folder's or archive's `__main__.py` the name of that, and what is run by
    `python -m` its spec's name, so running and importing it agree, in workers and under a profiler too. A notebook, a
    REPL and `python -c` have none of these and stay `__main__`.
    """
    if name not in MAINS:
        return name.removesuffix(".__main__")
    main: ModuleType | None = sys.modules.get(name)
    path: str | None = getattr(main, "__file__", None)
    spec: str | None = getattr(getattr(main, "__spec__", None), "name", None)
    if spec in CONSOLES:
        return "__main__"
    if spec in RUNNERS:
        path = sys.argv[0]
    elif spec not in (None, "__main__"):
        return spec.removesuffix(".__main__")
    # A string split instead of pathlib, which is 3 ms of `import beautyspot`.
    stem = (path or "").replace("\\", "/").removesuffix("/__main__.py").rpartition("/")[2].removesuffix(".py")
    return stem if stem and not stem.startswith("<") else "__main__"  # a program from a pipe has the file "<stdin>"


def qualified_name(thing: type | object, /) -> str:
    """Return `module.qualname` of a function or class; a method of a class of C has that of its class."""
    module = getattr(thing, "__module__", None) or getattr(getattr(thing, "__objclass__", None), "__module__", None)
    return f"{module_name(module or 'builtins')}.{thing.__qualname__}"  # type: ignore[union-attr]


def is_told_by_code(function: Any, /) -> bool:
    """Say whether a function's name does not say which function it is.

    It is a lambda, made within another function, or of a program without a name, of which a folder may hold many.
    """
    name: str = function.__qualname__
    return "<l" in name or is_of_no_module(function)  # <lambda>, <locals>


def is_of_no_module(function: Any, /) -> bool:
    """Say whether a function is of a program without a name: a notebook, a REPL, `python -c`."""
    return module_name(getattr(function, "__module__", None) or "") == "__main__"
