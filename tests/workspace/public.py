"""What others import from the packages, written down so that a change of it is seen. `make api` writes it anew."""

import importlib
import importlib.util
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, ForwardRef

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).with_name("api")
PACKAGES = ("beautyspot", "beautyspot_dashboard", "langchain_beautyspot", "llama_index.callbacks.beautyspot")
SHOWN = ("README*.md", "packages/*/README.md", "docs/**/*.md", "examples/*.py", "recipes/**/*")
NAMED = re.compile(rf"(?:from |import |`)((?:{'|'.join(map(re.escape, PACKAGES))})(?:\.[a-z_]+)+)")
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def faces() -> tuple[str, ...]:
    """Return the modules that others may stand on: the packages, and what readers are told to use of them."""
    files = [path for pattern in SHOWN for path in ROOT.glob(pattern) if path.suffix in (".md", ".py", ".ipynb")]
    texts = [path.read_text("utf-8") for path in files if "decisions" not in path.parts]
    named = {name for text in texts for name in NAMED.findall(text)}
    return (*PACKAGES, *sorted(name for name in named - {*PACKAGES} if importlib.util.find_spec(name)))


def names_of(module: ModuleType, /) -> list[str]:
    """Return the public names of a module: what it lists, else what it defines."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    own = {name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__}
    return sorted(name for name in own if not name.startswith("_"))


FACES = faces()


def described(name: str, /) -> str:
    """Return a line for each public name of a module, and for each public member of its classes."""
    module = importlib.import_module(name)
    return "".join(f"{line}\n" for line in _lines(module))


def path_of(name: str, /) -> Path:
    """Return the file that says what a module's names were."""
    return FOLDER / f"{name}.txt"


def _lines(module: ModuleType) -> Iterator[str]:
    for name in names_of(module):
        thing = getattr(module, name)
        if not inspect.isclass(thing):
            yield f"{name}{_signature(thing)}{f' = {thing!r}' if isinstance(thing, dict | int | str) else ''}"
            continue
        yield f"class {name}({', '.join(base.__name__ for base in thing.__bases__ if base is not object)})"
        for member in members_of(thing):
            yield f"    {member}{_told_of(thing, member)}"


def members_of(class_: type, /) -> list[str]:
    """Return the public names of a class and of what it stands on, but for a host's, which its releases change."""
    own = [each for each in class_.__mro__ if each.__module__.startswith(PACKAGES)]
    names = {name for each in own for name in [*vars(each), *_annotations(each)]}
    return sorted(name for name in names if name == "__init__" or not name.startswith("_"))


def _told_of(class_: type, member: str) -> str:
    """Return a method's signature, an enumeration's value, or the type of a field and what it is if left out."""
    thing = inspect.getattr_static(class_, member, None)
    kind = next((each.__annotations__[member] for each in class_.__mro__ if member in _annotations(each)), None)
    if isinstance(thing, Enum):
        return f" = {thing.value!r}"
    if kind is None:
        return _signature(thing)
    kind = kind.__forward_arg__ if isinstance(kind, ForwardRef) else kind
    default = getattr(class_, "_field_defaults", {}).get(member, inspect.Parameter.empty)
    shown = inspect.Parameter(member, inspect.Parameter.KEYWORD_ONLY, default=default)
    return f": {kind if isinstance(kind, str) else inspect.formatannotation(kind)}{str(shown).removeprefix(member)}"


def _annotations(class_: type) -> dict[str, Any]:
    return vars(class_).get("__annotations__", {})


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
