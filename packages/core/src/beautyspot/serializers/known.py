"""Which types are known: those registered on a Spot, and those that one function's annotation names."""

from __future__ import annotations

from beautyspot.errors import ConfigurationError
from beautyspot.names import qualified_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NamedTuple

    from beautyspot.serializers.classes import Shape
else:
    from beautyspot.tuples import NamedTuple

LAST_CODE = 126
NATIVE = (type(None), bool, int, float, str, bytes, list, dict)


class UserType(NamedTuple):
    """A type that the user taught."""

    type: type
    code: int
    encoder: Callable[[Any], Any]
    decoder: Callable[[Any], Any]


class Registry:
    """The types registered on one serializer and all its views."""

    __slots__ = ("by_code", "by_former_name", "by_name", "by_type")

    def __init__(self) -> None:
        """Know no type."""
        self.by_type: dict[type, UserType] = {}
        self.by_code: dict[int, UserType] = {}
        self.by_name: dict[str, Shape] = {}
        """Classes kept field by field."""
        self.by_former_name: dict[str, Shape] = {}
        """What some of them were called; asked last, as another class may bear such a name by now."""

    def register(self, type_: Any, code: int | None, encoder: Any, decoder: Any, former_names: Sequence[str]) -> None:
        """See `MsgpackSerializer.register`."""
        if not isinstance(type_, type):
            raise ConfigurationError(f"not a class: {type_!r}; expected the type to keep; pass type(value)")
        if code is None and encoder is None and decoder is None:
            self._register_shape(type_)
            self.by_former_name.update(dict.fromkeys(former_names, self.by_name[qualified_name(type_)]))
        elif former_names:
            raise ConfigurationError(
                f"{qualified_name(type_)!r} has the code {code!r} and former names; expected one of them, since a code "
                "names a type wherever it moves; leave former_names= out"
            )
        else:
            self._register_user_type(type_, code, encoder, decoder)

    def _register_shape(self, type_: type) -> None:
        from beautyspot.serializers.classes import shape_of, shapes_within  # inspects classes; a hit needs none

        if shape_of(type_) is None:
            raise ConfigurationError(
                f"{qualified_name(type_)!r} has no fields that beautyspot knows of; expected a dataclass, enum, "
                "named tuple, pydantic model or attrs class; "
                f"call spot.register_type({type_.__name__}, code=…, encoder=…, decoder=…)"
            )
        for name, shape in shapes_within(type_).items():
            # A class that a field mentions must not displace one that was registered itself.
            if shape.type is type_ or name not in self.by_name:
                self.by_name[name] = shape

    def _register_user_type(self, type_: type, code: Any, encoder: Any, decoder: Any) -> None:
        name = qualified_name(type_)
        if type(code) is not int or not 0 <= code <= LAST_CODE:
            raise ConfigurationError(f"code {code!r} for {name}; expected 0 to {LAST_CODE}; pick one that is free")
        if not (callable(encoder) and callable(decoder)):
            raise ConfigurationError(f"{name} has a code but not both functions; pass encoder=… and decoder=… as well")
        if type_ in NATIVE:
            raise ConfigurationError(f"{name} is kept as it is; expected a type that msgpack lacks; pass a subclass")
        for taken in list(self.by_code.values()):
            self._make_room(taken, name, code)
        user = UserType(type_, code, encoder, decoder)
        self.by_code[code] = user
        self.by_type[type_] = user

    def _make_room(self, taken: UserType, name: str, code: int) -> None:
        # By name, not identity: running a notebook's cell again makes a new class of the same name.
        same_type, same_code = qualified_name(taken.type) == name, taken.code == code
        if same_type and same_code:
            self.by_type.pop(taken.type, None)
        elif same_code:
            raise ConfigurationError(
                f"code {code} belongs to {qualified_name(taken.type)}; expected a free one for {name}; pick another"
            )
        elif same_type:
            raise ConfigurationError(
                f"{name} already has code {taken.code}; expected that one, not {code}; "
                f"keep it, or old values become unreadable"
            )


class Known:
    """The types one serializer may write and read: its registry's and, if it serves a function, its annotation's."""

    __slots__ = ("_annotated", "_function", "problem", "registry")

    def __init__(self, registry: Registry, function: Any) -> None:
        """Know what `registry` and the return annotation of `function` name; None for no function."""
        self.registry = registry
        self._function = function
        self._annotated: dict[str, Shape] | None = None
        self.problem: str | None = None
        """Why the annotation could not be read."""

    @property
    def is_annotatable(self) -> bool:
        """Whether somebody can write what the function returns: no lambda, nor one that goes by another module's name.

        Such a one stands for a framework's object, as a Runnable or a tool.
        """
        function = self._function
        if function is None or getattr(function, "__name__", "") == "<lambda>":
            return False
        module: str = getattr(function, "__module__", "")
        return (
            hasattr(function, "__wrapped__") or getattr(function, "__globals__", {}).get("__name__", module) == module
        )

    def shape_for(self, type_: type) -> Shape | None:
        """Return how to write instances of exactly `type_`, or None if it is not in the table."""
        shape = self.shape_named(qualified_name(type_))
        return shape if shape is not None and shape.type is type_ else None

    def shape_named(self, name: str) -> Shape | None:
        """Return the class in the table that goes by `name`."""
        shape = self.registry.by_name.get(name)
        return shape or self._annotated_shapes().get(name) or self.registry.by_former_name.get(name)

    def _annotated_shapes(self) -> dict[str, Shape]:
        if self._annotated is None:
            if self._function is None:
                return {}
            from beautyspot.serializers.annotations import annotated_shapes  # typing's evaluation, for classes only

            shapes, self.problem = annotated_shapes(self._function)
            if self.problem is not None:
                return shapes  # asked again next time: the name may be defined by then
            self._annotated = shapes
        return self._annotated
