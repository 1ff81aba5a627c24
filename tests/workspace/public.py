"""What others import from the packages, written down so that a change of it is seen. `make api` writes it anew."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).with_name("api")
PACKAGES = ("beautyspot", "beautyspot_dashboard", "langchain_beautyspot", "llama_index.callbacks.beautyspot")
FACES = (*PACKAGES, "beautyspot.catalog", "beautyspot.maintenance", "beautyspot.storage", "beautyspot.testing")
"""Modules whose `__all__` others may stand on."""
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def described(name: str, /) -> str:
    """Return a line for each public name of a module, and for each public member of its classes."""
    module = importlib.import_module(name)
    return "".join(f"{line}\n" for line in _lines(module))


def path_of(name: str, /) -> Path:
    """Return the file that says what a module's names were."""
    return FOLDER / f"{name}.txt"


def _lines(module: ModuleType) -> Iterator[str]:
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if not inspect.isclass(thing):
            yield f"{name}{_signature(thing)}"
            continue
        yield f"class {name}({', '.join(base.__name__ for base in thing.__bases__ if base is not object)})"
        for member in sorted(_members(thing)):
            if member == "__init__" or not member.startswith("_"):
                yield f"    {member}{_signature(inspect.getattr_static(thing, member))}"


def _members(class_: type) -> set[str]:
    """Return the names of a class and of those that it stands on, but for a host's, which its releases change."""
    return {name for each in class_.__mro__ if each.__module__.startswith(PACKAGES) for name in vars(each)}


def _signature(thing: Any) -> str:
    if isinstance(thing, property):
        return ": property"
    if isinstance(thing, classmethod | staticmethod):
        thing = thing.__func__
    if not callable(thing):
        return f": {type(thing).__name__}"
    try:
        return ADDRESS.sub("", str(inspect.signature(thing)))
    except (TypeError, ValueError):  # some of C have none
        return "(…)"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for face in FACES:
        path_of(face).write_text(described(face))
        print(f"wrote {path_of(face).name}")
