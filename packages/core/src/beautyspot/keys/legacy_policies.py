"""The input ids of releases 2.2 to 2.4 for calls whose parameters were chosen one by one, or stood for a file.

As `keys/legacy.py` these only look up rows, and are frozen.

Source: measured on the published release 2.4.1, by what it hashed; sha256 and the float of the time are its own.
"""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import os
from hashlib import sha256

import msgpack

from beautyspot.keys.binding import binder, is_unbound
from beautyspot.keys.canonical import Spelled
from beautyspot.keys.legacy import canon_with_types
from beautyspot.keys.policies import KeyGen, KeyPolicy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def custom_id(
    function: Any, input_key_fn: Callable[..., Any] | None, ignore: Sequence[str], args: Any, kwargs: Any, /
) -> str | None:
    """Return the id that `input_key_fn`, or leaving out `ignore`, gave a call; None where no release had its like."""
    own_file_id = _file_id(input_key_fn)
    if own_file_id is not None:
        return own_file_id(*args) if len(args) == 1 and not kwargs else None
    if input_key_fn is KeyGen.default:
        return None
    if not (input_key_fn is None or isinstance(input_key_fn, KeyPolicy)):
        return str(input_key_fn(*args, **kwargs))
    policy = KeyPolicy() if input_key_fn is None else input_key_fn
    names, bind, _ = binder(function, ignore=frozenset((*ignore, *policy.ignored)))
    values = bind(*args, **kwargs)
    chosen = [policy.choices.get(name) for name in names]
    forms = [canon_with_types if choice is None else _file_id(choice) for choice in chosen]
    if is_unbound(values):
        return None
    try:
        items = [_item(form, value) for form, value in zip(forms, values, strict=True)]
        return sha256(msgpack.packb(items)).hexdigest()  # pyright: ignore[reportArgumentType]
    except (OSError, OverflowError, TypeError, ValueError):
        return None  # a choice of the user's own, a file that is gone, or a value that made the release itself fail


def _item(form: Any, value: Any) -> Any:
    if type(value) is not Spelled:
        return form(value)
    item = form(value.value)
    if value.default is value.value or form(value.default) == item:
        raise ValueError("one id for a default that is spelled out and one that is left out, which are two calls")
    return item


def _file_id(choice: Any) -> Callable[[Any], str] | None:
    """Return the maker of the id that a file had under one of the ready-made functions."""
    if choice is KeyGen.from_file_content:
        return _content_id
    return _stat_id if choice is KeyGen.from_path_stat else None


def _content_id(path: Any) -> str:
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 - pathlib is 3 ms of `import beautyspot`
    with open(path, "rb") as file:
        return sha256(suffix.encode() + file.read()).hexdigest()


def _stat_id(path: Any) -> str:
    status = os.stat(path)  # noqa: PTH116 - as above
    return sha256(f"{path}_{status.st_size}_{status.st_mtime}".encode()).hexdigest()
