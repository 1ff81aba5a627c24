"""The keys under which releases 0.3 to 2.7 kept a call, so that their rows are found.

They tell less apart than ours: two objects with one `str` share a key, and no module is in it. They only ever look
up rows of files that those releases wrote, and are frozen: nothing here may be improved.

Source: measured on the published releases; md5 and `str` are theirs.
"""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import md5, sha256
from typing import Any, Final

import msgpack

MISSING: Final = object()
"""No `input_key_fn` was given."""

Canon = Callable[[Any], Any]


def legacy_keys(
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    versions: Sequence[str | None],
    custom_id: object | None = MISSING,
    *,
    qualified_names: Sequence[str] = (),
) -> Iterator[str]:
    """Yield every key that an earlier release may have kept the call under, the newest release's first.

    Args:
        name: The function's bare name.
        versions: Those that may have been in the key; None for none.
        custom_id: What `input_key_fn` returned.
        qualified_names: `module.qualname` as Python may have had it, for rows of 2.7.4.
    """
    seen: set[str] = set()
    ids = _ids(args, kwargs) if custom_id is MISSING else iter([str(custom_id)])
    newest = True
    for input_id in ids:
        for version in versions:
            tail = f":{input_id}:{version}" if version else f":{input_id}"
            for key in _digests(name, tail, qualified_names, newest=newest):
                if key not in seen:
                    seen.add(key)
                    yield key
        newest = False


def _digests(name: str, tail: str, qualified_names: Sequence[str], *, newest: bool) -> Iterator[str]:
    yield md5(f"{name}{tail}".encode(), usedforsecurity=False).hexdigest()
    for each in (name, *qualified_names) if newest else ():  # releases 2.6.0 to 2.7.4
        yield sha256(f"{each}{tail}".encode()).hexdigest()


def _ids(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[str]:
    """Yield the input ids of releases 2.2 to 2.7.4, 1.3 to 2.1, and 0.3 to 1.0."""
    for canon in (canon_with_types, _canon):
        try:
            yield sha256(msgpack.packb([canon(args), canon(kwargs)])).hexdigest()  # pyright: ignore[reportArgumentType]
        except Exception:  # noqa: BLE001 - what they did, be it for a number of 65 bits or for an object's own error
            yield sha256(_text(args, kwargs)).hexdigest()
    yield _first_id(args, kwargs)


def _text(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    return str((args, kwargs)).encode("utf-8", "surrogatepass")


def _first_id(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    import json  # 4 ms that only files of earlier releases need

    try:
        content = json.dumps(
            {"a": args, "k": kwargs}, sort_keys=True, default=_json_default, ensure_ascii=False
        ).encode()
    except Exception:  # noqa: BLE001 - as above
        content = _text(args, kwargs)
    return md5(content, usedforsecurity=False).hexdigest()


def _json_default(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        items: Iterable[Any] = value
        try:
            return sorted(items)
        except TypeError:
            return sorted(str(item) for item in items)
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "__dict__"):
        return value.__dict__
    if hasattr(value, "__slots__"):
        return {slot: getattr(value, slot) for slot in value.__slots__ if hasattr(value, slot)}
    return str(value)


def _canon(value: Any) -> Any:
    return _canon_plain(value, _canon)


def canon_with_types(value: Any) -> Any:
    """Return the form of an argument in releases 2.2 to 2.7.4."""
    return _canon_type(value) if isinstance(value, type) else _canon_plain(value, canon_with_types)


def _canon_plain(value: Any, canon: Canon) -> Any:
    if value is None or isinstance(value, (int, float, bool, str, bytes)):
        return value
    if isinstance(value, dict):
        pairs: list[tuple[Any, Any]] = sorted(value.items(), key=lambda pair: _order(pair[0]))
        return [[canon(key), canon(item)] for key, item in pairs]
    if isinstance(value, (list, tuple)):
        return [canon(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((canon(item) for item in value), key=_order)
    if hasattr(value, "shape") and hasattr(value, "dtype") and hasattr(value, "tobytes"):
        return ("__numpy__", value.shape, str(value.dtype), value.tobytes())
    if hasattr(value, "__dict__"):
        return canon(value.__dict__)
    if hasattr(value, "__slots__"):
        return [[slot, canon(getattr(value, slot))] for slot in sorted(value.__slots__) if hasattr(value, slot)]
    return str(value)


def _canon_type(cls: Any) -> Any:
    if hasattr(cls, "model_json_schema"):
        return ("__pydantic_v2__", canon_with_types(cls.model_json_schema()))
    if hasattr(cls, "__fields__") and hasattr(cls, "schema"):
        return ("__pydantic_v1__", canon_with_types(cls.schema()))
    told = {name: value for name, value in vars(cls).items() if name == "__annotations__" or name[:2] != "__"}
    own = {name: value for name, value in told.items() if not callable(value)}
    return ("__class__", cls.__module__, cls.__qualname__, canon_with_types(own))


def _order(key: Any) -> tuple[Any, ...]:
    return (0, "") if key is None else (1, str(type(key)), str(key))
