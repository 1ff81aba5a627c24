import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import pytest
from beautyspot.errors import SerializationError
from beautyspot.serializers import MsgpackSerializer
from msgpack import ExtType


@dataclass
class Holder:
    held: Any


LOCK = threading.Lock()


def refusal(value: Any) -> str:
    serializer = MsgpackSerializer()
    serializer.register(Holder)
    with pytest.raises(SerializationError) as caught:
        serializer.dumps(value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (LOCK, "result"),
        ({"a": [1, 2, 3, LOCK]}, "result['a'][3]"),
        (((1, (LOCK,)),), "result[0][1][0]"),
        ({LOCK}, "result{…}"),
        ({(1, LOCK): 2}, ".keys()"),
        (deque([1, LOCK]), "result[1]"),
        ({"h": Holder([LOCK])}, "result['h'].held[0]"),
    ],
    ids=lambda case: case if isinstance(case, str) else type(case).__name__,
)
def test_the_message_names_the_type_and_the_place(value: Any, place: str) -> None:
    message = refusal(value)
    assert "'_thread.lock'" in message
    assert place in message


def test_the_message_says_what_to_do() -> None:
    assert "register_type(lock, code=…, encoder=…, decoder=…)" in refusal(LOCK)


def test_the_message_on_a_coroutine_names_the_function_to_mark() -> None:
    async def ask() -> None: ...

    asking = ask()
    assert "mark the async function itself" in refusal(asking)
    asking.close()


@pytest.mark.parametrize(
    "value",
    [
        object(),
        int,
        len,
        lambda: 1,
        ExtType(5, b"x"),
        [ExtType(127, b"\x08")],
        iter([]),
        Exception("x"),
        {1: {}}.keys(),
    ],
)
def test_what_is_no_data_is_refused(value: Any) -> None:
    assert "no codec for result" in refusal(value)


def test_cycles_of_every_kind_are_refused() -> None:
    plain: list[Any] = []
    plain.append(plain)
    through_tuple: list[Any] = []
    through_tuple.append((through_tuple,))
    through_dict: dict[str, Any] = {}
    through_dict["self"] = [through_dict, bytearray()]
    held = Holder(None)
    held.held = {"x": held}
    for value in (plain, through_tuple, through_dict, held, (1, [held])):
        assert "contains itself" in refusal(value)


def test_a_serializer_works_on_after_a_refusal() -> None:
    serializer = MsgpackSerializer()
    for _ in range(3):
        with pytest.raises(SerializationError):
            serializer.dumps([1, LOCK])
        assert serializer.loads(serializer.dumps([1, (2,)])) == [1, (2,)]


def test_a_class_that_only_bears_the_name_of_a_known_one_is_refused() -> None:
    fake = type("Decimal", (), {"__module__": "decimal"})
    assert "decimal.Decimal" in refusal(fake())
