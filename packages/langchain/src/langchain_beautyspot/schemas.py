"""The schemas of the classes that a model's description names, of which LangChain tells a cache the name alone.

`with_structured_output(Model)` binds the class itself, and `str` of that is `<class 'shop.Model'>`, whatever fields it
has. The class is among the settings of the call; without them, one of a module that is loaded is found by its name.
Nothing is imported.
"""

import builtins
import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast
from weakref import WeakKeyDictionary

_CLASS = re.compile(r"<class '([^']*)'>")
_schemas: WeakKeyDictionary[type, bytes | None] = WeakKeyDictionary()


def class_names(llm_string: str, /) -> tuple[str, ...]:
    """Return the names of the classes in a model's description that may have fields."""
    return tuple(name for name in _CLASS.findall(llm_string) if not hasattr(builtins, name))


def schema_of(name: str, settings: Mapping[str, Any], /) -> bytes | None:
    """Return the JSON schema of the pydantic class of that name, or None if nobody here knows it.

    Args:
        name: As a description has it.
        settings: Of the call, which may hold the class itself.
    """
    given = (each for each in _classes_in(settings) if str(each) == f"<class '{name}'>")
    found = next(given, None) or _class_named(name)
    if found is None:
        return None
    if found not in _schemas:
        _schemas[found] = _schema(found)
    return _schemas[found]


def _classes_in(value: Any) -> Iterator[type]:
    if isinstance(value, type):
        yield value
    elif isinstance(value, Mapping):
        for each in cast("Mapping[Any, Any]", value).values():
            yield from _classes_in(each)
    elif isinstance(value, list | tuple):
        for each in cast("list[Any]", value):
            yield from _classes_in(each)


def _class_named(name: str) -> type | None:
    place, _, rest = name.rpartition(".")
    parts = [rest]
    while place and place not in sys.modules:
        place, _, part = place.rpartition(".")
        parts.insert(0, part)
    found: Any = sys.modules.get(place)
    for part in parts:
        # Not `getattr`: a module's may import.
        found = getattr(found, "__dict__", {}).get(part)
    return found if isinstance(found, type) else None


def _schema(class_: Any) -> bytes | None:
    try:
        return json.dumps(class_.model_json_schema(), sort_keys=True).encode()
    except Exception:  # noqa: BLE001 - it is the user's class; without a schema it is warned of
        return None
