"""Objects of the user's that a model asks: told by their class and fields, and not by what these count of calls."""

# What a field holds is of any type.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
from functools import lru_cache
from typing import Any, NamedTuple

from beautyspot.keys.canonical import PLAIN
from beautyspot.keys.counted import asked_by, counted_by, counts_of
from beautyspot.names import qualified_name

from llama_index.core.bridge.pydantic import BaseModel
from llama_index.core.schema import BaseComponent

_HOST = "llama_index."


class Asked(NamedTuple):
    """An object that counts its calls, or asks one that does."""

    value: Any
    fields: tuple[str, ...]
    """Those of its class; what it counts in is among them."""
    asked: tuple[str, ...]
    """The methods that are called of it."""

    def content(self) -> list[Any]:
        """Return what tells it from others."""
        held = {name: getattr(self.value, name) for name in self.fields if hasattr(self.value, name)}
        extra: dict[str, Any] = getattr(self.value, "__pydantic_extra__", None) or {}
        kind, counts = type(self.value), counts_of(self.value, held, self.asked)
        told = {
            name: uncounted(each, asked_by(kind, self.asked, name))
            for name, each in {**held, **extra}.items()
            if name not in counts
        }
        return [qualified_name(kind), told]


def uncounted(value: Any, asked: tuple[str, ...], /) -> Any:
    """Return `value`, or what stands for an object that counts its calls in some of its fields.

    Args:
        value: A setting of a model; objects in lists, tuples and dicts are looked at as well.
        asked: The methods that the model calls of it.
    """
    kind = type(value)
    if not asked or kind in PLAIN:
        return value
    if kind in (list, tuple):
        return value if PLAIN.issuperset(map(type, value)) else kind(uncounted(each, asked) for each in value)
    if kind is dict:
        return {name: uncounted(each, asked) for name, each in value.items()}
    fields = _fields(kind, asked)
    return value if fields is None else Asked(value, fields, asked)


@lru_cache(1024)
def _fields(kind: type[Any], asked: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the fields of a class that counts, or asks what may; None for one that is left as it is."""
    if kind.__module__.startswith(_HOST) or issubclass(kind, BaseComponent):
        return None  # a component of LlamaIndex's is told by its identity
    fields: Any = kind.model_fields if issubclass(kind, BaseModel) else getattr(kind, "__dataclass_fields__", None)
    if fields is None:
        return None
    asks = any(asked_by(kind, asked, name) for name in fields)
    return tuple(fields) if asks or not counted_by(kind, asked).isdisjoint(fields) else None
