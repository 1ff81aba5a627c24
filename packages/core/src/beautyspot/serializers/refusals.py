"""Why a value can't be kept, and where in it the trouble lies."""

from collections.abc import Iterator
from types import CoroutineType
from typing import Any

from beautyspot.errors import SerializationError
from beautyspot.names import qualified_name
from beautyspot.serializers.known import Known

MAX_LOOKED_AT = 200_000
"""Parts of a value that are searched for the place; enough for a message, bounded for the caller's patience."""
MAX_PATH = 600


class Refusal(Exception):  # noqa: N818 - never leaves the room
    """A part that can't be kept; `reason` is None where there is no codec for its type."""

    def __init__(self, value: Any, reason: str | None = None) -> None:
        """Refuse `value`."""
        super().__init__(reason)
        self.value = value
        self.reason = reason


def explain(value: Any, error: Exception, known: Known) -> SerializationError:
    """Return the error to raise for `value`, which `error` stopped from being packed."""
    if isinstance(error, Refusal):
        place = _place(value, error.value)
        return SerializationError(_message(error, place, known))
    if isinstance(error, SerializationError):
        return error
    name = qualified_name(type_of(value))
    if isinstance(error, RecursionError) or str(error).startswith("recursion limit"):
        return SerializationError(
            f"result of type {name!r} contains itself or is nested too deep; "
            "expected at most 500 levels; return a flatter value"
        )
    reason = f"{type(error).__name__}: {error}"[:300]
    return SerializationError(
        f"result of type {name!r} can't be kept ({reason}); expected parts that can be read; return something plainer"
    )


def _message(refusal: Refusal, place: str, known: Known) -> str:
    type_ = type_of(refusal.value)
    name = qualified_name(type_)
    if refusal.reason is not None:
        return f"{place} of type {name!r} can't be kept: {refusal.reason}"
    if type_ is CoroutineType:
        return f"{place} of type {name!r} can't be kept: mark the async function itself, below what is around it"
    ways = f"call spot.register_type({type_.__name__}, code=…, encoder=…, decoder=…)"
    from beautyspot.serializers.classes import shape_of  # a class is looked into only for this message

    if shape_of(type_) is not None:
        ways = f"call spot.register_type({type_.__name__})"
        if known.is_annotatable:
            ways = f"name it in the function's return annotation, or {ways}"
        if known.shape_named(name) is not None:
            ways = f"that name belongs to another class now, so create the value from it, or {ways}"
        elif known.problem is not None:
            ways = f"the return annotation can't be read ({known.problem}); {ways}"
    return f"no codec for {place} of type {name!r}; expected a type that beautyspot knows exactly; {ways}"


def _place(value: Any, target: Any) -> str:
    """Return the path to `target` by identity, like `result["a"][3]`."""
    stack: list[tuple[str, Any]] = [("result", value)]
    seen: set[int] = set()
    while stack and len(seen) < MAX_LOOKED_AT:
        path, part = stack.pop()
        if part is target:
            return path
        if id(part) not in seen and len(path) < MAX_PATH:
            seen.add(id(part))
            stack.extend((path + step, inner) for step, inner in _inner(part))
    return "a part of the result"


def _inner(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for key, item in part.items():  # type: ignore[reportUnknownVariableType] - a user's value
            yield f"[{key!r:.60}]", item
            yield f".keys()[{key!r:.60}]", key
    elif isinstance(part, list | tuple):
        yield from ((f"[{number}]", item) for number, item in enumerate(part))  # type: ignore[reportUnknownVariableType]
    elif isinstance(part, set | frozenset):
        yield from (("{…}", item) for item in part)  # type: ignore[reportUnknownVariableType]
    elif type(part).__module__ == "collections":
        yield from ((f"[{number}]", item) for number, item in enumerate(part))
    else:
        attributes: dict[str, Any] = getattr(part, "__dict__", {})
        yield from ((f".{name}", item) for name, item in attributes.items())


def type_of(value: object) -> type:
    """Return the class of a user's value, which no checker knows more of."""
    return type(value)
