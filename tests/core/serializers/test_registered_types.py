from typing import Any

import pytest
from beautyspot.errors import ConfigurationError, DamagedEntryError, SerializationError
from beautyspot.serializers import MsgpackSerializer
from msgpack import ExtType, packb, unpackb


class Vector:
    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.parts == self.parts

    __hash__ = None  # type: ignore[assignment] - it is no key


class Vector3(Vector):
    pass


def vectors(code: int = 10) -> MsgpackSerializer:
    serializer = MsgpackSerializer()
    serializer.register(Vector, code, lambda vector: vector.parts, lambda parts: Vector(*parts))
    return serializer


@pytest.mark.parametrize("inner", [(), (1, (2, bytearray(b"x"))), ("\ud800",), (Vector(Vector(1), [Vector()]),)])
def test_what_the_encoder_gives_comes_to_the_decoder(inner: tuple[Any, ...]) -> None:
    value = {"v": [Vector(*inner), (Vector(*inner),)]}
    assert vectors().loads(vectors().dumps(value)) == value


def test_it_lies_on_disk_as_an_extension_around_a_message_as_since_release_2_3() -> None:
    serializer = MsgpackSerializer()
    serializer.register(Vector, 10, lambda vector: b"5,6", lambda data: Vector(data))
    data = serializer.dumps(Vector())
    assert unpackb(data) == ExtType(10, packb(b"5,6"))
    assert serializer.loads(data) == Vector(b"5,6")


def test_a_view_knows_what_is_registered_later() -> None:
    serializer = MsgpackSerializer()
    view = serializer.for_function(len)
    serializer.register(Vector, 0, lambda vector: list(vector.parts), lambda parts: Vector(*parts))
    assert view.loads(view.dumps(Vector(1))) == Vector(1)


def test_a_type_of_the_house_can_be_taught_another_way() -> None:
    serializer = MsgpackSerializer()
    serializer.register(set, 5, sorted, lambda items: {"taught", *items})
    assert serializer.loads(serializer.dumps({"a"})) == {"taught", "a"}


def test_a_subclass_is_another_type() -> None:
    with pytest.raises(SerializationError, match="Vector3"):
        vectors().dumps([Vector3(1)])


def test_an_unregistered_code_is_damage_that_says_what_to_register() -> None:
    data = vectors(77).dumps([Vector(1)])
    with pytest.raises(DamagedEntryError, match=r"type code 77 is not registered.*register_type\(Type, code=77"):
        MsgpackSerializer().loads(data)
    assert MsgpackSerializer().describe(data) == [{"code": 77, "value": (1,)}]


def test_a_decoder_that_fails_is_damage_and_an_encoder_a_refusal() -> None:
    serializer = MsgpackSerializer()
    serializer.register(Vector, 3, lambda vector: vector.parts[0], lambda part: 1 / part)
    with pytest.raises(DamagedEntryError, match="ZeroDivisionError"):
        serializer.loads(serializer.dumps(Vector(0)))
    with pytest.raises(SerializationError, match="IndexError"):
        serializer.dumps(Vector())


def test_an_encoder_that_returns_its_own_type_is_refused() -> None:
    serializer = MsgpackSerializer()
    serializer.register(Vector, 3, lambda vector: [vector], lambda parts: parts[0])
    with pytest.raises(SerializationError, match="nested too deep"):
        serializer.dumps(Vector())


def test_running_the_cell_again_replaces_the_class() -> None:
    serializer = vectors()
    again = type("Vector", (Vector,), {"__module__": Vector.__module__, "__qualname__": Vector.__qualname__})
    serializer.register(again, 10, lambda vector: vector.parts, lambda parts: again(*parts))
    assert type(serializer.loads(serializer.dumps(again(1)))) is again
    with pytest.raises(SerializationError):
        serializer.dumps(Vector(1))


@pytest.mark.parametrize("code", [-1, 127, 1.0, True, "1", None])
def test_a_code_outside_the_users_is_a_mistake(code: Any) -> None:
    with pytest.raises(ConfigurationError, match="expected 0 to 126"):
        MsgpackSerializer().register(Vector, code, repr, eval)


@pytest.mark.parametrize(
    ("type_", "code", "message"),
    [(Vector3, 10, "belongs to .*Vector"), (Vector, 11, "already has code 10"), (dict, 12, "kept as it is")],
)
def test_a_taken_code_or_type_is_a_mistake(type_: type, code: int, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        vectors().register(type_, code, list, tuple)


def test_one_function_alone_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="both functions"):
        MsgpackSerializer().register(Vector, 1, list)
