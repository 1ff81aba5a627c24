"""The keys that releases 0.3 to 2.7 wrote; those of `ROWS` were read from files of release 2.0."""

import datetime
import decimal
import enum
import functools
import os
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from beautyspot.keys import KeyGen, KeyPolicy
from beautyspot.keys.legacy import legacy_keys
from beautyspot.keys.legacy_policies import custom_id


class Worker:
    def __init__(self, k: int) -> None:
        self.k = k


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: int, b: int) -> None:
        self.a, self.b = a, b


class Colour(enum.Enum):
    RED = 1


def digest(text: str) -> str:
    return md5(text.encode()).hexdigest()


def keys(name: str, /, *args: Any, **kwargs: Any) -> list[str]:
    return list(legacy_keys(name, args, kwargs, [None]))


ROWS: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("add", (1, 2), {}, "7a56e213637131802eca4fc474df84e1"),
    ("add", (0.5, 0.25), {}, "7c30733a669dd34c25d9fd7f824c68e0"),
    ("greet", ("日本語🌑",), {}, "f18f6165c48627c35d19eecd879b2df1"),
    ("greet", (), {"punct": "?", "name": "eve"}, "e8d785a03cd6f6a68733e1fdfebc2306"),
    ("describe", ({"b": 1, "a": [1, 2, {"z": None}]},), {}, "3bb4f277cf26ed7807950c348a80ad30"),
    ("set_arg", ({1: "a", "x": "b", None: 0},), {}, "2c148b11b8b5c9d986a92cac145da39d"),
    ("set_arg", ({"a", 1, None},), {}, "f9471ed36dd30ae4f6c583091a2269b5"),
    ("nested", ((1, 2),), {}, "f7cf07cdcf3b88ee4445f23e06e1a91c"),
    ("text_of_bytes", (b"\x00\x01\xfe",), {}, "fb446915e15017824928120362bb7d3f"),
    ("obj_arg", (Slotted(1, 2),), {}, "64b85dd4982842b7492a6d3d0c955bd3"),
    ("obj_arg", (datetime.date(2024, 1, 2),), {}, "f56f0e87d469ea1726c72cbb41a22dd0"),
    ("obj_arg", (decimal.Decimal("1.50"),), {}, "450a07bb9866494e837af557c6e6770a"),
    ("obj_arg", (np.int64(5),), {}, "e30b7dd504777f5d4a4947d2f02f632a"),
    ("nd_arg", (np.arange(6).reshape(2, 3),), {}, "4370c32ca22042482eb2aad241304b9c"),
    ("ret_none", (2**80,), {}, "591ff8893b26f8dd9fa57f7c1f7cf7ce"),
    ("scale", (Worker(3), 14), {}, "c0a1aee39fc4004f58ec2fe44bfedf04"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "key"), ROWS)
def test_rows_of_release_2_0_are_found(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], key: str):
    assert key in keys(name, *args, **kwargs)


FIRST: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    ((1, 2), {}, '{"a": [1, 2], "k": {}}'),
    (("é",), {"b": 1, "a": None}, '{"a": ["é"], "k": {"a": null, "b": 1}}'),
    (({3, 1, 2}, b"\xff"), {}, '{"a": [[1, 2, 3], "ff"], "k": {}}'),
    (({"a", 1},), {}, '{"a": [["1", "a"]], "k": {}}'),
    ((Worker(3), Slotted(1, 2)), {}, '{"a": [{"k": 3}, {"a": 1, "b": 2}], "k": {}}'),
    ((decimal.Decimal("1.50"),), {}, '{"a": ["1.50"], "k": {}}'),
    (({1: 2, "a": 3},), {}, "(({1: 2, 'a': 3},), {})"),
]


@pytest.mark.parametrize(("args", "kwargs", "text"), FIRST)
def test_rows_of_releases_0_3_to_1_0_are_found(args: tuple[Any, ...], kwargs: dict[str, Any], text: str):
    assert keys("f", *args, **kwargs)[-1] == digest(f"f:{digest(text)}")


def test_rows_of_releases_2_6_and_2_7_are_found():
    input_id = sha256(msgpack.packb([[1], []])).hexdigest()
    found = list(legacy_keys("f", (1,), {}, ["v"], qualified_names=["app.f"]))
    assert sha256(f"f:{input_id}:v".encode()).hexdigest() in found
    assert sha256(f"app.f:{input_id}:v".encode()).hexdigest() in found


def test_an_enum_falls_back_to_its_text_as_from_release_2_2():
    input_id = sha256(b"((<Colour.RED: 1>,), {})").hexdigest()
    assert digest(f"f:{input_id}") in keys("f", Colour.RED)


def test_a_class_argument_is_told_by_its_attributes_as_from_release_2_2():
    class Config:
        lr = 1

        def run(self) -> None: ...

    class Typed(Config):
        base: Config

    plain = ["__class__", __name__, Config.__qualname__, [["lr", 1]]]
    typed = ["__class__", __name__, Typed.__qualname__, [["__annotations__", [["base", plain]]]]]
    for kind, form in ((Config, plain), (Typed, typed)):
        assert digest(f"f:{sha256(msgpack.packb([[form], []])).hexdigest()}") in keys("f", kind)


def test_each_version_has_its_key_and_an_empty_one_has_none():
    found = list(legacy_keys("versioned", (1,), {}, ["v1", None]))
    assert {"6b6f4a87a6684e021cf4b2f4fea12a9b", "3e4170794fc370e4cfefaffe8f9fcf8c"} <= set(found)
    assert "0d9bd47cf59d7d4d06d5d8200643517e" in legacy_keys("versioned", (2,), {}, [""])


def test_what_input_key_fn_gave_is_the_id():
    found = list(legacy_keys("keyed", ("/data/x.csv",), {}, [None], "P:/data/x.csv"))
    assert found[0] == "367f2bc9e9b0d16a22c6dfa1d1b6bbe0"
    assert next(legacy_keys("f", (), {}, [None], None)) == digest("f:None")


def test_no_key_is_tried_twice():
    found = keys("f", 1)
    assert len(found) == len(set(found)) == 3


def test_arguments_that_hold_themselves_or_fail_do_not_raise():
    class Sly:
        @property
        def __dict__(self) -> Any:  # type: ignore[override]
            raise RuntimeError

    loop: list[Any] = []
    loop.append(loop)
    assert keys("f", loop)
    assert keys("f", Sly())


def shop(path: Any, a: Any, b: Any = 2, *rest: Any, k: Any = 3, **more: Any) -> None:
    """Stand for a function of a user of release 2.4."""


POLICY_IDS: list[tuple[Any, tuple[str, ...], tuple[Any, ...], dict[str, Any], str]] = [
    (None, ("b",), ("f", 1), {}, sha256(b"\x95\xa1f\x01\x90\x03\x90").hexdigest()),
    (
        None,
        ("b",),
        ("f",),
        {"a": 1, "b": 7, "k": 5, "z": 9},
        sha256(b"\x95\xa1f\x01\x90\x05\x91\x92\xa1z\t").hexdigest(),
    ),
    (None, ("b",), ("f", 1, 2, 3, 4), {}, sha256(b"\x95\xa1f\x01\x92\x03\x04\x03\x90").hexdigest()),
    (KeyPolicy(a=KeyPolicy.IGNORE), (), ("f", 1), {}, sha256(b"\x95\xa1f\x02\x90\x03\x90").hexdigest()),
]
"""What release 2.4.1 hashed for the policies of its own that these stand for."""


@pytest.mark.parametrize(("input_key_fn", "ignore", "args", "kwargs", "expected"), POLICY_IDS)
def test_ids_of_parameters_chosen_one_by_one_are_those_of_release_2_4(
    input_key_fn: Any, ignore: tuple[str, ...], args: Any, kwargs: Any, expected: str
):
    assert custom_id(shop, input_key_fn, ignore, args, kwargs) == expected


def test_ids_of_files_are_those_of_release_2_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("f.TXT").write_text("hello")
    os.utime("f.TXT", (1700000000.25, 1700000000.25))
    content, stat = sha256(b".txthello").hexdigest(), sha256(b"f.TXT_5_1700000000.25").hexdigest()
    assert custom_id(shop, KeyGen.from_file_content, (), ("f.TXT",), {}) == content
    assert custom_id(shop, KeyGen.from_path_stat, (), ("f.TXT",), {}) == stat
    for choice, digest in ((KeyGen.from_file_content, content), (KeyGen.from_path_stat, stat)):
        expected = sha256(msgpack.packb([digest, 1, 2, [], 3, []])).hexdigest()
        assert custom_id(shop, KeyPolicy(path=choice), (), ("f.TXT", 1), {}) == expected


@pytest.mark.parametrize(
    ("policy", "path"), [(KeyPolicy(path=KeyGen.from_file_content), "gone"), (KeyPolicy(path=len), "f"), (None, 2**80)]
)
def test_what_no_release_had_an_id_for_has_none(policy: Any, path: Any):
    assert custom_id(shop, policy, ("b",), (path, 1), {}) is None


def filling(*args: Any, **kwargs: Any) -> None:
    """Stand for a decorator's wrapper that gives its function another default."""
    kwargs.setdefault("k", 9)
    return shop(*args, **kwargs)


def test_a_default_spelled_out_has_no_id_where_a_wrapper_fills_in_another():
    wrapper = functools.wraps(shop)(filling)
    assert custom_id(wrapper, None, ("b",), ("f", 1), {"k": 3}) is None
    assert custom_id(wrapper, None, ("b",), ("f", 1), {"k": 5}) == custom_id(shop, None, ("b",), ("f", 1), {"k": 5})
    assert custom_id(wrapper, None, ("b",), ("f", 1), {}) == custom_id(shop, None, ("b",), ("f", 1), {})
