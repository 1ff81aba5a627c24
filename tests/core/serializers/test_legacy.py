import json
import math
from typing import Any

import pytest
from beautyspot.errors import DamagedEntryError
from beautyspot.serializers import MsgpackSerializer
from beautyspot.serializers.legacy import describe_legacy, loads_json, loads_legacy
from msgpack import ExtType, packb, unpackb


class Box:
    def __init__(self, items: Any) -> None:
        self.items = items


def from_bytes(data: bytes) -> Box:
    return Box(data.decode())


def from_dict(parts: dict[str, Any]) -> Box:
    return Box(parts["items"])


@pytest.mark.parametrize(
    ("payload", "decoder", "items"),
    [
        (b"5,6", from_bytes, "5,6"),
        (packb(b"5,6"), from_bytes, "5,6"),
        (b"[0, 1]", lambda data: Box(json.loads(data)), [0, 1]),
        (packb({"items": [1]}), from_dict, [1]),
        (packb([1]), lambda data: Box(unpackb(data)), [1]),
        (packb({"items": 1}), lambda data: from_dict(unpackb(data)), 1),
        (b"", from_bytes, ""),
        (packb(b""), from_bytes, ""),
    ],
    ids=["raw", "nested", "raw json", "nested dict", "own packb", "own packb of a dict", "raw empty", "nested empty"],
)
def test_raw_and_nested_payloads_reach_their_decoder(payload: bytes, decoder: Any, items: Any) -> None:
    value = loads_legacy(packb({"a": [ExtType(10, payload)]}), {10: decoder})
    assert value["a"][0].items == items


@pytest.mark.parametrize(("payload", "value"), [(packb({"x": 1}), {"x": 1}), (b"\xc1 own", b"\xc1 own")])
def test_a_type_that_is_not_registered_is_described_by_its_code(payload: bytes, value: Any) -> None:
    assert describe_legacy(packb({"a": [ExtType(10, payload)]})) == {"a": [{"code": 10, "value": value}]}


def test_keys_that_the_old_reader_refused_are_read() -> None:
    assert loads_legacy(packb({1: "a", None: "b"}), {}) == {1: "a", None: "b"}


def test_a_serializer_reads_old_values_with_its_registered_types() -> None:
    serializer = MsgpackSerializer()
    serializer.register(Box, 11, lambda box: {"items": box.items}, from_dict)
    assert serializer.loads_legacy(packb([ExtType(11, packb({"items": 1}))]))[0].items == 1


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x91", packb([1]) + b"x", packb(ExtType(9, b"x"))], ids=repr)
def test_what_cannot_be_read_is_damage(data: bytes) -> None:
    with pytest.raises(DamagedEntryError):
        loads_legacy(data, {10: from_bytes})


def test_a_decoder_that_fails_on_both_forms_is_damage() -> None:
    with pytest.raises(DamagedEntryError, match="KeyError"):
        loads_legacy(packb(ExtType(10, packb({"other": 1}))), {10: lambda parts: {}[str(parts)]})


def test_json_rows_are_read_with_their_odd_numbers() -> None:
    assert loads_json('{"a": [1, null]}') == {"a": [1, None]}
    assert math.isnan(loads_json("NaN"))


@pytest.mark.parametrize("text", ["", "{", None, "[" * 100_000], ids=["empty", "open", "none", "deep"])
def test_text_that_is_no_json_is_damage(text: Any) -> None:
    with pytest.raises(DamagedEntryError):
        loads_json(text)
