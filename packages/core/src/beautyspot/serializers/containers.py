"""Collections of the standard library that msgpack lacks."""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from beautyspot.serializers.refusals import Refusal

FACTORIES: dict[str, Any] = {
    factory.__name__: factory
    for factory in (
        bool, bytearray, bytes, complex, dict, float, frozenset, int, list, set, str, tuple,
        Counter, OrderedDict, deque,
    )
}  # fmt: skip
"""The closed table of what a kept defaultdict may call."""


def decode_tuple(items: list[Any], _: Any) -> tuple[Any, ...]:
    """All parts are items."""
    return tuple(items)


def decode_set(items: list[Any], _: Any) -> set[Any]:
    """All parts are items."""
    return set(items)


def decode_frozenset(items: list[Any], _: Any) -> frozenset[Any]:
    """All parts are items."""
    return frozenset(items)


def encode_pairs(mapping: Mapping[Any, Any]) -> list[Any]:
    """Key, value, key, value, in order."""
    return [part for pair in mapping.items() for part in pair]


def decode_ordered_dict(parts: list[Any], _: Any) -> OrderedDict[Any, Any]:
    """See `encode_pairs`."""
    return OrderedDict(_pairs(parts))


def decode_counter(parts: list[Any], _: Any) -> Counter[Any]:
    """See `encode_pairs`."""
    counter: Counter[Any] = Counter()
    for key, count in _pairs(parts):
        counter[key] = count
    return counter


def encode_default_dict(mapping: "defaultdict[Any, Any]") -> list[Any]:
    """The name of the factory, then the pairs."""
    factory: Any = mapping.default_factory
    name = None if factory is None else getattr(factory, "__name__", "")
    if name is not None and FACTORIES.get(name) is not factory:
        raise Refusal(
            mapping,
            f"its default_factory is {factory!r}; expected None or one of {', '.join(FACTORIES)}; return dict(…)",
        )
    return [name, *encode_pairs(mapping)]


def decode_default_dict(parts: list[Any], _: Any) -> "defaultdict[Any, Any]":
    """See `encode_default_dict`."""
    name = parts[0]
    return defaultdict(None if name is None else FACTORIES[name], _pairs(parts[1:]))


def encode_deque(items: "deque[Any]") -> list[Any]:
    """The greatest length, then the items."""
    return [items.maxlen, *items]


def decode_deque(parts: list[Any], _: Any) -> "deque[Any]":
    """See `encode_deque`."""
    return deque(parts[1:], parts[0])


def _pairs(parts: list[Any]) -> Iterable[tuple[Any, Any]]:
    halves: Iterator[Any] = iter(parts)
    return zip(halves, halves, strict=True)
